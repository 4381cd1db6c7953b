"""Real Chromium before a playable copy: does its clock advance, does it show a picture, is its sound heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from playwright.sync_api import Page

from tests.servers import ServingThread

WATCH_SECONDS = 1.0
PATIENCE_SECONDS = 15.0
MEDIA_TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg"}

# Plays an element for a moment, then seeks close to its end: a copy that cannot be wound forward is no use to anybody.
# The analyser listens to what really leaves the decoder; a silent source is told apart by whoever calls.
SCRIPT = """async ({url, sound, watch, patience}) => {
  const element = document.createElement(sound ? 'audio' : 'video');
  document.body.replaceChildren(element);
  const context = new AudioContext();
  const listening = context.createAnalyser();
  context.createMediaElementSource(element).connect(listening).connect(context.destination);
  await context.resume();
  const until = performance.now() + patience * 1000;
  const pause = milliseconds => new Promise(done => setTimeout(done, milliseconds));
  const samples = new Float32Array(listening.fftSize);
  let peak = 0, error = '';
  element.src = url;
  await element.play().catch(reason => { error = String(reason); });
  while (!error && performance.now() < until) {
    await pause(20);
    listening.getFloatTimeDomainData(samples);
    for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
    if (element.error) error = element.error.message;
    if (element.ended || element.currentTime >= watch) break;
  }
  const seen = {
    advanced: element.currentTime, duration: element.duration, width: element.videoWidth || 0,
    height: element.videoHeight || 0, peak, error,
    decodedSound: element.webkitAudioDecodedByteCount || 0,
    frames: element.getVideoPlaybackQuality ? element.getVideoPlaybackQuality().totalVideoFrames : 0,
    sought: false,
  };
  if (!error) {
    element.pause();
    const arrived = new Promise(done => element.addEventListener('seeked', () => done(true), {once: true}));
    element.currentTime = element.duration * 0.8;
    seen.sought = await Promise.race([arrived, pause(Math.max(1000, until - performance.now())).then(() => false)]);
    if (element.error) seen.error = element.error.message;
  }
  await context.close();
  return seen;
}"""

LOOK = """async url => {
  const picture = new Image();
  picture.src = url;
  document.body.replaceChildren(picture);
  await picture.decode().catch(() => {});
  return [picture.naturalWidth, picture.naturalHeight];
}"""


@dataclass(frozen=True)
class Watched:
    """What the browser said. `peak` is the loudest sample heard, of 1; times in seconds."""

    advanced: float
    duration: float
    width: int
    height: int
    frames: int
    peak: float
    decoded_sound: int
    sought: bool
    error: str

    def complaints(self, *, picture: bool, sound: bool, silent: bool) -> list[str]:
        """What keeps it from being a copy that plays; `silent`: nothing is to be heard in the original either."""
        wanted = min(WATCH_SECONDS, self.duration) * 0.5
        found = [
            (self.error, self.error),
            (not self.advanced >= wanted > 0, f"stood still at {self.advanced:.2f} of {self.duration:.2f} s"),
            (picture and (self.width == 0 or self.frames == 0), "no picture"),
            (not picture and self.width > 0, "a picture where none was expected"),
            (sound and self.decoded_sound == 0, "no sound was decoded"),
            (sound and not silent and self.peak < 1e-4, "no sound was heard"),
            (not self.sought, "could not be wound forward"),
        ]
        return [words for wrong, words in found if wrong]


def watch(page: Page, url: str, *, sound_only: bool) -> Watched:
    asked = {"url": url, "sound": sound_only, "watch": WATCH_SECONDS, "patience": PATIENCE_SECONDS}
    seen: dict[str, Any] = page.evaluate(SCRIPT, asked)
    seen["decoded_sound"] = seen.pop("decodedSound")
    return Watched(**{**seen, "duration": float(seen["duration"] or 0.0)})


def look(page: Page, url: str) -> tuple[int, int]:
    """A picture's width and height as the browser decoded it; zeros where it could not."""
    width, height = page.evaluate(LOOK, url)
    return int(width), int(height)


class _Shelf(BaseHTTPRequestHandler):
    """Files of one folder with byte ranges, as the archive serves its copies."""

    folder: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.folder / unquote(self.path.lstrip("/"))
        content = b"<!doctype html><body>" if self.path == "/" else path.read_bytes() if path.is_file() else None
        if content is None:
            self.send_error(404)
            return
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        start = int(asked.group(1)) if asked else 0
        end = min(int(asked.group(2)) if asked and asked.group(2) else len(content) - 1, len(content) - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Content-Type", MEDIA_TYPES.get(path.suffix, "text/html"))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(end - start + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{end}/{len(content)}")
        self.end_headers()
        try:
            self.wfile.write(content[start : end + 1])
        except ConnectionError:  # A browser that has enough hangs up.
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def shelf(folder: Path) -> Iterator[str]:
    """Serve `folder` on a free port of this machine; the address without a slash at its end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Shelf", (_Shelf,), {"folder": folder}))
    with ServingThread(server):
        yield f"http://127.0.0.1:{server.server_address[1]}"
