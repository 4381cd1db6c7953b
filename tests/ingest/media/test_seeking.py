"""The sprite of a long film is sought for, picture by picture, and shows what reading all of it would have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageStat

from ingest.errors import RenditionFailed
from ingest.media import seeking
from ingest.media.encoding import sprite_arguments
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
