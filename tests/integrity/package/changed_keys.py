"""A small archive whose signing keys were changed: the ledger tells when each came into force and by whose word.

0 1 2   the first keys for manifests, receipts and packages     day 0
3       recording 1 is sealed                                   day 1
4 5 6   the second ones                                         day 2
7       recording 2 is sealed                                   day 3
8       the third key for packages                              day 4
        the package                                             day 5
"""

from __future__ import annotations

import copy
import hashlib
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from integrity.authority import Authority
from integrity.canonical import Json
from integrity.dsse import encode_base64
from integrity.epoch_keys import EpochKey
from integrity.keys import SigningKey
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.merkle import leaf_hash
from integrity.package import layout
from integrity.package.documents import InclusionProof
from integrity.package.write import write_package
from integrity.succession import sign_succession
from integrity.trust import Trust
from tests.integrity.package.conftest import NOW, ORIGIN, SmallArchive, resign

SECOND_MANIFEST, SECOND_PACKAGE, SECOND_SEALING, THIRD_PACKAGE = 4, 6, 7, 8


def day(number: float) -> datetime:
    return NOW + timedelta(days=number)


def made_entry(action: str, subject_id: str, data: Mapping[str, Json], at: datetime) -> bytes:
    return LedgerEntry(
        id=UUID(int=int(hashlib.sha256(f"{action} {subject_id}".encode()).hexdigest()[:16], 16), version=4),
        occurred_at=at,
        action=action,
        actor_kind="system",
        actor_id="keys",
        unit_id=None,
        subject_kind="key" if action == "key.activated" else "recording",
        subject_id=subject_id,
        data=data,
    ).to_bytes()


def activation(
    role: str,
    epoch: int,
    key: SigningKey,
    former: SigningKey | None,
    at: datetime,
    *,
    origin: str = ORIGIN,
    signed_by: SigningKey | None = None,
    **changes: Json,
) -> bytes:
    """`signed_by`: who signs in the former key's place; `changes` are of the data."""
    data: dict[str, Json] = {"purpose": role, "epoch": epoch, "public_key": key.public.raw.hex()}
    if former is not None:
        said = sign_succession(origin, role, epoch, former, key)
        words = dict(zip(("signed_by_former", "signed_by_this"), said.signatures, strict=True))
        data |= {name: encode_base64(each.signature) for name, each in words.items()}
        if signed_by is not None:
            data["signed_by_former"] = encode_base64(signed_by.sign(said.pae()))
        data["former"] = former.key_id
    return made_entry("key.activated", key.key_id, data | changes, at)


def sealing(number: int, archive: SmallArchive, at: datetime) -> bytes:
    envelope, token = archive.envelopes[number - 1], archive.tokens[number - 1]
    data = {
        "manifest_sha256": hashlib.sha256(envelope).hexdigest(),
        "token_sha256": hashlib.sha256(token).hexdigest(),
    }
    return made_entry("recording.sealed", str(archive.footage[number - 1].recording_id), data, at)


class ChangedKeys:
    """`archive` has the ledger's key and the entries; `lines` the keys of each role, the first first."""

    def __init__(self, authority: Authority) -> None:
        counts = {"manifest": 2, "receipt": 2, "package": 3}
        self.lines = {role: [SigningKey.generate() for _ in range(count)] for role, count in counts.items()}
        ledger = SigningKey.generate()
        first, self.archive = (
            SmallArchive(
                authority,
                keys={**{role: line[at] for role, line in self.lines.items()}, "ledger": ledger},
                manifest_epoch=epoch,
            )
            for epoch, at in ((1, 0), (2, 1))
        )
        self.by_first = first
        self.archive.envelopes[0], self.archive.tokens[0] = first.envelopes[0], first.tokens[0]
        self.archive.entries = [
            *(self.activation(role, 1, day(0)) for role in self.lines),
            sealing(1, self.archive, day(1)),
            *(self.activation(role, 2, day(2)) for role in self.lines),
            sealing(2, self.archive, day(3)),
            self.activation("package", 3, day(4)),
        ]

    def activation(self, role: str, epoch: int, at: datetime, **changes: Any) -> bytes:
        line = self.lines[role]
        former = line[epoch - 2] if epoch > 1 else None
        return activation(role, epoch, line[epoch - 1], former, at, **changes)

    def trust(self, **latest: int) -> Trust:
        """What was handed over when the named roles had come to these epochs; the others had come to their first."""
        held = {
            role: tuple(EpochKey(n, key.public) for n, key in enumerate(line[: latest.get(role, 1)], 1))
            for role, line in self.lines.items()
        }
        return replace(
            self.archive.trust,
            manifest_keys=held["manifest"],
            receipt_keys=held["receipt"],
            package_keys=held["package"],
        )

    @property
    def old_trust(self) -> Trust:
        return self.trust()

    @property
    def new_trust(self) -> Trust:
        return self.trust(manifest=2, receipt=2, package=3)

    def write(self, folder: Path) -> Path:
        write_package(
            folder,
            self.archive.contents(
                created_at=day(5),
                entries=map(self.archive.packaged_entry, range(len(self.archive.entries))),
                trust=self.new_trust,
                key=self.lines["package"][2],
                key_epoch=3,
            ),
        )
        return folder

    def rewrite_log(
        self,
        folder: Path,
        entries: Mapping[int, bytes] | None = None,
        ledger: SigningKey | None = None,
        without: Iterable[int] = (),
    ) -> None:
        """As if the ledger had had these entries in the places of its own, or after them: whoever has its key can.
        The package has all `without` some."""
        whole = dict(enumerate(self.archive.entries)) | dict(entries or {})
        forged = self.ledger_of([whole[index] for index in sorted(whole)], ledger)
        shutil.rmtree(folder / "log")
        for index, entry in enumerate(forged.entries):
            if index not in without:
                put_entry(folder, index, entry, forged)
        (folder / layout.CHECKPOINT).write_bytes(forged.checkpoint())

    def ledger_of(self, entries: list[bytes], ledger: SigningKey | None = None) -> SmallArchive:
        forged = copy.copy(self.archive)
        forged.keys = {**self.archive.keys, "ledger": ledger or self.archive.keys["ledger"]}
        forged.entries = entries
        return forged

    def sign(self, folder: Path, epoch: int = 3, key: SigningKey | None = None, **changes: Json) -> None:
        resign(folder, key or self.lines["package"][epoch - 1], key_epoch=epoch, **changes)


def put_entry(folder: Path, index: int, entry: bytes, ledger: SmallArchive) -> None:
    """The entry with its proof, which leads nowhere where it is not of this ledger."""
    packaged = ledger.packaged_entry(index)
    for path, content in (
        (layout.entry_path(index), entry),
        (
            layout.proof_path(index),
            InclusionProof(index, len(ledger.entries), leaf_hash(entry), tuple(packaged.proof)).to_bytes(),
        ),
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def restated(entry: bytes, **changes: Json) -> bytes:
    """The entry with other data, whatever was signed."""
    parsed = parse_entry(entry)
    return replace(parsed, data={**parsed.data, **changes}).to_bytes()


def at_another_time(entry: bytes, at: datetime) -> bytes:
    return replace(parse_entry(entry), occurred_at=at).to_bytes()
