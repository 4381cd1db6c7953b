"""Where the write-ahead log is shipped to: a folder on another disk.

    FOLDER/liuhen-wal.json         its mark: a random id, by which it is known again
    FOLDER/<stream>/               a log without a gap, of one data folder
        stream.json                whose, and where it begins
        <segment>, <segment>.partial   16 MiB each, as PostgreSQL names them; the last one as far as it goes
        shipped.json               how far everything is here, keys included, as of which instant
        destroyed.jsonl            key-encryption keys that were destroyed since it began
        keys/                      every key as it is now (api/wal/keys_mirror.py)

A folder where a disk is not mounted is there to be written to, and has no mark: nothing is written, and PostgreSQL
keeps its log. A stream is named as PostgreSQL's replication slot is that keeps the log for it, which no backup and no
restore takes along: so a restored archive begins one of its own and never writes into another's.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.wal.errors import WalPlaceAway
from integrity.durable_files import PRIVATE, create_durably, make_folder_durably, replace_durably

MARK, STREAM, SHIPPED, DESTROYED, KEYS = (
    "liuhen-wal.json",
    "stream.json",
    "shipped.json",
    "destroyed.jsonl",
    "keys",
)
_KNOWN = "wal-place.json"
SLOT_PREFIX = "liuhen_"


@dataclass(frozen=True)
class Shipped:
    """Up to `lsn`, which ends a record, everything is in the stream, with every key that it names: all that was
    committed by the instant `at`. `signed_size`, `note`: the longest checkpoint by then, 0 and "" before the first."""

    lsn: int
    at: datetime
    signed_size: int
    note: str

    def to_bytes(self) -> bytes:
        said = {"v": 1, "lsn": self.lsn, "at": self.at.isoformat(), "signed_size": self.signed_size, "note": self.note}
        return json.dumps(said).encode() + b"\n"

    @classmethod
    def read(cls, folder: Path) -> Shipped | None:
        """Of a stream; None before anything was. Raises OSError, ValueError."""
        try:
            said = json.loads((folder / SHIPPED).read_bytes())
        except FileNotFoundError:
            return None
        try:
            at = datetime.fromisoformat(said["at"])
            return cls(int(said["lsn"]), at, int(said["signed_size"]), str(said["note"]))
        except (KeyError, TypeError) as error:
            raise ValueError(str(error)) from error


@dataclass(frozen=True)
class KnownPlace:
    """What a data folder remembers: the mark of its place, and the streams that it has there, the latest last."""

    mark: str
    streams: tuple[str, ...]

    @classmethod
    def of(cls, data: Path) -> KnownPlace | None:
        try:
            said = json.loads((data / _KNOWN).read_bytes())
        except FileNotFoundError:
            return None
        return cls(str(said["mark"]), tuple(said["streams"]))

    def write(self, data: Path) -> None:
        content = json.dumps({"mark": self.mark, "streams": list(self.streams)}).encode() + b"\n"
        replace_durably(data / _KNOWN, content, PRIVATE)


def recognise(data: Path, folder: Path) -> KnownPlace:
    """The place as it was before; marked where it is the first. Raises WalPlaceAway, OSError."""
    known = KnownPlace.of(data)
    if not folder.is_dir():
        raise WalPlaceAway(folder)
    found = _mark_of(folder)
    if known is None:
        return use_anew(data, folder)
    if found != known.mark:
        raise WalPlaceAway(folder)
    return known


def use_anew(data: Path, folder: Path) -> KnownPlace:
    """From now on it is this one, whatever it was. Raises WalPlaceAway, OSError."""
    if not folder.is_dir():
        raise WalPlaceAway(folder)
    mark = _mark_of(folder)
    if mark is None:
        mark = secrets.token_hex(16)
        create_durably(folder / MARK, json.dumps({"v": 1, "id": mark}).encode() + b"\n", PRIVATE)
    before = KnownPlace.of(data)
    known = KnownPlace(mark, () if before is None else before.streams)
    known.write(data)
    return known


def new_stream() -> str:
    """By its instant, for whoever looks, and by chance, so that no two have one name."""
    return f"{datetime.now(UTC):%Y%m%dt%H%M%Sz}_{secrets.token_hex(4)}"


def begin_stream(data: Path, folder: Path, stream: str, facts: dict[str, Any]) -> Path:
    """Its folder, made where it is missing. Again is no error. Raises OSError."""
    known = KnownPlace.of(data)
    assert known is not None
    if stream not in known.streams:
        KnownPlace(known.mark, (*known.streams, stream)).write(data)
    target = folder / stream
    make_folder_durably(target, 0o700)
    with suppress(FileExistsError):
        create_durably(target / STREAM, json.dumps({"v": 1, **facts}).encode() + b"\n", PRIVATE)
    return target


def _mark_of(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / MARK).read_bytes())["id"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return ""
