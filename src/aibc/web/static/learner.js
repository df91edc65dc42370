/* What the page of a resource does beyond its HTML: uploads with progress, a quiz one question at a
   time. Without it the same forms are sent as they stand. */

import { say, send } from "./app.js";

const token = document.querySelector('meta[name="form-token"]').content;
const MB = 1024 * 1024;

/* Handing in a file */

function setUpUpload(form) {
  if (form.dataset.ready) return;
  form.dataset.ready = "yes";
  const input = form.querySelector("input[type=file]");
  const drop = form.querySelector(".drop");
  form.querySelector(".drop-words").hidden = false;
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("is-over"); });
  }
  for (const name of ["dragleave", "drop"]) {
    drop.addEventListener(name, () => drop.classList.remove("is-over"));
  }
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files.length !== 1) return complain(form, "Please drop exactly one file.");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });
  input.addEventListener("change", () => complain(form, input.files[0] ? problemOf(form, input.files[0]) : ""));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = input.files[0];
    const problem = file ? problemOf(form, file) : "Please choose a file first.";
    complain(form, problem);
    if (!problem) sendFile(form, file);
  });
}

/** What the service would say of the file, as far as it can be known before sending it. */
function problemOf(form, file) {
  const { maxBytes, extensions, tooLarge, empty, noExtension, notTaken } = form.dataset;
  const found = /[^.].*\.([^.]+)$/.exec(file.name);
  if (!found) return noExtension;
  const extension = found[1].trim().toLowerCase();
  if (!extensions.split(",").includes(`.${extension}`)) return notTaken.replace("{}", extension.slice(0, 20));
  if (file.size === 0) return empty;
  return file.size > Number(maxBytes) ? tooLarge : "";
}

function complain(form, sentence) {
  const place = form.querySelector(".file-problem");
  place.textContent = sentence;
  place.hidden = !sentence;
  form.querySelector(".drop").classList.toggle("is-refused", Boolean(sentence));
}

async function sendFile(form, file) {
  const sending = form.querySelector(".sending");
  const words = sending.querySelector(".sending-words");
  const button = form.querySelector("button[type=submit]");
  const cancel = sending.querySelector(".sending-cancel");
  const stop = new AbortController();
  sending.querySelector(".sending-name").textContent = file.name;
  sending.hidden = false;
  button.disabled = true;
  const leave = (event) => event.preventDefault();
  addEventListener("beforeunload", leave);
  cancel.hidden = false;
  cancel.onclick = () => stop.abort();
  const show = progressShower(sending.querySelector("progress"), words);
  const before = newestAttempt(document);
  try {
    await ("direct" in form.dataset ? sendDirect : sendThrough)(form, file, show, stop.signal);
    words.textContent = "Your file has arrived.";
    say("Your file is handed in and waits for review.");
    await showHandIn(form);
  } catch (error) {
    button.querySelector("span").textContent = error.canRetry ? "Try again" : "Hand in";
    words.textContent = "";
    sending.hidden = true;
    complain(form, error.message);
    if (error.isCancelled) tellWhatBecameOf(form, before);
  } finally {
    removeEventListener("beforeunload", leave);
    button.disabled = false;
    cancel.hidden = true;
  }
}

const panelOf = (form) => `/resources/${form.dataset.resource}/hand-in`;
const newestAttempt = (page) => page.querySelector(".attempt h4")?.textContent ?? "";

async function showHandIn(form) {
  await htmx.ajax("GET", panelOf(form), { target: "#hand-in", swap: "outerHTML" });
  document.querySelector("#hand-in-title")?.focus();
}

const LOOKS_AFTER_MS = [200, 800, 2000];

/** What is on its way cannot be called back: a cancelled file may have arrived all the same. */
async function tellWhatBecameOf(form, before) {
  const wentOn = () => form.querySelector(".file-problem").textContent !== CANCELLED;
  for (const pause of LOOKS_AFTER_MS) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const answer = await fetch(panelOf(form)).catch(() => null);
    if (wentOn()) return;
    if (!answer?.ok) continue;
    if (newestAttempt(new DOMParser().parseFromString(await answer.text(), "text/html")) !== before) {
      say("The file had arrived before you cancelled, so it is handed in. You can withdraw it.");
      return showHandIn(form);
    }
  }
  if (!wentOn()) complain(form, `${CANCELLED} Nothing was handed in.`);
}

/** Percent, speed and the time that is left, from the last few seconds. */
function progressShower(bar, words) {
  const marks = [[performance.now(), 0]];
  bar.value = 0;
  return (sent, total) => {
    const now = performance.now();
    marks.push([now, sent]);
    while (marks.length > 2 && now - marks[0][0] > 4000) marks.shift();
    const [then, before] = marks[0];
    const speed = ((sent - before) / Math.max(now - then, 1)) * 1000;
    bar.value = Math.floor((100 * sent) / Math.max(total, 1));
    if (sent >= total) {
      words.textContent = "Everything is sent; checking the file …";
    } else {
      const left = speed > 0 ? `, ${duration((total - sent) / speed)} left` : "";
      words.textContent = `${bar.value} %, ${(speed / MB).toFixed(1)} MB/s${left}`;
    }
  };
}

function duration(seconds) {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

const CANCELLED = "Cancelled.";

/** One request with a body whose sending can be watched and stopped. */
function request(method, url, headers, body, show, signal) {
  return new Promise((resolve, reject) => {
    const call = new XMLHttpRequest();
    const fail = (sentence, more) => reject(Object.assign(new Error(sentence), { canRetry: false, status: 0, ...more }));
    call.open(method, url);
    for (const [name, value] of Object.entries(headers)) call.setRequestHeader(name, value);
    if (show) call.upload.onprogress = (event) => show(event.loaded, event.total);
    call.onload = () => {
      if (call.status < 300) return resolve(call.responseText);
      if (call.status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
      fail(sentenceOf(call), { canRetry: call.status >= 500 || call.status === 408, status: call.status });
    };
    call.onerror = () => fail("The connection dropped before the file had arrived. Nothing is lost: try again.", { canRetry: true });
    call.onabort = () => fail(CANCELLED, { isCancelled: true });
    signal.addEventListener("abort", () => call.abort());
    call.send(body);
  });
}

function sentenceOf(call) {
  try {
    return JSON.parse(call.responseText).detail;
  } catch {
    return "That did not work. Please try again.";
  }
}

const ours = { Accept: "application/json", "X-Form-Token": token };
/* What a file was begun with, so that another try is known for the same and counts once. */
const begun = new WeakMap();

async function sendThrough(form, file, show, signal) {
  const body = new FormData();
  body.append("notes", form.elements.notes.value);
  body.append("file", file);
  if (!begun.has(file)) begun.set(file, `${Date.now()}-${Math.random().toString(36).slice(2)}`);
  const headers = { ...ours, "Idempotency-Key": begun.get(file) };
  try {
    await request("POST", form.getAttribute("action"), headers, body, show, signal);
  } catch (error) {
    // Handed in again after a cancel, it counts once, should it have arrived.
    if (!error.canRetry && !error.isCancelled) begun.delete(file);
    throw error;
  }
}

async function sendDirect(form, file, show, signal) {
  const json = { ...ours, "Content-Type": "application/json" };
  if (!begun.has(file)) {
    const said = { file_name: file.name, file_size_bytes: file.size, file_type: file.type };
    const address = `/resources/${form.dataset.resource}/uploads`;
    begun.set(file, JSON.parse(await request("POST", address, json, JSON.stringify(said), null, signal)));
  }
  const reserved = begun.get(file);
  const notes = form.elements.notes.value;
  const address = `/uploads/${reserved.upload_id}/finalize`;
  let sent = 0;
  const watch = (loaded, total) => { sent = loaded; show(loaded, total); };
  try {
    if (!reserved.arrived) await request(reserved.method, reserved.url, reserved.headers, file, watch, signal);
    reserved.arrived = true;
    await request("POST", address, json, JSON.stringify(notes ? { notes } : {}), null, signal);
  } catch (error) {
    if (error.canRetry && error.status === 0 && sent === 0 && !reserved.arrived) {
      // The store cannot be reached from this page at all, so the file goes through the service.
      begun.delete(file);
      delete form.dataset.direct;
      return sendThrough(form, file, show, signal);
    }
    // The store or the service has refused it; a place that was only cancelled can be used again.
    if (error.status >= 400 && !error.canRetry) begun.delete(file);
    throw error;
  }
}

/* A quiz, one question at a time */

function setUpQuiz(form) {
  const questions = [...form.querySelectorAll(".question")];
  const mode = form.querySelector(".quiz-mode");
  const place = form.querySelector(".quiz-place");
  const [back, forward, submit] = ["back", "forward", "send"].map((name) => form.querySelector(`.quiz-${name}`));
  let single = false;
  let here = 0;
  form.querySelector(".quiz-bar").hidden = questions.length < 2;

  const isAnswered = (question) => question.querySelector("input:checked") !== null;
  function show() {
    questions.forEach((question, number) => { question.hidden = single && number !== here; });
    back.hidden = !single || here === 0;
    forward.hidden = !single || here === questions.length - 1;
    submit.hidden = single && here !== questions.length - 1;
    mode.setAttribute("aria-pressed", single);
    const answered = questions.filter(isAnswered).length;
    place.textContent = (single ? `Question ${here + 1} of ${questions.length}, ` : "") + `${answered} answered`;
  }
  function go(step) {
    here = Math.min(Math.max(here + step, 0), questions.length - 1);
    show();
    questions[here].querySelector("input:checked, input")?.focus();
  }
  questions.forEach((question) => {
    question.querySelectorAll(".choice").forEach((choice, number) => {
      if (number < 9) { choice.dataset.key = number + 1; choice.classList.add("has-key"); }
    });
  });
  mode.addEventListener("click", () => { single = !single; if (single) here = Math.max(questions.findIndex((one) => !isAnswered(one)), 0); show(); });
  back.addEventListener("click", () => go(-1));
  forward.addEventListener("click", () => go(1));
  form.addEventListener("change", show);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const focused = document.activeElement?.closest(".question");
    if (/^[1-9]$/.test(event.key) && (single || focused)) {
      const question = single ? questions[here] : focused;
      question.querySelectorAll("input")[Number(event.key) - 1]?.click();
    } else if (single && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
      event.preventDefault();
      go(event.key === "ArrowRight" ? 1 : -1);
    } else if (single && event.key === "Enter" && document.activeElement?.matches("input") && here < questions.length - 1) {
      event.preventDefault();
      go(1);
    }
  });
  show();
}

/* Minutes: those in which the page was in front and the learner did something within the last five. */

const REPORTED_EVERY = 60;
const RESTING_AFTER = 5 * 60 * 1000;

function countMinutes(main) {
  let total = Number(main.dataset.countsMinutes);
  let seconds = 0;
  let lastMove = Date.now();
  for (const name of ["pointermove", "keydown", "scroll", "touchstart"]) {
    addEventListener(name, () => { lastMove = Date.now(); }, { passive: true });
  }
  const isThere = () => document.visibilityState === "visible"
    && (Date.now() - lastMove < RESTING_AFTER || document.activeElement?.tagName === "IFRAME");
  setInterval(() => {
    if (!isThere()) return;
    seconds += 1;
    if (seconds % REPORTED_EVERY) return;
    total += 1;
    const body = new URLSearchParams({ minutes: total });
    // A report that is lost is made up for by the next one, which says the total again.
    send(`/resources/${main.dataset.resource}/minutes`, { method: "POST", body }).catch(() => {});
  }, 1000);
}

const main = document.querySelector("main[data-counts-minutes]");
if (main) countMinutes(main);

const setUp = () => document.querySelectorAll("form.upload").forEach(setUpUpload);
setUp();
document.addEventListener("htmx:afterSwap", setUp);
document.querySelectorAll("form.quiz").forEach(setUpQuiz);
