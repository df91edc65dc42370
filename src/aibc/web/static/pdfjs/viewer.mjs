// Draws the PDF that stands in this page, one page after another, as they come near the window.
// The frame has no origin and no network: the bytes came with it, and only pdf.js may be loaded.

import * as pdfjs from "./pdf.min.mjs";

const HERE = new URL("./", import.meta.url).href;
const MAX_PAGES = 300;
const MAX_CANVAS_PIXELS = 16_000_000;
const ZOOM_STEP = 1.25;

const pages = document.getElementById("pages");
const state = document.getElementById("state");
const main = document.querySelector("main");
let zoom = 1;

function say(sentence) {
  state.textContent = sentence;
  state.hidden = !sentence;
}

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// A frame without an origin may start no worker by address, but one that it has written itself.
function startWorker() {
  pdfjs.GlobalWorkerOptions.workerSrc = `${HERE}pdf.worker.min.mjs`;
  try {
    const program = new Blob([`import "${HERE}pdf.worker.min.mjs";`], { type: "text/javascript" });
    const worker = new Worker(URL.createObjectURL(program), { type: "module" });
    pdfjs.GlobalWorkerOptions.workerPort = worker;
    return new Promise((resolve) => {
      worker.addEventListener("message", resolve, { once: true });
      worker.addEventListener("error", () => {
        pdfjs.GlobalWorkerOptions.workerPort = null; // pdf.js then works without one
        resolve();
      }, { once: true });
    });
  } catch {
    return Promise.resolve();
  }
}

class Page {
  constructor(number, proxy, shape) {
    this.proxy = proxy;
    this.shape = shape;
    this.number = number;
    this.figure = document.createElement("figure");
    this.figure.ariaLabel = `Page ${number}`;
    this.task = null;
    this.drawnAt = 0;
    this.size();
    pages.append(this.figure);
  }

  // Room is kept before a page is drawn, so that nothing jumps.
  size() {
    const fitting = Math.min(pages.clientWidth, 1100) / this.shape.width;
    this.scale = fitting * zoom;
    this.figure.style.width = `${Math.floor(this.shape.width * this.scale)}px`;
    this.figure.style.aspectRatio = `${this.shape.width} / ${this.shape.height}`;
  }

  async draw() {
    if (this.drawnAt === this.scale) return;
    this.clear();
    this.drawnAt = this.scale;
    const page = await this.proxy();
    const plain = page.getViewport({ scale: this.scale });
    const density = Math.min(
      window.devicePixelRatio || 1,
      Math.sqrt(MAX_CANVAS_PIXELS / (plain.width * plain.height)),
    );
    const viewport = page.getViewport({ scale: this.scale * density });
    const canvas = document.createElement("canvas");
    canvas.width = Math.floor(viewport.width);
    canvas.height = Math.floor(viewport.height);
    canvas.ariaHidden = "true";
    this.task = page.render({ canvas, viewport });
    await this.task.promise;
    const words = document.createElement("p");
    words.className = "unseen";
    const content = await page.getTextContent();
    words.textContent = content.items.map((item) => item.str ?? "").join(" ");
    if (this.drawnAt === this.scale) this.figure.replaceChildren(canvas, words);
  }

  clear() {
    this.task?.cancel();
    this.task = null;
    this.drawnAt = 0;
    this.figure.replaceChildren();
  }
}

async function show(file) {
  await startWorker();
  const loading = pdfjs.getDocument({
    data: file,
    isEvalSupported: false,
    useWasm: false,
    wasmUrl: HERE,
    enableXfa: false,
    maxImageSize: 100_000_000,
    verbosity: pdfjs.VerbosityLevel.ERRORS,
  });
  const document_ = await loading.promise;
  const count = Math.min(document_.numPages, MAX_PAGES);
  const first = (await document_.getPage(1)).getViewport({ scale: 1 });
  const all = [];
  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const page = all[entry.target.dataset.index];
      if (!entry.isIntersecting) page.clear();
      else page.draw().catch((error) => {
        if (error.name !== "RenderingCancelledException") fail(page, error);
      });
    }
  }, { rootMargin: "100% 0px" });
  document.getElementById("tools").hidden = false;
  for (let number = 1; number <= count; number += 1) {
    // All pages are taken to be of the first one's shape until they come near.
    const page = new Page(number, async () => {
      const proxy = await document_.getPage(number);
      const shape = proxy.getViewport({ scale: 1 });
      if (shape.width !== page.shape.width || shape.height !== page.shape.height) {
        page.shape = shape;
        page.size();
        page.drawnAt = page.scale;
      }
      return proxy;
    }, first);
    page.figure.dataset.index = all.length;
    all.push(page);
    near.observe(page.figure);
  }
  say(count < document_.numPages
    ? `The first ${count} of ${document_.numPages} pages. Download the file for the rest.` : "");
  follow(all, count);
}

function fail(page, error) {
  const words = document.createElement("p");
  words.className = "note";
  words.textContent = "This page cannot be drawn. Download the file to read it.";
  page.figure.replaceChildren(words);
  console.info(String(error));
}

// The place in the document, the size of its pages, and the keys for both.
function follow(all, count) {
  const place = document.getElementById("place");
  const resize = (factor) => {
    zoom = factor === 0 ? 1 : Math.min(6, Math.max(0.25, zoom * factor));
    const middle = scrollY / document.documentElement.scrollHeight;
    for (const page of all) page.size();
    scrollTo(scrollX, middle * document.documentElement.scrollHeight);
    for (const page of all) if (page.drawnAt) page.draw().catch(() => {});
  };
  const tell = () => {
    const at = all.findLastIndex((page) => page.figure.offsetTop <= scrollY + innerHeight / 2);
    place.textContent = `Page ${Math.max(at, 0) + 1} of ${count}`;
  };
  document.getElementById("smaller").onclick = () => resize(1 / ZOOM_STEP);
  document.getElementById("larger").onclick = () => resize(ZOOM_STEP);
  document.getElementById("fitting").onclick = () => resize(0);
  const keys = { "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP, 0: 0 };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in keys)) return;
    event.preventDefault();
    resize(keys[event.key]);
  });
  addEventListener("scroll", tell, { passive: true });
  addEventListener("resize", () => resize(1));
  tell();
}

const sentences = {
  PasswordException: "This document is protected by a password. Download it to read it.",
  InvalidPDFException: "This document is damaged and cannot be drawn. Download it instead.",
};

try {
  await show(bytesOf(document.getElementById("file").textContent));
  main.dataset.ready = "yes";
} catch (error) {
  say(sentences[error.name] ?? "This document cannot be drawn here. Download it instead.");
  main.dataset.ready = "no";
}
