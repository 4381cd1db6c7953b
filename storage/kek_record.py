"""The file of one key-encryption key: under which root it is wrapped, and, where shares were made, sealed for them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from storage.key_errors import KeyStoreDamaged
from storage.roots.names import FIRST

_PLAIN = 1
_NAMED = 2


@dataclass(frozen=True, slots=True)
class SealedForRecovery:
    """The key, sealed for the recovery key of that id (storage/roots/recovery.py)."""

    recovery_id: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class KekRecord:
    """Version 1 is of the first root alone, and of archives that never had another; version 2 names its root."""

    kek_id: str
    wrapped: bytes
    root_id: str = FIRST
    recovery: SealedForRecovery | None = None

    def to_bytes(self) -> bytes:
        said: dict[str, object] = {"v": _PLAIN, "kek_id": self.kek_id, "wrapped": self.wrapped.hex()}
        if self.root_id != FIRST or self.recovery is not None:
            said |= {"v": _NAMED, "root_id": self.root_id}
        if self.recovery is not None:
            said["recovery"] = {"id": self.recovery.recovery_id, "sealed": self.recovery.sealed.hex()}
        return json.dumps(said, indent=1).encode() + b"\n"

    @classmethod
    def parse(cls, path: Path, content: bytes, kek_id: str) -> KekRecord:
        """What `content` of the file at `path` says of `kek_id`. Raises KeyStoreDamaged."""
        try:
            said = json.loads(content)
            if said["v"] not in (_PLAIN, _NAMED) or said["kek_id"] != kek_id:
                raise KeyStoreDamaged(str(path), f"it does not hold version {_PLAIN} or {_NAMED} of key {kek_id}")
            root_id = FIRST if said["v"] == _PLAIN else str(said["root_id"])
            return cls(kek_id, bytes.fromhex(said["wrapped"]), root_id, _recovery(said.get("recovery")))
        except (ValueError, KeyError, TypeError) as error:
            raise KeyStoreDamaged(str(path), "it is not a key file") from error


def _recovery(said: dict[str, str] | None) -> SealedForRecovery | None:
    return None if said is None else SealedForRecovery(str(said["id"]), bytes.fromhex(said["sealed"]))
