"""The archive's public keys, the ledger's verification, and how the archive is."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, Form, Json


class KeyItem(Answer):
    """`key_id` is the hex SHA-256 of the key's SPKI."""

    purpose: str = Field(examples=["receipt"])
    epoch: int = Field(examples=[1])
    key_id: str
    public_key: str = Field(description="32 bytes, hex")
    pem: str
    activated_at: datetime


class Keys(Answer):
    """All public keys there have been. Whoever believes them because they stand here trusts the archive: pin them."""

    keys: list[KeyItem]
    ledger_vkey: str = Field(examples=["liuhen.local/0123456789abcdef+a1b2c3d4+AQ…"])


class Verification(Form):
    """How much of the stored bytes is read; all else is always looked at. Null reads all, and takes its time."""

    sample: int | None = Field(default=20, ge=0, description="recordings, chosen at random")


class Verified(Answer):
    """`report` is what `liuhen verify --json` prints."""

    holds: bool
    report: Json


class Health(Answer):
    """`checks`: what answered, and the class of error of what did not.

    `copies` says NoRoomToWork while playable copies wait for room on the disk, `staging` StagedBytesUnknown while files
    are staged that the catalog does not know, `objects` ObjectsDamaged while stored objects are not what was sealed,
    `scrub` ScrubBehind where some were not looked at for two rounds; and where there is a second store, `replica` says
    ReplicaFailing while it does not work, ReplicaDamaged, or ReplicaBehind; where there is a cold place, `cold` says
    ColdFailing while it does not work, or RecallsLate; where backups are asked for, `backup` says
    BackupLate; where the write-ahead log is shipped, `wal` says WalLate, WalNearBound, WalLacksBackup, or what is the
    matter with its place. None makes anything unavailable."""

    status: str = Field(examples=["ok"])
    checks: dict[str, str] = Field(
        default_factory=dict,
        examples=[dict.fromkeys(("database", "store", "keys", "copies", "staging", "objects", "scrub"), "ok")],
    )
