"""What is signed of a backup: the digests of its lists, and of its keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from api.backup.errors import BackupDamaged
from api.backup.place import STATEMENT
from integrity.canonical import canonical_json
from integrity.dsse import Envelope, sign_envelope, verify_envelope
from integrity.errors import EvidenceError
from integrity.keys import PublicKey, SigningKey

PAYLOAD_TYPE = "application/vnd.liuhen.backup.v1+json"
_LIMIT_BYTES = 64 << 20


@dataclass(frozen=True)
class BackupStatement:
    """`lists`: SHA-256 of files.jsonl, objects.jsonl and facts.json. `keys`: SHA-256 of each file of the keys' part,
    sealed where it is. `objects`: whether they are in the pool ("copied") or stay in `store` alone ("listed").
    `stream`: of write-ahead log that goes on from it, "" where none was shipped; `database_at`: when its database was
    whole."""

    name: str
    made_at: str
    origin: str
    lists: Mapping[str, str]
    keys: Mapping[str, str]
    keys_sealed: bool
    objects: str
    store: str
    signed_size: int
    stream: str = ""
    database_at: str = ""

    def sign(self, key: SigningKey) -> bytes:
        payload = canonical_json({"v": 1, **asdict(self)}, "backup statement")
        return sign_envelope(payload, PAYLOAD_TYPE, key).to_bytes()

    @classmethod
    def read(cls, folder: Path, key: PublicKey | None) -> BackupStatement:
        """Of the backup in `folder`; signed by `key`, unless nobody asks. Raises BackupDamaged."""
        path = folder / STATEMENT
        try:
            with path.open("rb") as file:
                envelope = Envelope.parse(file.read(_LIMIT_BYTES))
            if key is not None:
                verify_envelope(envelope, [key], PAYLOAD_TYPE)
            said: dict[str, Any] = json.loads(envelope.payload)
            said.pop("v")
            return cls(**said)
        except (OSError, EvidenceError, ValueError, KeyError, TypeError) as error:
            raise BackupDamaged([f"签名的备份说明无效 / no valid signed statement: {path} ({error})"]) from error
