// What the browser's own controls lack: steps, speed, the time of day in the picture, and why nothing plays.

const CHINESE_OFFSET_MS = 8 * 3600 * 1000;

export function servePlayers(root) {
  for (const media of root.querySelectorAll("[data-player]")) serve(media, root.getElementById(media.dataset.player));
}

function serve(media, bar) {
  bar.hidden = false;
  for (const button of bar.querySelectorAll("button[data-step]")) {
    button.addEventListener("click", () => step(media, Number(button.dataset.step)));
  }
  bar.querySelector("select")?.addEventListener("change", (event) => (media.playbackRate = Number(event.target.value)));
  const clock = bar.querySelector("[data-clock]");
  if (clock) media.addEventListener("timeupdate", () => (clock.textContent = timeOfDay(media)));
  media.addEventListener("error", () => explain(media, bar));
  media.addEventListener("playing", () => (bar.querySelector(".form-problem").hidden = true));
}

function step(media, seconds) {
  const end = Number.isFinite(media.duration) ? media.duration : Infinity;
  media.currentTime = Math.min(Math.max(0, media.currentTime + seconds), end);
}

// The recording's own claim of when it began, moved by the position: a claim still.
function timeOfDay(media) {
  const moment = new Date(Date.parse(media.dataset.started) + media.currentTime * 1000 + CHINESE_OFFSET_MS);
  return moment.toISOString().slice(0, 19).replace("T", " ");
}

async function explain(media, bar) {
  const place = bar.querySelector(".form-problem");
  place.textContent = await reasonOf(media.currentSrc);
  place.hidden = false;
}

// A media element does not tell why it was refused; the same address asked for one byte does.
async function reasonOf(address) {
  try {
    const response = await fetch(address, { headers: { Range: "bytes=0-0" }, credentials: "same-origin" });
    if (!response.ok) return (await response.json()).detail;
  } catch {
    return document.body.dataset.unreachable;
  }
  return document.body.dataset.unplayable;
}
