"""What stands on the disk of a store's roots: a record each, and which of them wraps new keys.

root.key               the first root, 32 bytes in the clear (holder `file`), as every archive begins; id `first`
roots/<id>.json        any other root: its holder, and what opens it
roots/current          the id of the root that wraps new keys; as long as it is not there, `first`
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage import key_files
from storage.key_errors import KeyStoreDamaged
from storage.roots.names import FIRST, HOLDERS, ROOT_BYTES

_FORMAT_VERSION = 1
_ID_DIGITS = 16


@dataclass(frozen=True, slots=True)
class RootRecord:
    """`facts`: what its holder needs to open it; for a plain file that is the key."""

    root_id: str
    holder: str
    made_at: datetime
    facts: Mapping[str, Any] = field(repr=False)

    def to_bytes(self) -> bytes:
        said = {"v": _FORMAT_VERSION, "root_id": self.root_id, "holder": self.holder, **self.facts}
        return json.dumps({**said, "made_at": self.made_at.isoformat()}, indent=1).encode() + b"\n"


def record_path(folder: Path, root_id: str) -> Path:
    """Raises KeyStoreDamaged for what is no id: it comes out of a file, and must not name any other."""
    if root_id == FIRST:
        return folder / "root.key"
    if len(root_id) != _ID_DIGITS or set(root_id) - set("0123456789abcdef"):
        raise KeyStoreDamaged(str(folder), f"{root_id!r} is no id of a root key")
    return folder / "roots" / f"{root_id}.json"


def find_record(folder: Path, root_id: str) -> RootRecord | None:
    """None where that root is not here. Raises KeyExposed, KeyStoreDamaged, KeyStoreUnusable."""
    path = record_path(folder, root_id)
    with key_files.disk_errors(path):
        content = key_files.read_private(path)
        if content is None:
            return None
        if root_id == FIRST:
            return _first(path, content)
    return _parse(path, content, root_id)


def list_records(folder: Path) -> Iterator[RootRecord]:
    """Every root of which something is here."""
    names = [path.stem for path in (folder / "roots").glob("[0-9a-f]*.json")]
    for root_id in (FIRST, *sorted(names)):
        record = find_record(folder, root_id)
        if record is not None:
            yield record


def write_record(folder: Path, record: RootRecord) -> None:
    """Durable on return; never over another. Its root is not current by that."""
    path = record_path(folder, record.root_id)
    with key_files.disk_errors(path):
        key_files.make_private_folder(path.parent, folder)
        key_files.write_private(path, record.to_bytes())


def replace_record(folder: Path, record: RootRecord) -> None:
    path = record_path(folder, record.root_id)
    with key_files.disk_errors(path):
        key_files.replace_private(path, record.to_bytes())


def destroy_record(folder: Path, root_id: str) -> None:
    """Remove it so that its bytes go too; durable on return, again is no error."""
    path = record_path(folder, root_id)
    with key_files.disk_errors(path):
        key_files.destroy_private(path)


def current_id(folder: Path) -> str:
    """The root that wraps new keys. Raises KeyStoreDamaged."""
    path = folder / "roots" / "current"
    with key_files.disk_errors(path):
        content = key_files.read_private(path)
    if content is None:
        return FIRST
    root_id = content.decode("ascii", "replace").strip()
    record_path(folder, root_id)
    return root_id


def current_holder(folder: Path) -> str:
    """Who holds the root that wraps new keys. Raises KeyStoreDamaged, also where it is not here."""
    record = find_record(folder, current_id(folder))
    if record is None:
        raise KeyStoreDamaged(str(folder), "its current root key is gone")
    return record.holder


def set_current(folder: Path, root_id: str) -> None:
    """From here on new keys are wrapped under that root. Durable on return; the caller holds the store's lock."""
    path = folder / "roots" / "current"
    with key_files.disk_errors(path):
        key_files.replace_private(path, f"{root_id}\n".encode("ascii"))


def _first(path: Path, key: bytes) -> RootRecord:
    if len(key) != ROOT_BYTES:
        raise KeyStoreDamaged(str(path), f"a root key is {ROOT_BYTES} bytes long, this file {len(key)}")
    made_at = datetime.fromtimestamp(path.stat().st_mtime, UTC).replace(microsecond=0)
    return RootRecord(FIRST, "file", made_at, {"key": key.hex()})


def _parse(path: Path, content: bytes, root_id: str) -> RootRecord:
    try:
        said = json.loads(content)
        version, named, holder = said.pop("v"), said.pop("root_id"), said.pop("holder")
        made_at = datetime.fromisoformat(said.pop("made_at"))
        if made_at.tzinfo is None:
            raise ValueError("a time without its zone")
    except (ValueError, KeyError, TypeError, AttributeError):  # Its text may show what stands in the file.
        raise KeyStoreDamaged(str(path), "it is no record of a root key") from None
    if (version, named) != (_FORMAT_VERSION, root_id) or holder not in HOLDERS:
        raise KeyStoreDamaged(str(path), f"it does not hold version {_FORMAT_VERSION} of root key {root_id}")
    return RootRecord(root_id, holder, made_at, said)
