"""`python -m integrity consistency`: an auditor's own checkpoint of before, held against what is shown today."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integrity.checkpoint import Checkpoint, sign_checkpoint
from integrity.command import FAILS, HOLDS, UNUSABLE, main
from integrity.growth import prove_growth
from integrity.merkle import leaf_hash, root_of
from integrity.package.write import write_package
from integrity.tiles import grow_hash_tiles
from integrity.trust import write_trust
from tests.integrity.package.conftest import FILLERS, ORIGIN, SmallArchive
from tests.integrity.package.test_command import run
from tests.integrity.package.test_receipt_command import receipt_of, stored

KEPT = 7


@pytest.fixture(scope="module")
def held(archive: SmallArchive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handed") / "trust"
    write_trust(folder, archive.trust)
    return folder


def note_over(archive: SmallArchive, entries: list[bytes]) -> bytes:
    root = root_of(map(leaf_hash, entries))
    return sign_checkpoint(Checkpoint(ORIGIN, len(entries), root), archive.keys["ledger"])


def tiles_over(entries: list[bytes]) -> dict[str, bytes]:
    grown = grow_hash_tiles(0, [leaf_hash(entry) for entry in entries], lambda _: None)
    return {tile.path: content for tile, content in grown}


@pytest.fixture
def kept(archive: SmallArchive, tmp_path: Path) -> Path:
    """What an auditor saved when the ledger had seven entries."""
    path = tmp_path / "检查点.txt"
    path.write_bytes(note_over(archive, archive.entries[:KEPT]))
    return path


def proof_file(archive: SmallArchive, folder: Path, entries: list[bytes], size: int = KEPT) -> Path:
    path = folder / "growth.txt"
    path.write_bytes(prove_growth(size, note_over(archive, entries), tiles_over(entries).get).encode())
    return path


def copy_of(folder: Path, note: bytes, tiles: dict[str, bytes], name: str = "checkpoint") -> Path:
    """The ledger's public files, as somebody fetched them, or as the archive's own store has them."""
    for path, content in {name: note, **tiles}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def rewritten(archive: SmallArchive) -> list[bytes]:
    other = archive.entries[3].replace(b"station.enrolled", b"station.revoked")
    assert other != archive.entries[3]
    return [*archive.entries[:3], other, *archive.entries[4:]]


def test_a_growth_proof_is_all_that_is_needed(archive: SmallArchive, held: Path, kept: Path, tmp_path: Path) -> None:
    done = run("consistency", kept, proof_file(archive, tmp_path, archive.entries), "--trust", held)
    assert (done.returncode, done.stderr) == (HOLDS, "")
    assert done.stdout.startswith("账本只增不改 / the ledger only grew")
    assert f"前 {KEPT} 条未被更改" in done.stdout
    assert f"{len(archive.entries) - KEPT} came since" in done.stdout


@pytest.mark.parametrize("name", ["checkpoint", "checkpoints/000000000000000/00000000000000000016"])
def test_a_copy_of_the_ledgers_files_does_without_a_proof(
    archive: SmallArchive, held: Path, kept: Path, tmp_path: Path, name: str, capsys: Any
) -> None:
    assert len(archive.entries) == 16
    folder = copy_of(tmp_path / "ledger", note_over(archive, archive.entries), tiles_over(archive.entries), name)
    assert main(["consistency", str(kept), str(folder), "--trust", str(held), "--json"]) == HOLDS
    form = json.loads(capsys.readouterr().out)
    assert (form["grown"], form["old"]["size"], form["new"]["size"]) == (True, KEPT, 16)


def test_receipts_and_packages_have_a_checkpoint_to_begin_or_end_with(
    archive: SmallArchive, held: Path, kept: Path, tmp_path: Path
) -> None:
    """Of before: a receipt's, a package's; a ledger that went on since. And a package of today against one's own."""
    receipt = stored(tmp_path, receipt_of(archive), archive.keys["receipt"])
    write_package(tmp_path / "package", archive.contents())
    more = [*archive.entries, *archive.entries[:5]]
    later = proof_file(archive, tmp_path, more, len(archive.entries))
    for before in (receipt, tmp_path / "package"):
        assert main(["consistency", str(before), str(later), "--trust", str(held)]) == HOLDS
    tiles = copy_of(tmp_path / "ledger", b"", tiles_over(archive.entries))
    for today in (receipt, tmp_path / "package"):
        assert main(["consistency", str(kept), str(today), "--tiles", str(tiles), "--trust", str(held)]) == HOLDS


def test_a_rewritten_history_is_named_and_exits_1(
    archive: SmallArchive, held: Path, kept: Path, tmp_path: Path, capsys: Any
) -> None:
    forged = rewritten(archive)
    folder = copy_of(tmp_path / "ledger", note_over(archive, forged), tiles_over(forged))
    assert main(["consistency", str(kept), str(folder), "--trust", str(held)]) == FAILS
    told = capsys.readouterr().out
    assert told.startswith("不能证明账本只增不改")
    assert "账本密钥签署的两份检查点不能同时成立" in told
    assert root_of(map(leaf_hash, archive.entries[:KEPT])).hex() in told
    assert main(["consistency", str(kept), str(folder), "--trust", str(held), "--json"]) == FAILS
    form = json.loads(capsys.readouterr().out)
    assert (form["grown"], form["kind"]) == (False, "HistoryContradicted")
    assert "签署了两段历史" in form["reason_zh"]
    assert "signed two histories" in form["reason"]


def test_a_proof_of_a_rewritten_history_exits_1_and_says_what_tells_more(
    archive: SmallArchive, held: Path, kept: Path, tmp_path: Path, capsys: Any
) -> None:
    proof = proof_file(archive, tmp_path, rewritten(archive))
    assert main(["consistency", str(kept), str(proof), "--trust", str(held)]) == FAILS
    assert "--tiles" in capsys.readouterr().out


def test_a_ledger_that_was_put_back_exits_1(
    archive: SmallArchive, held: Path, kept: Path, tmp_path: Path, capsys: Any
) -> None:
    earlier = tmp_path / "today.txt"
    earlier.write_bytes(note_over(archive, archive.entries[: KEPT - 1]))
    assert main(["consistency", str(kept), str(earlier), "--trust", str(held)]) == FAILS
    assert f"over {KEPT - 1} entries, the one that was kept over {KEPT}" in capsys.readouterr().out


def test_a_receipt_whose_signature_does_not_hold_is_no_checkpoint_that_was_kept(
    archive: SmallArchive, attacker: SmallArchive, held: Path, tmp_path: Path
) -> None:
    forged = stored(tmp_path, receipt_of(attacker), attacker.keys["receipt"])
    later = proof_file(archive, tmp_path, archive.entries, len(archive.entries))
    assert main(["consistency", str(forged), str(later), "--trust", str(held)]) == FAILS


def test_what_cannot_be_carried_out_exits_2_and_says_what_to_ask_for(
    archive: SmallArchive, held: Path, kept: Path, tmp_path: Path, capsys: Any
) -> None:
    later = tmp_path / "later.txt"
    later.write_bytes(note_over(archive, archive.entries))
    assert main(["consistency", str(kept), str(later), "--trust", str(held)]) == UNUSABLE
    assert f"/ledger/consistency/{KEPT}" in capsys.readouterr().err
    assert main(["consistency", str(kept), str(tmp_path / "nowhere"), "--trust", str(held)]) == UNUSABLE
    assert main(["consistency", str(kept), str(later), "--tiles", str(tmp_path), "--trust", str(held)]) == UNUSABLE
    assert "tile/" in capsys.readouterr().err
    assert len(archive.entries) > FILLERS
