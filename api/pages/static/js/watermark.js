// Who watches, when and under which grant, drawn over what he watches: [data-watermark] around a video or a picture.
//
// It deters, and says whose screen was filmed; it does not prevent. What can be had easily must not be had without it: the
// picture gets its address only once the mark is drawn, full screen takes the mark along, and where the mark is hidden,
// covered or taken out, the picture goes. Whoever writes a program of his own still has his grant, and the ledger his name.

const CHINESE_OFFSET_MS = 8 * 3600 * 1000;
const DRAWN_EVERY_MS = 1000;
const GUARDED_EVERY_MS = 250;
const ANGLE = -Math.PI / 9;
// Close enough that a sixth of the picture, cut out, holds a whole mark of it.
const MARK_WIDTH = 330;
const MARK_HEIGHT = 110;

// Nothing may lie over the mark: what else is to be seen in the picture is drawn on the mark's own canvas, before the mark.
export function drawUnderMark(stage, draw) {
  (stage.drawnUnderMark ??= []).push(draw);
}

export function serveWatermarks(root) {
  for (const stage of root.querySelectorAll("[data-watermark]")) new Watermark(stage).start();
}

class Watermark {
  constructor(stage) {
    this.stage = stage;
    this.media = stage.querySelector("video, img");
    this.canvas = document.createElement("canvas");
    this.canvas.className = "watermark";
    this.canvas.setAttribute("aria-hidden", "true");
    // The viewer's own clock may be wrong, or be set wrong: time goes on from when the server made the page.
    this.ahead = Date.parse(stage.dataset.now) - performance.now();
  }

  start() {
    this.stage.append(this.canvas);
    this.draw();
    this.timers = [
      setInterval(() => this.draw(), DRAWN_EVERY_MS),
      setInterval(() => this.guard(), GUARDED_EVERY_MS),
    ];
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.watching = new MutationObserver(() => this.guard());
    this.watching.observe(this.stage, { attributes: true, childList: true, subtree: true });
    this.stage.addEventListener("redraw", () => this.draw());
    document.addEventListener("fullscreenchange", () => this.keepOnStage());
    this.media.addEventListener("enterpictureinpicture", () => this.leavePicture());
    this.media.addEventListener("play", () => this.guard());
    this.serveFullScreen();
    if (this.media.dataset.poster) this.media.poster = this.media.dataset.poster;
    this.media.src = this.media.dataset.src;
  }

  draw() {
    const scale = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.stage;
    const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
    if (this.canvas.width !== across || this.canvas.height !== down) {
      this.canvas.width = across;
      this.canvas.height = down;
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    for (const draw of this.stage.drawnUnderMark ?? []) draw(pen);
    pen.translate(width / 2, height / 2);
    pen.rotate(ANGLE);
    this.drawMarks(pen, Math.hypot(width, height) / 2);
  }

  // Light letters with a dark rim are seen on day and night alike. They wander, so that no still patch of the picture is
  // covered for long, and none stays bare.
  drawMarks(pen, reach) {
    const seconds = Math.floor((this.ahead + performance.now()) / 1000);
    const lines = [`${this.stage.dataset.viewer}  ${this.timeNow()}`, this.stage.dataset.grant];
    const [aside, below] = [(seconds * 7) % MARK_WIDTH, (seconds * 3) % MARK_HEIGHT];
    pen.textBaseline = "middle";
    pen.lineWidth = 2;
    pen.strokeStyle = "rgba(0, 0, 0, .30)";
    pen.fillStyle = "rgba(255, 255, 255, .34)";
    for (let y = -reach - MARK_HEIGHT + below, row = 0; y < reach + MARK_HEIGHT; y += MARK_HEIGHT, row++) {
      const shift = (row % 2) * (MARK_WIDTH / 2);
      for (let x = -reach - MARK_WIDTH * 1.5 + aside + shift; x < reach + MARK_WIDTH; x += MARK_WIDTH) {
        lines.forEach((line, number) => {
          pen.font = number === 0 ? "600 15px sans-serif" : "11px monospace";
          pen.strokeText(line, x, y + number * 18);
          pen.fillText(line, x, y + number * 18);
        });
      }
    }
  }

  timeNow() {
    const moment = new Date(this.ahead + performance.now() + CHINESE_OFFSET_MS);
    return moment.toISOString().slice(0, 19).replace("T", " ");
  }

  guard() {
    if (!this.isSeen()) this.stop();
  }

  isSeen() {
    const canvas = this.canvas;
    if (canvas.parentNode !== this.stage || !this.stage.isConnected || canvas.hidden) return false;
    const of = getComputedStyle(canvas);
    const plain =
      of.display !== "none" && of.visibility === "visible" && Number(of.opacity) === 1 && of.position === "absolute" &&
      of.transform === "none" && of.filter === "none" && of.clipPath === "none" && of.mixBlendMode === "normal" &&
      (of.maskImage ?? "none") === "none" && of.zIndex === "1" && of.contentVisibility !== "hidden";
    return plain && this.liesBelow() && this.isCovered();
  }

  // Nothing of the stage lies over the mark: the picture least of all.
  liesBelow() {
    return [...this.stage.children].every((each) => {
      const style = getComputedStyle(each);
      return each === this.canvas || (style.position === "static" && style.zIndex === "auto");
    });
  }

  isCovered() {
    const mark = this.canvas.getBoundingClientRect();
    const picture = this.media.getBoundingClientRect();
    const slack = 1.5;
    return (
      mark.left <= picture.left + slack && mark.top <= picture.top + slack &&
      mark.right >= picture.right - slack && mark.bottom >= picture.bottom - slack
    );
  }

  // The picture goes, not only stops: a still of it would be as unmarked.
  stop() {
    this.timers.forEach(clearInterval);
    this.watching.disconnect();
    this.media.pause?.();
    this.media.removeAttribute("src");
    this.media.removeAttribute("poster");
    this.media.load?.();
    this.media.remove();
    const words = document.createElement("div");
    words.className = "screen-words";
    words.setAttribute("role", "alert");
    words.textContent = this.stage.dataset.tampered;
    this.stage.classList.add("closed");
    this.stage.replaceChildren(words);
  }

  serveFullScreen() {
    const button = document.querySelector(`[data-fullscreen="${this.stage.id}"]`);
    if (!button || !this.stage.requestFullscreen) return;
    button.hidden = false;
    button.addEventListener("click", () => this.stage.requestFullscreen());
  }

  // The picture alone on the whole screen would leave the mark behind: then it is the stage's turn, or nobody's.
  async keepOnStage() {
    if (document.fullscreenElement !== this.media) return this.draw();
    this.media.pause();
    await document.exitFullscreen();
  }

  async leavePicture() {
    this.media.pause();
    await document.exitPictureInPicture();
  }
}
