"""Every file of a folder, as the archive makes it playable, watched in real Chromium.

    python -m tests.corpus.plays FOLDER          one line a file; exit 1 when a readable one does not play

Readable is what the probe calls intact or damaged and a tool gets a frame or a sample out of. What is neither is named
with its reason, so that nothing hides behind a count.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ingest.media import findings as code
from ingest.media.commands import INPUT, policy_arguments
from ingest.media.errors import RenditionFailed
from ingest.media.findings import Findings
from ingest.media.probe import probe_media
from ingest.media.renditions import NothingToShow, Outcome, make_poster, make_proxy, make_sprite
from ingest.media.runner import MediaRunner, open_runner
from ingest.media.sandbox import Limits
from tests.corpus.watching import look, shelf, watch
from tests.journeys.browsing import open_browser

NOT_MEDIA = (".json", ".md", ".gpx", ".log", ".txt")
SILENCE_DECIBELS = -80.0


@dataclass(frozen=True)
class Played:
    """`copy` is "proxy" or "poster", or why there is none; `complaints` is empty when all is well."""

    name: str
    found: Findings
    copy: str
    seen: str
    complaints: tuple[str, ...]


def play(path: Path, runner: MediaRunner, page: Page, folder: Path, url: str) -> Played:
    """Make the copies of one file below `folder`, which the browser reaches at `url`, and watch them."""
    found = probe_media(path, runner)
    outcomes: dict[str, Outcome] = {}
    for name, make in (("poster", make_poster), ("sprite", make_sprite), ("proxy", make_proxy)):
        out = folder / name
        out.mkdir(parents=True)
        try:
            outcomes[name] = make(path, found, out, runner)
        except RenditionFailed as error:
            return Played(path.name, found, "failed", "", (str(error),))
    main = "poster" if found.kind == "still" else "proxy"
    chosen = outcomes[main]
    if isinstance(chosen, NothingToShow):
        honest = not found.is_sound or lacks_decoder(found)
        wrong = () if honest else ("intact, and nothing to show",)
        return Played(path.name, found, chosen.reason, "", wrong)
    address = f"{url}/{main}/{chosen.path.name}"
    if main == "poster":
        width, height = look(page, address)
        return Played(path.name, found, main, f"{width}×{height}", () if width and height else ("no picture",))
    seen = watch(page, address, sound_only=chosen.media_type.startswith("audio/"))
    picture, sound = chosen.facts["video"] != "drop", chosen.facts["audio"] != "drop"
    complaints = seen.complaints(picture=picture, sound=sound, silent=sound and is_silent(path, found, runner))
    stills = [name for name in ("poster", "sprite") if not isinstance(outcomes[name], NothingToShow)]
    complaints += complaints_of_stills(found, stills) if picture else []
    about = f"{chosen.facts['video']}/{chosen.facts['audio']} {seen.width}×{seen.height} {seen.duration:.2f} s, "
    about += f"at {seen.advanced:.2f} s, {seen.frames} frames, peak {seen.peak:.3f}"
    return Played(path.name, found, main, about, tuple(complaints))


def complaints_of_stills(found: Findings, made: Sequence[str]) -> list[str]:
    """A picture has a poster and a sprite; without a decoder, which a browser may still have, there can be neither."""
    if lacks_decoder(found):
        return [f"a {name} of what is said not to decode here" for name in made]
    return [f"no {name}" for name in ("poster", "sprite") if name not in made]


def lacks_decoder(found: Findings) -> bool:
    return any(reason.code == code.NO_DECODER for reason in found.reasons)


def is_silent(path: Path, found: Findings, runner: MediaRunner) -> bool:
    """Whether the original's own sound stays below what anybody hears, by another tool than the browser."""
    stream = "0:a:0" if found.audio is None else f"0:{found.audio.index}"
    measure = ("-nostdin", *policy_arguments(), "-t", "2", "-i", INPUT, "-map", stream, "-af", "volumedetect")
    result = runner.ffmpeg((*measure, "-f", "null", "-"), path, None, Limits())
    level = re.search(r"max_volume: (-?[\d.]+|-inf) dB", result.stderr_tail)
    return level is not None and float(level.group(1)) < SILENCE_DECIBELS


def describe(played: Played) -> str:
    verdict = "plays" if played.copy in ("proxy", "poster") else "no copy"
    words = "WRONG: " + "; ".join(played.complaints) if played.complaints else verdict
    reasons = ",".join(reason.code for reason in played.found.reasons)
    return (
        f"{words:10}  {played.name}  [{played.found.state} {played.found.kind} {reasons}] {played.copy} {played.seen}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--search-path", default="", help="where to look for ffmpeg before the wheel's")
    parser.add_argument("--keep", type=Path, help="leave the copies here")
    asked = parser.parse_args()
    runner = open_runner(asked.search_path)
    paths = [p for p in sorted(asked.folder.rglob("*")) if p.is_file() and p.suffix.lower() not in NOT_MEDIA]
    results = []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = asked.keep or Path(name)
        browser = open_browser(playwright)
        with shelf(folder) as url:
            page = browser.new_page()
            page.goto(url)
            for number, path in enumerate(paths):
                results.append(play(path, runner, page, folder / str(number), f"{url}/{number}"))
                print(number, describe(results[-1]), flush=True)
        browser.close()
    plays = sum(result.copy in ("proxy", "poster") and not result.complaints for result in results)
    wrong = sum(bool(result.complaints) for result in results)
    print(f"{len(results)} files: {plays} play, {len(results) - plays - wrong} have nothing to play, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
