from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
