"""The sprite of a long film is sought for, picture by picture, and shows what reading all of it would have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageStat

from ingest.media import seeking
from ingest.media.encoding import sprite_arguments
from ingest.media.errors import RenditionFailed
from ingest.media.probe import probe_media
from ingest.media.renditions import RenditionMade, make_sprite
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Job, Limits
from ingest.media.tiles import sprite_layout

# An hour that goes from black to white, a frame every four seconds, a keyframe every twenty.
LONG = (
    *("-f", "lavfi", "-i", "color=black:size=128x72:rate=1/4:duration=3600"),
    *("-vf", "geq=lum='255*N/900':cb=128:cr=128", "-pix_fmt", "yuv420p", "-preset", "ultrafast", "-g", "5"),
)


def brightness(sprite: Path, tiles: int = 100) -> list[float]:
    with Image.open(sprite) as picture:
        grey = picture.convert("L")
        places = [(n % 10 * 160, n // 10 * 90) for n in range(tiles)]
        return [ImageStat.Stat(grey.crop((x + 40, y + 20, x + 120, y + 70))).mean[0] for x, y in places]


@pytest.mark.parametrize("name", ["long.mp4", "long.ts"])
def test_a_sought_sprite_shows_what_a_read_one_does(
    any_runner: MediaRunner, make_clip: Callable[..., Path], out: Path, name: str
) -> None:
    film = make_clip(*LONG, name)
    found = probe_media(film, any_runner)
    assert seeking.may_seek(found)
    made = make_sprite(film, found, out, any_runner)
    assert isinstance(made, RenditionMade)
    assert made.settings[0] == seeking.SAID
    assert [path.name for path in out.iterdir()] == ["sprite.jpg"]
    sought = brightness(made.path)
    assert sorted(sought) == pytest.approx(sought, abs=3.0)
    layout = sprite_layout(found.duration_seconds)
    read = any_runner.ffmpeg(sprite_arguments(found, layout, "read.jpg"), film, out, Limits())
    assert read.succeeded
    assert sought == pytest.approx(brightness(out / "read.jpg"), abs=6.0)


def test_each_point_is_gone_to_and_one_picture_taken(
    runner: MediaRunner, make_clip: Callable[..., Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool starts for each point, goes there, and ends with the first picture it finds."""
    film = make_clip(*LONG, "long.mp4")
    found = probe_media(film, runner)
    asked: list[tuple[str, ...]] = []
    allowed: set[float | None] = set()
    run = runner.sandbox.run

    def count(job: Job) -> Any:
        asked.append(job.arguments)
        allowed.add(job.limits.processor_seconds if "-ss" in job.arguments else None)
        return run(job)

    monkeypatch.setattr(runner.sandbox, "run", count)
    assert isinstance(make_sprite(film, found, out, runner), RenditionMade)
    seeks = [arguments for arguments in asked if "-ss" in arguments]
    assert len(seeks) == 100
    assert allowed == {None, seeking.MOST_SECONDS_A_PICTURE}
    assert all(arguments[arguments.index("-frames:v") + 1] == "1" for arguments in seeks)


def test_searches_end_where_their_seconds_of_the_processor_do_and_what_they_found_is_of_the_whole_film(
    runner: MediaRunner, make_clip: Callable[..., Path], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index of millions is read for each picture: a sprite costs what it may, and shows fewer moments."""
    film = make_clip(*LONG, "long.mp4")
    found = probe_media(film, runner)
    run, asked = runner.sandbox.run, list[float]()

    def costly(job: Job) -> Any:
        ended = run(job)
        if "-ss" not in job.arguments:
            return ended
        asked.append(job.limits.processor_seconds or 0.0)
        return replace(ended, processor_seconds=3.0)

    monkeypatch.setattr(runner.sandbox, "run", costly)
    made = make_sprite(film, found, out, runner, Limits.of_processor(60))
    assert isinstance(made, RenditionMade)
    assert len(asked) == 20
    assert asked[0] == seeking.MOST_SECONDS_A_PICTURE
    shown = brightness(made.path)
    assert sorted(shown) == pytest.approx(shown, abs=3.0)
    assert 8 < len({round(value / 4) for value in shown}) <= 20
    assert shown[-1] > 200


@pytest.mark.parametrize("tiles", [1, 2, 63, 64, 65, 99, 100])
def test_every_moment_has_its_turn_and_the_first_few_are_far_apart(tiles: int) -> None:
    order = seeking.spread(tiles)
    assert sorted(order) == list(range(tiles))
    assert order[0] == 0


def test_what_a_tool_spent_of_the_processors_is_told(runner: MediaRunner) -> None:
    busy = ("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=60", "-f", "null", "-")
    ended = runner.ffmpeg(("-v", "error", *busy), Path("/dev/null"), None, Limits.of_processor(60))
    assert ended.succeeded
    assert ended.elapsed_seconds / 4 < ended.processor_seconds < 4 * ended.elapsed_seconds


def test_a_search_that_finds_no_end_breaks_the_limit_of_all(
    runner: MediaRunner, make_clip: Callable[..., Path], out: Path
) -> None:
    film = make_clip(*LONG, "long.mp4")
    found = probe_media(film, runner)
    with pytest.raises(RenditionFailed, match="deadline"):
        make_sprite(film, found, out, replace(runner, patience=0.0))
    assert list(out.iterdir()) == []


def test_a_short_film_and_one_without_an_index_are_read(runner: MediaRunner, make_clip: Callable[..., Path]) -> None:
    film = make_clip(*LONG, "long.mp4")
    found = probe_media(film, runner)
    assert not seeking.may_seek(replace(found, duration_seconds=300.0))
    assert not seeking.may_seek(replace(found, container="matroska,webm"))
    fragmented = tuple(replace(stream, frames_declared=None) for stream in found.streams)
    assert not seeking.may_seek(replace(found, streams=fragmented))
