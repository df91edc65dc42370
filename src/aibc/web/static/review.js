/* What the instructor's pages can do beyond their HTML: keys, drafts that are kept, a claim given
   back on leaving, a countdown to the end of an undo. Decisions themselves are plain forms. */

import { say } from "./app.js";

const token = document.querySelector('meta[name="form-token"]').content;
const form = document.querySelector("form[data-draft]");
const comments = form?.elements.review_comments;
const error = form?.querySelector("#comments-error");

/* Keys: each presses what carries it. They are silent while somebody types or holds another key. */

const dialog = document.getElementById("keys");
const switchOfKeys = dialog?.querySelector("[data-keys-on]");
const rows = [...document.querySelectorAll("[data-row]")];

function press(key) {
  if (key === "?") return dialog?.showModal();
  if (rows.length && (key === "j" || key === "k")) return moveTo(key === "j" ? 1 : -1);
  if (key === "f" && form) return askWhy();
  // A second press meant for the page before must not pass what nobody has seen yet.
  if (key === "p" && document.readyState !== "complete") return say("The file is still loading.");
  if (key === "c") return otherView()?.click();
  return document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.click();
}

function moveTo(step) {
  const here = rows.indexOf(document.activeElement);
  const row = here < 0 ? rows[0] : rows[Math.min(rows.length - 1, Math.max(0, here + step))];
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

function otherView() {
  const shown = document.querySelector('#viewer [aria-current="true"]');
  return document.getElementById(shown?.id === "show-changes" ? "show-file" : "show-changes");
}

function askWhy() {
  const fold = form.closest("details");
  if (fold) fold.open = true;
  form.dataset.intent = "rejected";
  comments.focus();
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable], dialog[open]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.target === comments) return inComments(event);
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
  if (isTyping(event.target) || dialog?.open || !switchOfKeys?.checked) return;
  press(event.key.toLowerCase());
  if (/^[jkpfucd1-9?]$/.test(event.key)) event.preventDefault();
});

function inComments(event) {
  if (event.key === "Escape") {
    delete form.dataset.intent;
    comments.blur();
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (form.dataset.intent !== "rejected") say("Press Esc, then P to pass or F for another try.");
    else form.querySelector('[value="rejected"]').click();
  }
}

/* A click into the file takes the keys with it, into a frame that cannot give them back. */
document.querySelector(".desk-side")?.addEventListener("pointerenter", () => {
  if (document.activeElement?.tagName === "IFRAME") document.activeElement.blur();
});

const hint = document.querySelector("[data-keys-hint]");
if (hint) {
  switchOfKeys.checked = localStorage.getItem("keys") !== "off";
  switchOfKeys.addEventListener("change", () => localStorage.setItem("keys", switchOfKeys.checked ? "on" : "off"));
  hint.hidden = false;
  hint.querySelector("button").addEventListener("click", () => dialog.showModal());
}

/* What was typed is kept until it is sent, also when the page is left. */

const draftName = (id) => `draft:${id}`;

function changed() {
  if (comments.value) sessionStorage.setItem(draftName(form.dataset.draft), comments.value);
  else sessionStorage.removeItem(draftName(form.dataset.draft));
  const counter = form.querySelector("[data-counter]");
  counter.textContent = `${comments.value.length.toLocaleString("en")} / ${comments.maxLength.toLocaleString("en")}`;
}

function blame(sentence) {
  error.textContent = sentence;
  comments.setAttribute("aria-invalid", "true");
  askWhy();
}

function insert(text) {
  const before = comments.value.trimEnd();
  comments.value = (before ? `${before}\n\n${text}` : text).slice(0, comments.maxLength);
  comments.dispatchEvent(new Event("input", { bubbles: true }));
}

if (form) {
  const kept = sessionStorage.getItem(draftName(form.dataset.draft));
  if (kept && !comments.value) comments.value = kept;
  changed();
  comments.addEventListener("input", () => {
    error.textContent = "";
    comments.removeAttribute("aria-invalid");
    changed();
  });
  form.addEventListener("click", (event) => {
    const saved = event.target.closest("[data-insert]");
    if (!saved) return;
    event.preventDefault();
    insert(saved.dataset.insert);
  });
  form.addEventListener("submit", (event) => {
    if (event.submitter?.value === "rejected" && !comments.value.trim()) {
      event.preventDefault();
      blame("Please write what the learner should change.");
    } else {
      event.submitter?.setAttribute("aria-busy", "true");
    }
  });
}

for (const decided of document.querySelectorAll("[data-decided]")) {
  sessionStorage.removeItem(draftName(decided.dataset.decided));
}

/* A decision can be undone for a minute: count down, then say no more. */

for (const offer of document.querySelectorAll("[data-undo]")) {
  const end = Date.now() + Number(offer.dataset.undo) * 1000;
  const seconds = offer.querySelector("[data-seconds]");
  if (offer.classList.contains("undo")) offer.classList.add("is-toast");
  const timer = setInterval(() => {
    const left = Math.ceil((end - Date.now()) / 1000);
    seconds.textContent = `${left} s`;
    if (left > 0) return;
    clearInterval(timer);
    offer.remove();
  }, 250);
}

/* Leaving the desk gives the claim back; the request outlives the page. */

const claim = document.querySelector("[data-claim]");
if (claim) {
  addEventListener("pagehide", () => {
    fetch(`${claim.dataset.claim}/release`, {
      method: "POST", keepalive: true, headers: { "X-Form-Token": token, Accept: "application/json" },
    });
  });
}
