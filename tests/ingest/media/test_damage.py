from __future__ import annotations

import io
import itertools
import struct
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.media import boxes as boxes_module
from ingest.media.boxes import LONGEST_SECONDS, MOST_BOXES, Allowance, read_boxes
from ingest.media.damage import measure_boxes


def box(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    return struct.pack(">I4s", len(content) + 8 if size is None else size, kind) + content


FTYP = box(b"ftyp", b"isom\0\0\0\0")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "media"


def test_a_box_that_reaches_beyond_the_end_tells_how_much_is_missing(path: Path) -> None:
    path.write_bytes(FTYP + box(b"mdat", b"x" * 100, size=1108))
    boxes = measure_boxes(path)
    assert boxes is not None
    assert (boxes.missing_bytes, set(boxes.kinds)) == (1000, {"ftyp", "mdat"})


def test_large_sizes_and_open_ended_boxes_are_understood(path: Path) -> None:
    path.write_bytes(FTYP + struct.pack(">I4sQ", 1, b"mdat", 1 << 40) + b"x")
    assert getattr(measure_boxes(path), "declared_bytes", 0) == len(FTYP) + (1 << 40)
    path.write_bytes(FTYP + box(b"mdat", b"x" * 50, size=0))
    assert getattr(measure_boxes(path), "missing_bytes", -1) == 0


@pytest.mark.parametrize(("kind", "layout"), [(b"stco", ">I"), (b"co64", ">Q")])
def test_samples_beyond_the_end_show_even_where_every_box_is_closed(path: Path, kind: bytes, layout: str) -> None:
    table = box(kind, struct.pack(">II", 0, 2) + struct.pack(layout, 8) + struct.pack(layout, 5_000_000))
    nested = table
    for outer in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        nested = box(outer, nested)
    path.write_bytes(FTYP + nested)
    assert getattr(measure_boxes(path), "declared_bytes", 0) == 5_000_001


def test_a_maker_s_trailer_is_not_taken_for_a_box(path: Path) -> None:
    path.write_bytes(FTYP + box(b"mdat", b"x" * 8) + b"\xff\xff\xff\xff\x00\x01\x02\x03" + b"y" * 30)
    assert getattr(measure_boxes(path), "missing_bytes", -1) == 0


def test_riff_says_its_length_too(path: Path) -> None:
    path.write_bytes(b"RIFF" + struct.pack("<I", 5000) + b"AVI " + b"x" * 88)
    assert getattr(measure_boxes(path), "missing_bytes", 0) == 5008 - 100
    path.write_bytes(b"RIFF" + struct.pack("<I", 0) + b"AVI " + b"x" * 88)
    assert getattr(measure_boxes(path), "missing_bytes", -1) == 0


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x1aE\xdf\xa3" + b"\0" * 20, b"G" + b"\0" * 187, b"text"])
def test_what_declares_no_length_is_left_alone(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert measure_boxes(path) is None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from([b"ftyp", b"moov", b"mdat", b"free"]))
def test_no_bytes_make_it_raise_or_run_away(path: Path, noise: bytes, first: bytes) -> None:
    path.write_bytes(box(first, noise[:40]) + noise + box(b"moov", noise))
    boxes = measure_boxes(path)
    assert boxes is None or boxes.declared_bytes >= 0


CHUNK_TABLE_OF_NOTHING = struct.pack(">I4sII", 16, b"co64", 0, 4_000_000)
WAY_IN = (b"stbl", b"minf", b"mdia", b"trak", b"moov")


def wrapped(content: bytes, kinds: tuple[bytes, ...] = WAY_IN) -> bytes:
    for kind in kinds:
        content = box(kind, content)
    return content


HOSTILE = {
    "moov without end": struct.pack(">I", 8) + b"moov" * 3000,
    "deep nest": FTYP + wrapped(b"", (b"moov",) * 5000),
    "deep nest of every container": FTYP + wrapped(b"", (*WAY_IN, b"trak", b"mdia", b"trak") * 800),
    "tables on the moov": box(b"moov", CHUNK_TABLE_OF_NOTHING * 200_000),
    "tables in their place": wrapped(CHUNK_TABLE_OF_NOTHING * 200_000),
    "box that is all of them": FTYP + struct.pack(">I4s", 8, b"free") * 300_000,
    "size of 64 bits inside": wrapped(struct.pack(">I4sQ", 1, b"stco", (1 << 64) - 1)),
    "trak that leads to itself": box(b"moov", struct.pack(">I4sQ", 1, b"trak", 0) * 3),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_file_made_to_exhaust_is_measured_within_a_bound(path: Path, content: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(content)
        handle.truncate(len(content) + (33 << 20))
    # Its own time alone: what others do on this machine is not the file's.
    begun = time.thread_time()
    boxes = measure_boxes(path, time.thread_time)
    assert time.thread_time() - begun < LONGEST_SECONDS
    assert boxes is not None
    assert boxes.declared_bytes > 0


def test_a_table_is_read_no_further_than_its_own_box(path: Path) -> None:
    path.write_bytes(FTYP + wrapped(CHUNK_TABLE_OF_NOTHING) + box(b"mdat", b"\x7f" * 4000))
    assert getattr(measure_boxes(path), "missing_bytes", -1) == 0


def test_what_is_beyond_the_allowance_is_not_called_missing(path: Path) -> None:
    path.write_bytes(FTYP + struct.pack(">I4s", 8, b"free") * MOST_BOXES + wrapped(b""))
    boxes = measure_boxes(path)
    assert boxes is not None
    assert (boxes.complete, boxes.missing_bytes) == (False, 0)


class SlowDisk(io.BytesIO):
    """Each read takes a while of the wall, and next to nothing of the processor."""

    def read(self, size: int | None = -1, /) -> bytes:
        time.sleep(0.01)
        return super().read(size)


def test_a_slow_disk_costs_a_file_nothing_of_what_it_may_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is signed: it is the same on a machine that has other work."""
    monkeypatch.setattr(boxes_module, "LONGEST_SECONDS", 0.1)
    allowance = Allowance.of_one_file()
    content = FTYP * 30
    assert len(list(read_boxes(SlowDisk(content), 0, len(content), allowance))) == 30
    assert not allowance.spent


def test_after_the_deadline_nothing_more_is_read(path: Path) -> None:
    path.write_bytes(FTYP * 100)
    ticks = itertools.count(0, LONGEST_SECONDS / 5)
    boxes = measure_boxes(path, lambda: next(ticks))
    assert boxes is not None
    assert (boxes.complete, boxes.declared_bytes) == (False, 5 * len(FTYP))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_cut_or_altered_video_is_measured_all_the_same(path: Path, data: st.DataObject) -> None:
    table = box(b"stco", struct.pack(">III", 0, 1, 900))
    video = bytearray(FTYP + wrapped(table) + box(b"mdat", b"x" * 200))
    for at in data.draw(st.lists(st.integers(0, len(video) - 1), max_size=8)):
        video[at] = data.draw(st.integers(0, 255))
    path.write_bytes(video[: data.draw(st.integers(0, len(video)))])
    boxes = measure_boxes(path)
    assert boxes is None or boxes.declared_bytes >= 0
