"""Rows of a measurement: for programs, for people, and against their bar."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from api.bench.rows import Row, describe_machine, print_table


@pytest.mark.parametrize(("ours", "holds"), [(6.4, True), (6.5, True), (6.6, False)])
def test_a_ratio_at_its_bar_holds_and_above_it_does_not(ours: float, holds: bool) -> None:
    row = Row.beside_peer("seal", "s", ours=ours, peer=10.0, bar=0.65)
    assert (row.ratio, row.holds) == (pytest.approx(ours / 10), holds)


@pytest.mark.parametrize(("ours", "holds"), [(160, True), (160.1, False)])
def test_a_figure_without_peer_is_held_to_its_bar(ours: float, holds: bool) -> None:
    row = Row.below_bar("memory", "MiB", ours=ours, bar=160)
    assert (row.peer, row.ratio, row.holds) == (None, None, holds)


def test_a_row_is_json_with_the_promised_keys() -> None:
    row = json.loads(json.dumps(Row.beside_peer("seal", "s", ours=1, peer=2, bar=0.65).to_json()))
    assert row == {"measure": "seal", "unit": "s", "ours": 1, "peer": 2, "ratio": 0.5, "bar": 0.65, "holds": True}


def test_what_was_left_out_has_no_figure_and_does_not_hold() -> None:
    row, out = Row.left_out("S3", "s", bar=1.25), io.StringIO()
    assert json.loads(json.dumps(row.to_json())) == {
        "measure": "S3",
        "unit": "s",
        "ours": None,
        "peer": None,
        "ratio": None,
        "bar": 1.25,
        "holds": False,
    }
    print_table([row], "a machine", Console(file=out, width=140))
    assert out.getvalue().count("not measured") == 2
    assert "1.25×" in out.getvalue()


def test_figures_of_a_run_of_microseconds_agree_with_their_ratio() -> None:
    row = Row.beside_peer("seal", "s", ours=0.0004321, peer=0.0001234, bar=0.65)
    assert row.peer is not None
    assert row.ratio == pytest.approx(row.ours / row.peer)


def test_the_table_names_every_figure_and_the_machine() -> None:
    out = io.StringIO()
    rows = [
        Row.beside_peer("封存 / seal", "s", ours=2.5, peer=10, bar=0.65),
        Row.below_bar("内存 / memory", "MiB", ours=200, bar=160),
        Row.beside_peer("封存 / seal", "s", ours=0.000432149, peer=12345.6, bar=0.65),
    ]
    print_table(rows, "a machine", Console(file=out, width=140))
    for figure in (
        "封存 / seal",
        "2.5 s",
        "10 s",
        "0.25×",
        "0.65×",
        "是 / yes",
        "200 MiB",
        "160 MiB",
        "0.0004321 s",
        "12346 s",
        "否 / no",
        "a machine",
    ):
        assert figure in out.getvalue()


def test_the_machine_is_described_in_one_line() -> None:
    line = describe_machine()
    assert "CPU" in line
    assert "Python 3." in line
    assert "\n" not in line


LONG = "接收进程常驻内存，同时六十四个客户端上传大文件与一百万字节的小文件 / memory of an API process"


def test_a_table_in_a_file_has_each_measure_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([Row.below_bar(LONG, "MiB", ours=150, bar=160)], "a machine")
    assert LONG in capsys.readouterr().out


def test_a_narrow_terminal_cuts_nothing_off_a_measure() -> None:
    out = io.StringIO()
    print_table([Row.below_bar(LONG, "MiB", ours=150, bar=160)], "a machine", Console(file=out, width=72))
    folded = "".join(line.split("│")[1].strip() for line in out.getvalue().splitlines() if line.startswith("│"))
    assert folded.replace(" ", "") == LONG.replace(" ", "")
