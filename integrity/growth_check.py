"""A checkpoint that somebody kept, held against a later one, with files alone: for auditors, witnesses and parties.

Whoever kept a checkpoint has it as a file of its own, in a receipt, in a package or in a former growth proof; the later
one comes in any of these as well, or as a copy of the ledger's public files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from integrity.canonical import Json
from integrity.checkpoint import Checkpoint, open_checkpoint
from integrity.chinese import said_in_both, said_in_chinese
from integrity.epoch_keys import public_keys
from integrity.errors import (
    EvidenceError,
    FileMissing,
    FileUnreadable,
    GrowthUnproven,
    HistoryContradicted,
    ProofInvalid,
)
from integrity.growth import BEGINNING, Grown, GrowthProof, check_growth, check_growth_by_tiles, parse_growth
from integrity.hidden_signs import escaped
from integrity.receipt import open_receipt
from integrity.tiles import Fetch
from integrity.trust import Trust

MOST_BYTES = 1 << 20
_OF_PACKAGE, _OF_COPY, _OF_STORE = "log/checkpoint", "checkpoint", "checkpoints"


@dataclass(frozen=True, slots=True)
class _Held:
    """The note in what somebody brings, and the proof where it is a growth proof."""

    note: bytes
    growth: GrowthProof | None = None


def check_kept(old: Path, new: Path, trust: Trust, tiles: Path | None = None) -> Grown:
    """That the ledger of `new` begins with that of `old`. `tiles`: a folder in which `tile/…` lies; by default `new`,
    where it is one. Raises what growth.py does, FileUnreadable, FileMissing, and GrowthUnproven for want of both.
    """
    kept, later = _read_held(old, trust), _read_held(new, trust)
    if later.growth is not None:
        return check_growth(kept.note, later.growth, trust.ledger_vkey)
    folder = tiles or new
    if (folder / "tile").is_dir():
        return check_growth_by_tiles(kept.note, later.note, _fetch_from(folder), trust.ledger_vkey)
    return _check_without_proof(kept.note, later.note, trust.ledger_vkey)


def _check_without_proof(old_note: bytes, note: bytes, vkey: str) -> Grown:
    """Enough for two over as many entries, and to find that the later one is over fewer."""
    old = open_checkpoint(old_note, vkey)

    def nothing(path: str) -> bytes | None:
        raise GrowthUnproven(old.size)

    return check_growth_by_tiles(old_note, note, nothing, vkey)


def describe_grown(grown: Grown) -> Iterator[str]:
    """What holds, line by line, for people."""
    old, new = grown.old, grown.new
    yield "账本只增不改 / the ledger only grew"
    yield f"  账本 / ledger {escaped(old.origin)}"
    yield f"  留存的检查点 / the checkpoint that was kept: {_shown(old)}"
    yield f"  其后的检查点 / the later one:                {_shown(new)}"
    added = new.size - old.size
    yield f"前 {old.size} 条未被更改、删除或插入，其后增加 {added} 条"
    yield f"the first {old.size} entries are as they were, none changed, removed or inserted; {added} came since"


def describe_not_grown(error: EvidenceError) -> Iterator[str]:
    """What was found, and what it means for whoever kept the checkpoint."""
    yield "不能证明账本只增不改 / that the ledger only grew does NOT hold"
    yield f"  原因 / reason: {escaped(said_in_both(error))}"
    if isinstance(error, HistoryContradicted):
        yield "账本密钥签署的两份检查点不能同时成立：此前的条目被更改、删除或插入。检查点和瓦片本身就是证据，请保存"
        yield "the ledger's key signed two checkpoints that cannot both be true: entries of before were changed,"
        yield "removed or inserted. Keep the checkpoints and the tiles: they are evidence by themselves"
    elif isinstance(error, ProofInvalid):
        yield "证明或瓦片有误，或账本被改写；以完整的瓦片（--tiles）再核即可分辨"
        yield "the proof or the tiles are wrong, or the ledger was rewritten: its tiles (--tiles), whole, tell which"


def grown_form(grown: Grown) -> dict[str, Json]:
    """The same for programs."""
    return {"grown": True, "origin": grown.old.origin, "old": _form(grown.old), "new": _form(grown.new)}


def not_grown_form(error: EvidenceError) -> dict[str, Json]:
    reasons: dict[str, Json] = {"reason": escaped(str(error)), "reason_zh": escaped(said_in_chinese(error))}
    return {"grown": False, "kind": type(error).__name__, **reasons}


def _shown(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.size} 条 / entries, {checkpoint.root.hex()}"


def _form(checkpoint: Checkpoint) -> dict[str, Json]:
    return {"size": checkpoint.size, "root": checkpoint.root.hex()}


def _read_held(path: Path, trust: Trust) -> _Held:
    data = _read_bounded(_file_in(path))
    if data.startswith(BEGINNING):
        growth = parse_growth(data)
        return _Held(growth.note, growth)
    if data.startswith(b"{"):
        return _Held(open_receipt(data, public_keys(trust.receipt_keys), what=path.name).checkpoint.encode())
    return _Held(data)


def _file_in(path: Path) -> Path:
    """A file itself. Of a folder that of a package, of a copy over HTTP, or the latest of the archive's own store."""
    if not path.is_dir():
        return path
    for name in (_OF_PACKAGE, _OF_COPY):
        if (path / name).is_file():
            return path / name
    kept = sorted((path / _OF_STORE).glob("[0-9]*/[0-9]*"))
    if not kept:
        raise FileMissing(f"{path.name}/{_OF_COPY}")
    return kept[-1]


def _fetch_from(folder: Path) -> Fetch:
    """As integrity.tiles wants it. What is larger than any tile is read no further than shows that it is none."""

    def fetch(path: str) -> bytes | None:
        file = folder / path
        return _read_bounded(file) if file.is_file() else None

    return fetch


def _read_bounded(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise FileUnreadable(path.name, error.strerror or type(error).__name__) from error
