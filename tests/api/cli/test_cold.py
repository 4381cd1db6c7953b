"""`liuhen cold`: what it says of the cold place, who is let ask for an original, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from api.archive import Archive, open_archive
from api.engines.roles import DatabaseAddresses
from casework.cases import open_case
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.catalog.ledger import LedgerEntryRow
from tests.api.freezing import freeze, go_on, mover_of

CONTENT = b"no picture, but evidence\n" * 1000


@pytest.fixture
def cold_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIUHEN_COLD_FOLDER", str(tmp_path / "cold"))
    return tmp_path / "cold"


@pytest.fixture
def archive(sealing: Any, cold_root: Path) -> Iterator[Archive]:
    archive = open_archive(sealing.settings.model_copy(update={"cold_folder": cold_root}))
    yield archive
    archive.database.close()


@pytest.fixture
def frozen(sealing: Any, archive: Archive, addresses: DatabaseAddresses) -> list[Any]:
    """Two originals in the cold place, and nobody to sequence: each command has its own."""
    rows = [sealing.seal(CONTENT + bytes([number])) for number in range(2)]
    freeze(archive, addresses.owner)
    sealing.settle()
    sealing.end_sequencing()
    return rows


def said(capsys: Any) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


def entries(archive: Archive, action: str) -> list[LedgerEntry]:
    with archive.database.reading() as session:
        rows = select(LedgerEntryRow.entry).where(LedgerEntryRow.action == action).order_by(LedgerEntryRow.serial)
        return [parse_entry(entry) for entry in session.scalars(rows)]


def test_what_lies_there_is_counted_and_what_is_asked_for_comes_next(
    sealing: Any, archive: Archive, frozen: list[Any], commands: Any, capsys: Any, cold_root: Path
) -> None:
    wanted = frozen[0]
    sealing.link(wanted)
    grant = sealing.grant("view")
    assert commands("cold", "--json") == 0
    facts = said(capsys)
    assert (facts["place"], facts["known_as"], facts["wrong"]) == (str(cold_root), str(cold_root), None)
    assert facts["cold"] == {"originals": 2, "size_bytes": sum(each.ciphertext_size_bytes for each in frozen)}
    assert (facts["kept_by_store"]["originals"], facts["asked_for"], facts["next"]) == (0, [], None)
    for _ in range(2):  # again it changes nothing
        assert commands("cold", "--recall", str(wanted.id), "--grant", str(grant.id), "--json") == 0
        facts = said(capsys)
        assert (facts["state"], facts["size_bytes"]) == ("recalling", wanted.ciphertext_size_bytes)
        assert facts["estimated_seconds"] >= 60
    (entry,) = entries(archive, "recording.recall_asked")
    assert entry.actor_id == str(sealing.people["supervisor"].id)
    assert entry.data["grant_id"] == str(grant.id)
    assert commands("cold") == 0
    words = capsys.readouterr().out
    assert "只在冷存储中 / in the cold place alone: 2 个原件 / originals" in words
    assert "等待调回 / asked for: 1 个原件" in words
    assert "预计约 1 分钟 / in about 1 min" in words
    assert f"接下来 / next: 调回 / bring back  {wanted.id}" in words
    assert go_on(mover_of(archive)) == ["recalled"]
    assert commands("cold", "--json") == 0
    facts = said(capsys)
    assert [facts[name]["originals"] for name in ("cold", "both", "asked_for_in_all")] == [1, 1, 0]
    assert facts["next_at"] is not None, "once it was quiet it is moved again"
    assert commands("cold", "--recall", str(wanted.id), "--grant", str(grant.id)) == 0
    assert "原件在主存储中，无需调回" in capsys.readouterr().out
    assert len(entries(archive, "recording.recall_asked")) == 1


def test_whoever_could_not_ask_on_the_page_cannot_here_and_that_is_entered(
    sealing: Any, archive: Archive, frozen: list[Any], commands: Any, capsys: Any
) -> None:
    linked, loose = frozen
    sealing.link(linked)
    grant = sealing.grant("view")
    officer = sealing.people["officer"]
    with sealing.archive.database.transaction() as session:
        number = "江城罚〔2026〕2号"
        sealing.case = open_case(session, officer, number=number, title="另案", procedure="ordinary_penalty")
    elsewhere = sealing.grant("view")
    for recording, given, sentence in (
        (loose, grant, "该记录尚未归入案件"),
        (linked, elsewhere, "该授权针对另一案件"),
    ):
        assert commands("cold", "--recall", str(recording.id), "--grant", str(given.id)) == 1
        assert sentence in capsys.readouterr().err
    assert [each.data["reason"] for each in entries(archive, "access.denied")] == ["not_linked", "wrong_case"]
    assert entries(archive, "recording.recall_asked") == []


def test_the_order_has_to_make_sense(frozen: list[Any], commands: Any, capsys: Any) -> None:
    some = str(frozen[0].id)
    for words in (("--recall", some), ("--grant", some), ("--recall", "x", "--grant", some)):
        assert commands("cold", *words) == 2, words
        assert capsys.readouterr().err
    assert commands("cold", "--recall", some, "--grant", some) == 1
    assert some in capsys.readouterr().err, "there is no such grant"


def test_a_place_that_is_away_is_told_and_so_is_what_is_not_whole(
    sealing: Any, archive: Archive, frozen: list[Any], commands: Any, capsys: Any, cold_root: Path
) -> None:
    away = cold_root.rename(cold_root.with_name("away"))
    with pytest.raises(Exception, match="mount its disk"):
        go_on(mover_of(archive))
    assert commands("cold") == 1
    words = capsys.readouterr().out
    assert "ColdFailing: 不能使用" in words
    assert "ColdLacksMark" in words
    away.rename(cold_root)
    assert go_on(mover_of(archive)) == []
    lost = frozen[1]
    (cold_root / lost.object_name).unlink()
    assert commands("scrub", "--recording", str(lost.id)) == 1
    capsys.readouterr()
    assert commands("cold", "--json") == 1
    facts = said(capsys)
    assert (facts["wrong"], facts["not_whole_in_all"]) == ("OriginalsNotWhole", 1)
    (found,) = facts["not_whole"]
    assert (found["recording_id"], found["found"], found["in_cold_place"]) == (str(lost.id), "missing", True)
    assert commands("cold", "--named", "0") == 1
    words = capsys.readouterr().out
    assert "不完好 / not whole: 1" in words
    assert "另有 1 个" in words


def test_without_a_cold_place_it_says_what_to_set_and_with_a_new_one_that_it_is_not_begun(
    sealing: Any, commands: Any, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealing.end_sequencing()
    assert commands("cold") == 2
    assert "LIUHEN_COLD_FOLDER" in capsys.readouterr().err
    monkeypatch.setenv("LIUHEN_COLD_FOLDER", str(tmp_path / "cold"))
    assert commands("cold") == 0
    words = capsys.readouterr().out
    assert "尚未启用" in words
    assert "0 个原件 / originals" in words
    assert not (tmp_path / "cold").exists(), "looking begins nothing"
