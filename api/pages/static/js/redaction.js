// What copies that leave hide: boxes drawn over the picture and stretches of sound, in rows of numbers that can be
// corrected by hand as well. Without a pointer the rows are enough. The boxes are shown in the picture, under its mark.

import { drawUnderMark } from "./watermark.js";

const LASTS_SECONDS = 5;
const SMALLEST = 0.005;
const NUMBERED = "N";

export function serveRedaction(root) {
  for (const form of root.querySelectorAll("form[data-redaction]")) new Editor(form, root).start();
}

class Editor {
  constructor(form, root) {
    this.form = form;
    this.stage = form.dataset.redaction ? root.getElementById(form.dataset.redaction) : null;
    this.media = this.stage ? this.stage.querySelector("video, img") : root.querySelector("audio[data-player]");
    this.moves = this.media instanceof HTMLMediaElement;
    this.preview = root.querySelector("[data-preview]");
    this.next = form.querySelectorAll("[data-row]").length;
    this.rubber = null;
    this.chosen = null;
  }

  start() {
    if (!this.media) return;
    for (const row of this.form.querySelectorAll("[data-row]")) this.serveRow(row);
    for (const button of this.form.querySelectorAll("[data-add]")) {
      button.hidden = false;
      button.addEventListener("click", () => this.add(button.dataset.add, this.span()).querySelector("input").focus());
    }
    this.serveDrawing();
    this.form.addEventListener("input", () => this.show());
    this.form.closest("details")?.addEventListener("toggle", () => this.show());
    this.preview?.addEventListener("change", () => this.show());
    if (this.stage) drawUnderMark(this.stage, (pen) => this.drawOn(pen));
    if (this.moves) this.followTime();
    this.show();
  }

  followTime() {
    const line = this.form.querySelector("[data-position-line]");
    const position = this.form.querySelector("[data-position]");
    if (line) line.hidden = false;
    for (const event of ["timeupdate", "seeked", "loadedmetadata"]) {
      this.media.addEventListener(event, () => {
        if (position) position.textContent = String(rounded(this.media.currentTime, 1));
        this.show();
      });
    }
    // Between two of the player's own notes a quarter of a second passes: too long for where a box begins.
    const beat = () => {
      if (!this.media.paused && this.isShown()) this.show();
      if (this.media.isConnected) requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  }

  serveRow(row) {
    row.querySelector("[data-remove]").addEventListener("click", () => {
      const after = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (after?.querySelector("[data-remove]") ?? this.form.querySelector("[data-add]"))?.focus();
      this.show();
    });
    row.addEventListener("focusin", () => this.choose(row));
    for (const button of row.querySelectorAll("[data-now]")) {
      button.addEventListener("click", () => {
        button.previousElementSibling.value = rounded(this.media.currentTime ?? 0, 2);
        this.show();
      });
    }
  }

  choose(row) {
    this.chosen = row;
    this.show();
  }

  add(kind, values) {
    const row = this.form.querySelector(`template[data-template="${kind}"]`).content.querySelector("tr").cloneNode(true);
    const number = String(this.next++);
    for (const field of row.querySelectorAll("[name]")) {
      const parts = field.name.split(".");
      field.name = parts.map((part) => (part === NUMBERED ? number : part)).join(".");
      const value = values[parts[2]];
      if (value !== undefined) field.value = value;
    }
    this.form.querySelector(`[data-spans="${kind}"]`).append(row);
    this.serveRow(row);
    this.choose(row);
    return row;
  }

  // From where the film stands, for a few seconds: where it would reach the end, to the end.
  span() {
    const middle = { left: 40, top: 40, width: 20, height: 20 };
    if (!this.moves) return middle;
    const from = rounded(this.media.currentTime, 2);
    const last = from + LASTS_SECONDS;
    const beyond = Number.isFinite(this.media.duration) && last >= this.media.duration;
    return { ...middle, from_seconds: from, to_seconds: beyond ? "" : rounded(last, 2) };
  }

  serveDrawing() {
    const button = this.form.querySelector("[data-draw]");
    if (!button || !this.stage) return;
    button.hidden = false;
    button.addEventListener("click", () => this.startDrawing(button));
  }

  // One box a press of the button: the player's own controls are out of the way meanwhile.
  startDrawing(button) {
    const { media } = this;
    const words = this.form.querySelector("[data-drawing]");
    const had = media.controls;
    const listening = new AbortController();
    const on = (target, name, deed) => target.addEventListener(name, deed, { signal: listening.signal });
    const end = () => {
      listening.abort();
      this.rubber = null;
      if (had) media.controls = true;
      media.classList.remove("drawn-on");
      button.disabled = false;
      words.hidden = true;
      this.show();
    };
    if (had) media.controls = false;
    media.pause?.();
    media.classList.add("drawn-on");
    button.disabled = true;
    words.hidden = false;
    this.stage.scrollIntoView({ block: "nearest" });
    on(document, "keydown", (event) => event.key === "Escape" && end());
    on(media, "dragstart", (event) => event.preventDefault());
    on(media, "click", (event) => event.preventDefault());
    on(media, "pointerdown", (event) => {
      event.preventDefault();
      media.setPointerCapture(event.pointerId);
      this.rubber = { first: this.within(event), last: this.within(event) };
    });
    on(media, "pointermove", (event) => {
      if (!this.rubber) return;
      this.rubber.last = this.within(event);
      this.show();
    });
    on(media, "pointerup", (event) => {
      if (!this.rubber) return;
      const box = spanned(this.rubber.first, this.within(event));
      end();
      if (box.width < SMALLEST || box.height < SMALLEST) return;
      const parts = Object.fromEntries(Object.entries(box).map(([name, part]) => [name, rounded(part * 100, 2)]));
      this.add("box", { ...this.span(), ...parts });
    });
  }

  show() {
    this.stage?.dispatchEvent(new Event("redraw"));
    if (this.moves && this.preview) this.silence();
  }

  silence() {
    const now = this.media.currentTime;
    const wanted = this.preview.checked && this.rows("mute").some((mute) => lasts(mute, now));
    if (wanted === Boolean(this.hushed)) return;
    this.hushed = wanted;
    this.media.muted = wanted;
  }

  // Whoever checks sees what was stated, though he changes nothing: the rows are there while they are folded away.
  isShown() {
    return this.preview?.checked || (this.form.closest("details")?.open ?? true);
  }

  rows(kind) {
    return [...this.form.querySelectorAll(`[data-row="${kind}"]`)].map((row) => {
      const values = { row, style: row.querySelector("select")?.value };
      for (const field of row.querySelectorAll("input[name]")) {
        values[field.name.split(".")[2]] = field.value === "" ? null : Number(field.value);
      }
      return values;
    });
  }

  drawOn(pen) {
    if (!this.isShown()) return;
    const now = this.moves ? this.media.currentTime : 0;
    const real = this.preview?.checked;
    this.rows("box").forEach((box, number) => {
      if (this.moves && !lasts(box, now)) return;
      const place = this.place(box.left / 100, box.top / 100, box.width / 100, box.height / 100);
      if (place) drawBox(pen, place, { number: number + 1, real, style: box.style, chosen: box.row === this.chosen });
    });
    if (this.rubber) {
      const { left, top, width, height } = spanned(this.rubber.first, this.rubber.last);
      drawBox(pen, this.place(left, top, width, height), { number: "", real: false, style: "black", chosen: true });
    }
  }

  // Where the picture really is in its element, bars left out.
  picture() {
    const around = this.media.getBoundingClientRect();
    const [wide, high] = [this.media.videoWidth || this.media.naturalWidth, this.media.videoHeight || this.media.naturalHeight];
    if (!wide || !high) return around;
    const scale = Math.min(around.width / wide, around.height / high);
    const [width, height] = [wide * scale, high * scale];
    return { left: around.left + (around.width - width) / 2, top: around.top + (around.height - height) / 2, width, height };
  }

  within(event) {
    const { left, top, width, height } = this.picture();
    const part = (value) => Math.min(1, Math.max(0, value));
    return { x: part((event.clientX - left) / width), y: part((event.clientY - top) / height) };
  }

  // In the stage's own pixels, as its canvas counts; null for a row that is not filled in yet.
  place(left, top, width, height) {
    if (![left, top, width, height].every((part) => Number.isFinite(part))) return null;
    const picture = this.picture();
    const stage = this.stage.getBoundingClientRect();
    const [x, y] = [picture.left - stage.left + left * picture.width, picture.top - stage.top + top * picture.height];
    return [x, y, width * picture.width, height * picture.height];
  }
}

function drawBox(pen, place, { number, real, style, chosen }) {
  pen.fillStyle = real ? (style === "blur" ? "rgba(120, 120, 120, .93)" : "#000") : "rgba(0, 0, 0, .45)";
  pen.fillRect(...place);
  if (real) return;
  pen.lineWidth = chosen ? 3 : 2;
  pen.strokeStyle = chosen ? "rgba(255, 120, 60, 1)" : "rgba(255, 210, 60, .95)";
  pen.strokeRect(...place);
  pen.font = "600 14px sans-serif";
  pen.textBaseline = "top";
  pen.fillStyle = "#fff";
  pen.fillText(String(number), place[0] + 5, place[1] + 4);
}

function lasts(span, now) {
  return now >= (span.from_seconds ?? 0) && (span.to_seconds === null || now <= span.to_seconds);
}

function spanned(first, last) {
  const [left, top] = [Math.min(first.x, last.x), Math.min(first.y, last.y)];
  return { left, top, width: Math.abs(first.x - last.x), height: Math.abs(first.y - last.y) };
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}
