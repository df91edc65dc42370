/* What every page can do beyond its HTML: tokens on requests, times in the reader's zone, errors
   as sentences, menus that close. Everything else works without it. */

const token = document.querySelector('meta[name="form-token"]')?.content;

/** Send a request to a page of ours; rejects with the sentence of the problem. */
export async function send(url, options = {}) {
  const response = await fetch(url, {
    ...options,
    headers: { Accept: "application/json", "X-Form-Token": token, ...options.headers },
  });
  if (response.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  if (!response.ok) throw new Error(await sentenceOf(response));
  return response;
}

async function sentenceOf(response) {
  try {
    return (await response.json()).detail;
  } catch {
    return "That did not work. Please try again.";
  }
}

/** Say something at the edge of the page; `action` is {label, run}. */
export function say(sentence, action = null, seconds = 8) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.setAttribute("role", "status");
  const words = document.createElement("span");
  words.textContent = sentence;
  toast.append(words);
  if (action) {
    const button = document.createElement("button");
    button.className = "link-button";
    button.textContent = action.label;
    button.addEventListener("click", () => { toast.remove(); action.run(); });
    toast.append(button);
  }
  const close = document.createElement("button");
  close.setAttribute("aria-label", "Close");
  close.textContent = "×";
  close.addEventListener("click", () => toast.remove());
  toast.append(close);
  document.querySelector(".toasts").append(toast);
  setTimeout(() => toast.remove(), seconds * 1000);
  return toast;
}

function localTimes(root) {
  const withTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  for (const element of root.querySelectorAll("time[datetime]:not([data-day]):not([title])")) {
    const when = new Date(element.dateTime);
    element.title = element.textContent;
    element.textContent = withTime.format(when);
  }
}

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-Form-Token"] = token;
});
document.addEventListener("htmx:responseError", (event) => {
  let sentence = "That did not work. Please try again.";
  try {
    sentence = JSON.parse(event.detail.xhr.responseText).detail;
  } catch { /* not a problem document */ }
  say(sentence);
});
document.addEventListener("htmx:sendError", () => say("The service cannot be reached. Check your connection and try again."));
document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target));

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

localTimes(document);
