"""What is got out of damaged files: as it was written, in a container that is whole, and said to be no original."""

from __future__ import annotations

import io
import json
import mmap
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ingest.media import bridge, recovery, salvage
from ingest.media import findings as code
from ingest.media.errors import RenditionFailed
from ingest.media.parameter_sets import ParameterSets, read_parameter_sets
from ingest.media.probe import PROBE_LIMITS, count_frames, probe_media
from ingest.media.recovered import Recovered
from ingest.media.recovery import (
    NOT_DAMAGED,
    PACKETS_TRIED,
    REFERENCE_NEEDED,
    REFERENCE_UNFIT,
    make_recovery,
    read_reference,
)
from ingest.media.renditions import NothingToShow, RenditionMade
from ingest.media.runner import MediaRunner
from ingest.media.salvage import Pictures, samples_begin
from ingest.media.sandbox import Confined, Job, Limits, Sandbox
from tests.ingest.media.hindered import HINDRANCES, hindered

Cut = Callable[[Path, float], Path]
MakeClip = Callable[..., Path]
FILM = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4,noise=alls=30:allf=t")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=4")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "aac")
FIRST = (*FILM, *TONE, *H264)


def recovered(outcome: object) -> RenditionMade:
    assert isinstance(outcome, RenditionMade), outcome
    assert outcome.name == "recovery"
    return outcome


def frames_in(path: Path, runner: MediaRunner) -> int:
    streams, _ = count_frames(probe_media(path, runner), path, runner)
    return next(stream.frames_present or 0 for stream in streams if stream.kind == "video")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cut.mp4", ("-movflags", "+faststart")),
        ("fragments.mp4", ("-movflags", "+frag_keyframe+empty_moov")),
        ("no-index.avi", ()),
        ("torn.ts", ()),
    ],
)
def test_what_a_demuxer_opens_is_copied_packet_by_packet(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, out: Path, name: str, options: tuple[str, ...]
) -> None:
    torn = cut(make_clip(*FIRST, *options, name), 0.6003)
    found = probe_media(torn, runner)
    assert found.state == "damaged"
    copy = recovered(make_recovery(torn, found, out, runner))
    held = probe_media(copy.path, runner)
    assert held.state == "opens"
    assert [stream.codec for stream in held.streams] == ["h264", "aac"]
    assert copy.settings[copy.settings.index("-c") :][:2] == ("-c", "copy")
    present = found.video.frames_present if found.video else 0
    assert frames_in(copy.path, runner) == pytest.approx(present or 0, abs=1)
    assert 0 < (held.duration_seconds or 0) < 4


@pytest.mark.parametrize("base", ["", "+default_base_moof"], ids=["by bytes of the file", "by their own heads"])
@pytest.mark.parametrize("filled", ["zeros", "noise"])
def test_fragments_behind_a_hole_are_in_the_copy(
    any_runner: MediaRunner, make_clip: MakeClip, out: Path, base: str, filled: str
) -> None:
    """Whichever way they say where their samples lie. What was overwritten is a second of four."""
    film = make_clip(*FIRST, "-movflags", f"+frag_keyframe+empty_moov{base}", "film.mp4")
    content = bytearray(film.read_bytes())
    heads = [found.start() - 4 for found in re.finditer(b"moof", content)]
    at, end = heads[1] - 2000, heads[1] + 50_000
    content[at:end] = bytes(end - at) if filled == "zeros" else random.Random(2).randbytes(end - at)
    film.write_bytes(content)
    found = probe_media(film, any_runner)
    assert found.broken == ((heads[1], heads[2]),)
    assert found.duration_seconds == pytest.approx(4.0, abs=0.1)
    assert [(run.offset_seconds, run.seconds) for run in found.runs] == [
        (0.0, pytest.approx(1.0, abs=0.05)),
        (pytest.approx(2.0, abs=0.05), pytest.approx(2.0, abs=0.1)),
    ]
    assert found.missing is not None
    assert (found.missing.present_frames, found.missing.missing_bytes) == (None, None)
    copy = recovered(make_recovery(film, found, out, any_runner))
    assert copy.settings[:2] == ("liuhen-bridge/1", f"passed-over={heads[1]}-{heads[2]}")
    assert Recovered.of(copy.settings) == Recovered()
    held = probe_media(copy.path, any_runner)
    assert held.state == "opens"
    assert held.duration_seconds == pytest.approx(4.0, abs=0.1)
    assert frames_in(copy.path, any_runner) == pytest.approx(75, abs=1)
    assert film.read_bytes() == content


def test_the_head_of_room_says_how_much_of_it_there_is() -> None:
    for size, head in ((8, b"\0\0\0\x08free"), (1 << 33, b"\0\0\0\1free\0\0\0\2\0\0\0\0")):
        assert bridge.head_of_room(size) == head


def test_a_film_without_its_index_is_read_with_a_whole_one_of_the_same_recorder(
    any_runner: MediaRunner, make_clip: MakeClip, cut: Cut, out: Path
) -> None:
    whole = make_clip(*FIRST, "whole.mp4")
    torn = cut(whole, 0.6)
    found = probe_media(torn, any_runner)
    assert found.lost_its_index
    assert make_recovery(torn, found, out, any_runner) == NothingToShow("recovery", REFERENCE_NEEDED)
    reference = read_reference(whole, "R", probe_media(whole, any_runner), any_runner)
    assert reference is not None
    copy = recovered(make_recovery(torn, found, out, any_runner, (reference,)))
    assert copy.settings[:2] == ("liuhen-salvage/1", "parameter-sets=recording:R")
    assert frames_in(copy.path, any_runner) == pytest.approx(60, abs=4)
    assert copy.facts["duration_seconds"] == pytest.approx(2.4, abs=0.2)


def test_a_film_that_carries_its_parameter_sets_needs_no_other(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, out: Path
) -> None:
    torn = cut(make_clip(*FIRST, "-x264-params", "repeat-headers=1", "self.mp4"), 0.6)
    copy = recovered(make_recovery(torn, probe_media(torn, runner), out, runner))
    assert copy.settings[:2] == ("liuhen-salvage/1", "parameter-sets=in-band")
    assert frames_in(copy.path, runner) == pytest.approx(60, abs=4)


def test_a_reference_of_another_mode_is_refused_and_the_next_is_tried(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, out: Path
) -> None:
    whole = make_clip(*FIRST, "whole.mp4")
    torn = cut(whole, 0.6)
    other = make_clip("-f", "lavfi", "-i", "testsrc2=size=640x480:rate=25:duration=1", *H264, "-bf", "0", "other.mp4")
    wrong, right = (read_reference(path, path.stem, probe_media(path, runner), runner) for path in (other, whole))
    assert wrong is not None
    assert right is not None
    found = probe_media(torn, runner)
    assert make_recovery(torn, found, out, runner, (wrong,)) == NothingToShow("recovery", REFERENCE_UNFIT)
    assert (
        "parameter-sets=recording:whole" in recovered(make_recovery(torn, found, out, runner, (wrong, right))).settings
    )


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_exactly_the_units_that_were_written_are_found(runner: MediaRunner, make_clip: MakeClip, codec: str) -> None:
    """Between sound, in both codecs: none is missed and none invented."""
    whole = make_clip(*FILM, *TONE, "-c:v", codec, "-preset", "ultrafast", "-pix_fmt", "yuv420p", "whole.mp4")
    content = whole.read_bytes()
    end = content.index(b"moov") - 4
    with whole.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        pictures = Pictures(data, read_parameter_sets(whole), time.process_time() + 60)
        found = [(at, length) for at, length in pictures.chain(samples_begin(data)) if at < end]
    packets = runner.ffprobe(
        ("-v", "error", "-select_streams", "v:0", "-show_entries", "packet=pos,size", "-of", "json", "/in/media"),
        whole,
        PROBE_LIMITS,
    )
    written = []
    for packet in json.loads(packets.stdout)["packets"]:
        at, last = int(packet["pos"]), int(packet["pos"]) + int(packet["size"])
        while at < last:
            length = int.from_bytes(content[at : at + 4], "big")
            written.append((at + 4, length))
            at += 4 + length
    assert sorted(found) == sorted(written)


class Clock:
    """What salvage counts by: the wall's clock races ahead; the processor's stands still, and at a look leaps."""

    def __init__(self, leaps_at: int | None) -> None:
        self.wall, self.looks, self.leaps_at = 0.0, 0, leaps_at

    def monotonic(self) -> float:
        self.wall += 1000.0
        return self.wall

    def process_time(self) -> float:
        self.looks += 1
        return 0.0 if self.leaps_at is None or self.looks < self.leaps_at else salvage.LONGEST_SECONDS


def picked(path: Path, sets: ParameterSets, monkeypatch: pytest.MonkeyPatch, leaps_at: int | None) -> dict[str, Any]:
    with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as data:
        monkeypatch.setattr(salvage, "time", Clock(leaps_at))
        return salvage.copy_pictures(data, io.BytesIO(), sets, samples_begin(data))


def test_other_work_cuts_no_film_short_and_what_its_own_time_cuts_short_says_so(
    make_clip: MakeClip, cut: Cut, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = make_clip(*FIRST, "whole.mp4")
    torn, sets = cut(whole, 0.9), read_parameter_sets(whole)
    busy = picked(torn, sets, monkeypatch, None)
    assert (busy["complete"], busy["units"] >= 85) == (True, True)
    short = picked(torn, sets, monkeypatch, 3)  # the first is that of the beginning
    assert (short["complete"], 0 < short["units"] < busy["units"]) == (False, True)
    assert 0 < short["last_at"] < busy["last_at"]


@dataclass(frozen=True)
class SaysMore:
    """A sandbox in which salvage says this as well."""

    real: Sandbox
    more: dict[str, Any]
    name: str = "says more"

    def run(self, job: Job) -> Confined:
        result = self.real.run(job)
        if "pictures" not in job.arguments:
            return result
        return replace(result, stdout=json.dumps(json.loads(result.stdout) | self.more).encode())


def test_a_copy_of_a_part_of_the_file_says_so_and_one_of_nothing_has_used_up_its_time(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, out: Path
) -> None:
    torn = cut(make_clip(*FIRST, "-x264-params", "repeat-headers=1", "self.mp4"), 0.6)
    found, short = probe_media(torn, runner), {"complete": False, "last_at": 1234}
    copy = recovered(make_recovery(torn, found, out, replace(runner, sandbox=SaysMore(runner.sandbox, short))))
    assert copy.settings[:3] == ("liuhen-salvage/1", "parameter-sets=in-band", "cut-short-at=1234")
    assert Recovered.of(copy.settings) == Recovered("in-band", None, 1234)
    with pytest.raises(RenditionFailed) as failed:
        make_recovery(torn, found, out, replace(runner, sandbox=SaysMore(runner.sandbox, {**short, "units": 0})))
    assert failed.value.reason == "processor"


def test_noise_without_an_index_gives_nothing_and_ends(runner: MediaRunner, tmp_path: Path, out: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\0mdat" + bytes(range(256)) * 8000)
    found = probe_media(path, runner)
    assert found.lost_its_index
    assert isinstance(make_recovery(path, found, out, runner), NothingToShow)
    assert not any(entry.is_file() for entry in out.rglob("*"))


@pytest.mark.parametrize("why", HINDRANCES)
def test_of_what_the_machine_could_not_do_nothing_is_concluded(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, out: Path, why: str
) -> None:
    """Whichever step it is that the machine gave no time, room or memory: the copy is still due."""
    whole = make_clip(*FIRST, "whole.mp4")
    torn = cut(whole, 0.6)
    found, seen = probe_media(torn, runner), probe_media(whole, runner)
    reference = read_reference(whole, "R", seen, runner)
    assert reference is not None
    ffmpeg, ffprobe = runner.tools.ffmpeg.program, runner.tools.ffprobe.program
    steps: dict[str, Callable[[Job], bool]] = {
        "picking": lambda job: job.program == runner.reader and "pictures" in job.arguments,
        "joining": lambda job: job.program == ffmpeg,
        "looking": lambda job: job.program == ffprobe and job.media is not None and job.media.name == "recovery.mp4",
        "trying": lambda job: job.arguments[-2:-1] == (f"%+#{PACKETS_TRIED}",),
    }
    for step, which in steps.items():
        if why == "ran short of memory or room" and step == "looking":
            continue  # what ffprobe then says is what it says of noise
        if why == "room" and step in ("looking", "trying"):
            continue  # they write nothing
        with pytest.raises(RenditionFailed) as failed:
            make_recovery(torn, found, out, hindered(runner, why, which), (reference,))
        assert failed.value.reason == why, step
    if why != "room":
        with pytest.raises(RenditionFailed, match=why):
            read_reference(whole, "R", seen, hindered(runner, why, lambda job: "sets" in job.arguments))


def test_a_copy_that_was_not_looked_at_in_time_is_no_copy_of_nothing(
    runner: MediaRunner, make_clip: MakeClip, cut: Cut, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = cut(make_clip(*FIRST, "-movflags", "+faststart", "cut.mp4"), 0.6)
    found = probe_media(torn, runner)
    monkeypatch.setattr(recovery, "PROBE_LIMITS", Limits(deadline_seconds=0.0))
    with pytest.raises(RenditionFailed) as failed:
        make_recovery(torn, found, out, runner)
    assert failed.value.reason == "deadline"


def test_what_is_whole_is_not_recovered(runner: MediaRunner, make_clip: MakeClip, out: Path) -> None:
    clip = make_clip(*FILM, "clip.mp4")
    assert make_recovery(clip, probe_media(clip, runner), out, runner) == NothingToShow("recovery", NOT_DAMAGED)


def test_case_7_of_the_corpus_with_its_whole_sibling(
    corpus: Path, any_runner: MediaRunner, cut: Cut, out: Path
) -> None:
    source = corpus / "gpmf-parser" / "samples__karma.mp4"
    torn = cut(source, 0.6)
    found = probe_media(torn, any_runner)
    assert (found.state, found.reasons[0].code) == ("damaged", code.MOOV_MISSING)
    reference = read_reference(source, "R", probe_media(source, any_runner), any_runner)
    assert reference is not None
    copy = recovered(make_recovery(torn, found, out, any_runner, (reference,)))
    held = probe_media(copy.path, any_runner)
    assert held.video is not None
    assert (held.video.width, held.video.height, held.video.frames_declared) == (864, 480, 217)
