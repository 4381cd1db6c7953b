"""Epochs that somebody put among the announced keys are struck out: they stop whoever signs, and have the place that
the next key needs.

The application's role may insert a row into `signing_key_epoch`, and nobody may change or remove one. So whoever has
that role's password can add an epoch, though no key to the line: the key folder knows that (api/keyring.py). Nothing is
signed for that purpose from then on, for a row that the folder lacks may also be a true one that an older folder has
not. *The entry tells them apart*: of a true one the former key signed it. What it did not sign is forged, whatever else
it says, and goes with an entry of its own in its place. What it did sign is left alone, unless a person answers for the
folder: then somebody has a copy of the former key. docs/keys.md says what to do.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from api.errors import KeysUnusable
from api.keyring import HeldKey, Keyring, announcement
from api.succeeding import alone_with_keys, telling_signing_keys
from integrity.dsse import decode_base64
from integrity.epoch_keys import EpochKey
from integrity.errors import EvidenceError
from integrity.keys import PublicKey
from integrity.ledger_entry import LedgerEntry, parse_entry
from integrity.succession import ACTIVATED, FIRST_EPOCH, Succession
from storage.catalog.ledger import LedgerEntryRow, SigningKeyEpoch
from storage.database import Database
from storage.ledger.append import Actor, Change, record_change

STRUCK: Final = "key.struck"
_DELETE = text("DELETE FROM signing_key_epoch WHERE purpose = :purpose AND epoch = ANY(:epochs)")


@dataclass(frozen=True, slots=True)
class StruckEpoch:
    """A row that is gone. `signed`: a former key had signed that this one follows, so somebody has a copy of it."""

    epoch: int
    key_id: str
    entry_id: uuid.UUID
    signed: bool


def strike_epochs(owner: Database, keyring: Keyring, purpose: str, *, stolen: bool = False) -> tuple[StruckEpoch, ...]:
    """Remove the rows for `purpose` that the key folder does not know, each under an entry that says so; none: all are
    as they should be. `owner`: as the owner of the tables.

    `stolen`: somebody answers for it that the key folder is the latest there is, so that what a former key signed and
    the folder does not know was signed by somebody else. Raises KeysUnusable: without that where there is such a row,
    and where the first key is another; then nothing was changed.
    """
    with alone_with_keys(keyring), telling_signing_keys():
        held = {each.epoch: each for each in keyring.held_keys(purpose)}
        with owner.transaction() as session:
            struck = _find_foreign(session, keyring.origin, purpose, held)
            _require_forged(keyring, purpose, struck, stolen)
            for each in struck:
                data = {"purpose": purpose, "epoch": each.epoch, "key_sha256": _digest(each.key_id)}
                change = Change(STRUCK, "key", str(each.entry_id), None, data)
                record_change(session, Actor.system("keys"), change)
            session.flush()
            if struck:
                _delete(session, purpose, [each.epoch for each in struck])
    return struck


def _find_foreign(session: Session, origin: str, purpose: str, held: Mapping[int, HeldKey]) -> tuple[StruckEpoch, ...]:
    statement = (
        select(SigningKeyEpoch, LedgerEntryRow.entry)
        .join(LedgerEntryRow, LedgerEntryRow.id == SigningKeyEpoch.entry_id)
        .where(SigningKeyEpoch.purpose == purpose)
        .order_by(SigningKeyEpoch.epoch)
    )
    known = {epoch: each.key for epoch, each in held.items()}
    found = []
    for row, content in session.execute(statement):
        entry = _parsed(content)
        if row.epoch in held and _is_announced(row, entry, purpose, held[row.epoch]):
            continue
        key = _signed_for(entry, origin, purpose, row.epoch, known.get(row.epoch - 1))
        signed = key is not None and key.raw == row.public_key
        if key is not None and signed:
            # What follows a key that the folder lacks may be true with it.
            known.setdefault(row.epoch, key)
        found.append(StruckEpoch(row.epoch, row.key_id, row.entry_id, signed))
    return tuple(found)


def _is_announced(row: SigningKeyEpoch, entry: LedgerEntry | None, purpose: str, held: HeldKey) -> bool:
    said = None if entry is None else (entry.action, entry.subject_id, entry.data)
    key_id = held.key.key_id
    true = (ACTIVATED, key_id, announcement(purpose, EpochKey(held.epoch, held.key), held.succession))
    return said == true and (row.key_id, row.public_key) == (key_id, held.key.raw)


def _signed_for(
    entry: LedgerEntry | None, origin: str, purpose: str, epoch: int, former: PublicKey | None
) -> PublicKey | None:
    """The key that an entry says is of this epoch, if the key before it has signed that."""
    if entry is None or entry.action != ACTIVATED or former is None:
        return None
    try:
        key = PublicKey(bytes.fromhex(str(entry.data.get("public_key"))))
        said = Succession(origin=origin, purpose=purpose, epoch=epoch, former=former, following=key)
        said.require_signed(
            decode_base64(str(entry.data.get("signed_by_former")), "signed_by_former"),
            decode_base64(str(entry.data.get("signed_by_this")), "signed_by_this"),
        )
    except (EvidenceError, ValueError):
        return None
    return key


def _require_forged(keyring: Keyring, purpose: str, struck: Sequence[StruckEpoch], stolen: bool) -> None:
    if any(each.epoch == FIRST_EPOCH for each in struck):
        raise KeysUnusable(
            f"{keyring.signing_folder} 中的第一把 {purpose} 密钥与账本所载的不同：密钥目录与数据库不属于同一档案",
            f"the first {purpose} key in {keyring.signing_folder} is another than the ledger's: key folder and "
            "database are not of one archive",
        )
    signed = ", ".join(str(each.epoch) for each in struck if each.signed)
    if signed and not stolen:
        raise KeysUnusable(
            f"{purpose} 第 {signed} 期由原密钥签署接替，未作任何更改：多半是 {keyring.signing_folder} 较旧，"
            "请从较新的备份恢复；确知密钥目录最新、原私钥已外泄的，加 --stolen",
            f"a former key signed for epoch {signed} of {purpose}, so nothing was changed: most likely "
            f"{keyring.signing_folder} is older than the ledger, and has to be brought back from a newer backup; "
            "where it surely is the latest, somebody has a copy of that key: then add --stolen",
        )


def _delete(session: Session, purpose: str, epochs: Sequence[int]) -> None:
    """The one exception of a table from which nothing is removed: by its owner, within this transaction."""
    session.execute(text("ALTER TABLE signing_key_epoch DISABLE TRIGGER append_only"))
    session.execute(_DELETE, {"purpose": purpose, "epochs": list(epochs)})
    session.execute(text("ALTER TABLE signing_key_epoch ENABLE TRIGGER append_only"))


def _parsed(content: bytes) -> LedgerEntry | None:
    try:
        return parse_entry(content)
    except EvidenceError:
        return None


def _digest(key_id: str) -> str:
    """Of what the row calls its key: whatever somebody wrote there has no place in an entry."""
    return hashlib.sha256(key_id.encode()).hexdigest()
