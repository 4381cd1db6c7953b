// The time line below a film: the picture of the moment that the pointer or the keyboard is at, with its time, above it.
//
// The small pictures are footage. They come in one sheet, asked for once, when somebody first reaches for the line; the
// server enters that before a byte leaves. They are drawn under the mark (watermark.js), on its canvas: no element of the
// page holds them, and with the mark they are gone. Nothing moves by itself: a picture is there at once, or not there.

import { drawUnderMark } from "./watermark.js";

const THUMB = 16; // as wide as liuhen.css makes it: its middle, not its edge, is the moment
const GAP = 6;
const WORDS = 22;
const EDGE = 2;

export function serveTimeLines(root) {
  for (const line of root.querySelectorAll("[data-time-line]")) {
    new TimeLine(line, root.getElementById(line.dataset.timeLine)).start();
  }
}

class TimeLine {
  constructor(line, stage) {
    const { columns, tiles, tileWidth, tileHeight, interval } = line.dataset;
    this.line = line;
    this.stage = stage;
    this.media = stage.querySelector("video");
    this.layout = { columns: Number(columns), tiles: Number(tiles), interval: Number(interval) };
    this.size = [Number(tileWidth), Number(tileHeight)];
    this.sheet = null;
    this.asked = false;
    this.pointed = null; // the second of the film that the pointer is at
    this.sent = false; // Escape sends the picture away, until the line is come to or used again
    this.held = false; // while it is drawn along the film stays where it is
  }

  start() {
    const { line, media } = this;
    line.hidden = false;
    this.say();
    drawUnderMark(this.stage, (pen) => this.drawOn(pen));
    media.addEventListener("durationchange", () => this.measure());
    for (const event of ["timeupdate", "seeking"]) media.addEventListener(event, () => this.follow());
    line.addEventListener("pointerenter", () => this.attend());
    line.addEventListener("pointermove", (event) => this.point(event));
    line.addEventListener("pointerleave", () => this.leave());
    line.addEventListener("input", () => this.reach());
    line.addEventListener("change", () => this.seek());
    line.addEventListener("keydown", (event) => this.press(event));
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.send());
    line.addEventListener("focus", () => this.attend());
    for (const event of ["blur", "pointercancel"]) line.addEventListener(event, () => this.letGo());
  }

  measure() {
    if (!Number.isFinite(this.media.duration) || this.media.duration <= 0) return;
    this.line.max = this.media.duration;
    this.follow();
  }

  // While the film plays on, whoever has the line under his fingers is not told of every second.
  follow() {
    if (this.held) return;
    this.line.value = this.media.currentTime;
    if (document.activeElement !== this.line) this.say();
    if (this.shownAt() !== null) this.show();
  }

  point(event) {
    const { left, width } = this.line.getBoundingClientRect();
    const share = (event.clientX - left - THUMB / 2) / (width - THUMB);
    this.pointed = Math.min(1, Math.max(0, share)) * this.end();
    this.show();
  }

  leave() {
    this.pointed = null;
    this.show();
  }

  letGo() {
    this.held = false;
    this.leave();
  }

  attend() {
    this.sent = false;
    this.ask();
    this.show();
  }

  send() {
    this.sent = true;
    this.show();
  }

  reach() {
    this.held = true;
    this.say();
    this.attend();
  }

  seek() {
    this.held = false;
    this.media.currentTime = Number(this.line.value);
    this.say();
    this.attend();
  }

  // An arrow goes on to the next picture, a page by ten: of a film of hours too, all of it is a few presses away.
  press(event) {
    const pictures = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (pictures === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.line.value = Number(this.line.value) + pictures * this.layout.interval;
    this.seek();
  }

  end() {
    return Number(this.line.max);
  }

  say() {
    const words = { at: clock(Number(this.line.value)), length: clock(this.end()) };
    this.line.setAttribute("aria-valuetext", this.line.dataset.said.replace(/\{(\w+)\}/g, (_, name) => words[name]));
  }

  // Once. Of a refusal too: each is entered, and a pointer that moves would make dozens of them.
  async ask() {
    if (this.asked) return;
    this.asked = true;
    const sheet = new Image();
    sheet.src = this.line.dataset.sprite;
    try {
      await sheet.decode();
      this.sheet = sheet;
    } catch {
      return; // then there is the time alone
    }
    this.show();
  }

  // In seconds; null: nothing is to be shown. Of a click alone the keyboard's focus is not: the pointer that leaves takes
  // the picture along.
  shownAt() {
    if (this.sent) return null;
    if (this.held) return Number(this.line.value);
    if (this.pointed !== null) return this.pointed;
    return this.line.matches(":focus-visible") ? Number(this.line.value) : null;
  }

  // However many moves the pointer makes, the canvas is drawn once for each picture of the screen.
  show() {
    this.due ??= requestAnimationFrame(() => {
      this.due = undefined;
      this.stage.dispatchEvent(new Event("redraw"));
    });
  }

  drawOn(pen) {
    const at = this.shownAt();
    if (at === null) return;
    const { left, top, width, height } = this.place(at);
    pen.save();
    pen.fillStyle = "#0b0d0f";
    pen.fillRect(left - EDGE, top - EDGE, width + 2 * EDGE, height + WORDS + 2 * EDGE);
    if (this.sheet) pen.drawImage(this.sheet, ...this.tileOf(at), left, top, width, height);
    pen.font = "600 14px sans-serif";
    pen.fillStyle = "#fff";
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(clock(at), left + width / 2, top + height + WORDS / 2);
    pen.restore();
  }

  // Where the moment's picture lies in the sheet, in its pixels.
  tileOf(at) {
    const { columns, tiles, interval } = this.layout;
    const [width, height] = this.size;
    const tile = Math.min(tiles - 1, Math.floor(at / interval));
    return [(tile % columns) * width, Math.floor(tile / columns) * height, width, height];
  }

  // Above the moment's place on the line, as far as the stage goes; in the stage's own pixels.
  place(at) {
    const [width, height] = this.sheet ? this.size : [this.size[0] / 2, 0];
    const [line, stage] = [this.line.getBoundingClientRect(), this.stage.getBoundingClientRect()];
    const middle = line.left - stage.left + THUMB / 2 + (at / (this.end() || 1)) * (line.width - THUMB);
    const furthest = stage.width - width - GAP;
    const left = Math.max(GAP, Math.min(middle - width / 2, furthest));
    return { left, top: line.top - stage.top - GAP - WORDS - height, width, height };
  }
}

// Minutes and seconds, hours where there are any.
function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}
