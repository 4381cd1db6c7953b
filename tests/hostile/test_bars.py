"""The gate of the hostile set: what is felt too much is a failure, and what a busy machine does in both is none."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from tests.hostile.bars import BARS, Felt, missed, ratios
from tests.hostile.files import bomb_png, deflated_zeros
from tests.hostile.live import limits_broken


def felt(answer: float, receipt: float, slow: float | None = None) -> Felt:
    return Felt([answer] * 90 + [slow or answer] * 10, [receipt] * 3, settled=True)


def test_what_is_as_it_was_in_calm_holds() -> None:
    rounds = [(felt(10, 500), felt(11, 600)), (felt(40, 2000), felt(44, 2400)), (felt(10, 500), felt(11, 600))]
    assert ratios(rounds) == pytest.approx({"API median": 1.1, "API p95": 1.1, "neighbour's receipt": 1.2})
    assert missed(rounds) == []


@pytest.mark.parametrize(
    ("under", "named"),
    [
        (felt(16, 500), "API median"),
        (felt(10, 500, slow=25), "API p95"),
        (felt(10, 1100), "neighbour's receipt"),
    ],
)
def test_each_bar_is_named_when_it_is_missed(under: Felt, named: str) -> None:
    assert any(words.startswith(named) for words in missed([(felt(10, 500), under)] * 3))


def test_one_bad_round_of_three_is_the_machine_and_two_are_the_set() -> None:
    calm, bad, good = felt(10, 500), felt(30, 500), felt(10, 500)
    assert missed([(calm, bad), (calm, good), (calm, good)]) == []
    assert len(missed([(calm, bad), (calm, bad), (calm, good)])) == 2


def test_there_is_a_bar_for_each_measure() -> None:
    assert set(BARS) == set(ratios([(felt(1, 1), felt(1, 1))]))


def test_an_archive_that_is_not_through_in_time_is_told_and_missed() -> None:
    late = replace(felt(10, 500), settled=False)
    assert missed([(felt(10, 500), late)] * 3) == ["3 times the archive was not through with its files in time"]


def test_a_limit_counts_where_it_was_broken_and_not_where_nothing_was_tried_for_it() -> None:
    bomb = ["decode done", "poster done", "proxy failed (output)", "sprite failed (limit_broken)"]
    assert limits_broken(bomb) == 1
    assert limits_broken([*bomb[:2], "proxy failed (processor)", "sprite failed (stalled)"]) == 2
    assert limits_broken(["poster nothing (no_streams)", "proxy failed (exit code 1)", "sprite due (deadline)"]) == 0


def test_a_bomb_is_a_whole_picture_that_a_thousandth_of_it_makes() -> None:
    with Image.open(io.BytesIO(bomb_png(300, 200))) as picture:
        picture.load()
        assert (picture.size, picture.mode, picture.getextrema()) == ((300, 200), "RGB", ((0, 0),) * 3)
    count = (2 << 24) + 5
    packed = deflated_zeros(count)
    assert zlib.decompress(packed) == bytes(count)
    assert len(packed) * 1000 < count
    header = bomb_png(37_838, 37_838)
    width, height = struct.unpack_from(">II", header, 16)
    assert width * height * 3 >= 4 << 30
    assert len(header) < 5 << 20
