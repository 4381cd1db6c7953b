"""The policy over demuxers by itself: here the neighbour stands within reach, and no wall keeps ffmpeg from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media.commands import DEMUXERS, input_up_to, policy_arguments
from ingest.media.runner import MediaRunner
from ingest.media.sandbox import Confined, Job

VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=1")

TRIED = {"mov", "avi", "mpegts", "matroska", "wav", "mp3", "amr", "aac", "image2", "jpeg_pipe", "png_pipe"}
"""What recorders and phones write, tried: each reads its one file."""
ADDED = {"mpeg", "h264", "hevc"}
"""Program streams of Hikvision and Dahua, and bare streams of recorders whose container broke: one file each, too."""

SCRIPTS = {
    "concat": "ffconcat version 1.0\nfile neighbour.ts\n",
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nneighbour.ts\n#EXT-X-ENDLIST\n",
}
_TO_THE_NEIGHBOUR = {"concat": ("-safe", "0"), "hls": ("-extension_picky", "0")}


@pytest.fixture
def beside(make_clip: Callable[..., Path]) -> Path:
    """A folder with the neighbour."""
    return make_clip(*VIDEO, "-f", "mpegts", "neighbour.ts").parent


def run(runner: MediaRunner, folder: Path, demuxer: str, policy: tuple[str, ...]) -> Confined:
    """Even where it is said what the script is: by itself ffmpeg goes by a playlist's name as well."""
    words = (*policy, "-f", demuxer, *_TO_THE_NEIGHBOUR[demuxer])
    out = ("-map", "0:v", "-c", "copy", "-f", "matroska", "/out/copied")
    arguments = ("-nostdin", "-v", "error", *words, "-i", "file:/out/script", *out)
    return runner.sandbox.run(Job(runner.tools.ffmpeg.program, arguments, out=folder))


def with_one_more(demuxer: str) -> tuple[str, ...]:
    return tuple(f"{word},{demuxer}" if word == DEMUXERS else word for word in policy_arguments())


def test_the_list_has_what_was_tried_and_nothing_that_nobody_named() -> None:
    assert set(DEMUXERS.split(",")) == TRIED | ADDED


def test_every_command_begins_with_the_whole_policy() -> None:
    """ffmpeg's own limit of pixels is the same today, so no picture tells whether ours is there."""
    words = policy_arguments()
    policy = dict(zip(words[::2], words[1::2], strict=True))
    assert (policy["-protocol_whitelist"], policy["-format_whitelist"]) == ("file", DEMUXERS)
    assert (policy["-max_pixels"], policy["-max_streams"]) == (str(1 << 28), "400")


def test_what_is_read_in_part_may_name_that_part_and_no_other_protocol() -> None:
    words = policy_arguments(end=100)
    policy = dict(zip(words[::2], words[1::2], strict=True))
    assert policy.pop("-protocol_whitelist") == "file,subfile"
    assert policy.items() <= dict(zip(policy_arguments()[::2], policy_arguments()[1::2], strict=True)).items()
    assert input_up_to(100) == "subfile,,start,0,end,100,,:file:/in/media"


@pytest.mark.parametrize("demuxer", SCRIPTS)
def test_no_script_opens_the_neighbour(runner: MediaRunner, beside: Path, demuxer: str) -> None:
    (beside / "script").write_text(SCRIPTS[demuxer])
    refused = run(runner, beside, demuxer, policy_arguments())
    assert not refused.succeeded
    assert "not on whitelist" in refused.stderr_tail
    assert not (beside / "copied").exists() or (beside / "copied").stat().st_size == 0


@pytest.mark.parametrize("demuxer", SCRIPTS)
def test_one_name_more_on_the_list_and_it_does(runner: MediaRunner, beside: Path, demuxer: str) -> None:
    """So it is the list that the test above sees at work, and not a script that leads nowhere."""
    (beside / "script").write_text(SCRIPTS[demuxer])
    copied = run(runner, beside, demuxer, with_one_more(demuxer))
    assert copied.succeeded, copied.stderr_tail
    assert (beside / "copied").stat().st_size > 1000
