"""The measures by name: the real custody behind sealing, and nothing left running or lying about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.bench.custody import running_custody
from api.bench.errors import BenchError
from api.bench.registry import MEASURES
from api.cli.bench import _parse_size
from api.cli.main import run
from api.engines.postgres import find_binaries
from api.engines.process import list_in_folder
from api.errors import UsageRefused

MIB = 1 << 20


@pytest.mark.thorough
def test_sealing_is_measured_through_the_whole_of_custody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--size", "2MiB", "--memory-size", "8MiB", "--pairs", "2", "--folder", str(tmp_path), "--json")
    assert run(["bench", "seal", *words]) == 0
    shown = json.loads(capsys.readouterr().out)
    speed, memory = shown["rows"]
    assert shown["machine"]
    assert speed["ratio"] == pytest.approx(speed["ours"] / speed["peer"])
    assert (speed["unit"], speed["bar"]) == ("s", 0.65)
    assert memory["holds"]
    # More than storage's part alone: a worker with database, tools and tasks in it.
    assert 60 < memory["ours"] < 160
    assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
def test_a_missed_bar_is_an_exit_code_only_when_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing takes no time at all: missed on every machine, however busy.
    monkeypatch.setattr("api.bench.seal.TIME_BAR", 0.0)
    words = ["bench", "seal", "--size", "4KiB", "--memory-size", "4KiB", "--pairs", "1", "--folder", str(tmp_path)]
    assert run([*words, "--json", "--check"]) == 1
    assert json.loads(capsys.readouterr().out)["rows"][0]["holds"] is False


def test_the_same_bytes_are_sealed_again_and_again_and_nothing_runs_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An archive elsewhere that the environment names is not the one to fill.
    for variable in ("LIUHEN_DATABASE_URL", "LIUHEN_DATABASE_WORKER_URL"):
        monkeypatch.setenv(variable, "postgresql://nobody@/elsewhere")
    source = tmp_path / "source.bin"
    source.write_bytes(b"recorded" * 1000)
    with running_custody(tmp_path) as custody:
        data = custody.settings.data
        custody.seal(source)
        custody.seal(source)
        assert len(list(custody.archive.store.list("originals/"))) == 2
        monkeypatch.setattr("api.bench.custody.seal_next", lambda *_: False)
        with pytest.raises(BenchError, match="not receipted"):
            custody.seal(source)
    assert list_in_folder(data / "postgres", find_binaries() / "postgres") == []
    assert not (data / "run" / "tsa.sock").exists()


def test_a_measure_that_is_not_there_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "speed"]) == 2
    told = capsys.readouterr().err
    assert all(name in told for name in MEASURES)


def test_sizes_are_read_as_people_write_them() -> None:
    assert [_parse_size(text) for text in ("1GiB", "64M", "512k", "4096", "2 MB")] == [
        1 << 30,
        64 * MIB,
        512 << 10,
        4096,
        2 * MIB,
    ]
    for text in ("", "0", "-1", "many", "1TiB"):
        with pytest.raises(UsageRefused):
            _parse_size(text)
