"""What everything else is checked with: the announced keys."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select

from api.archive import Archive
from api.keyring import HeldKey, Keyring, announcement
from api.trust_folder import build_timestamp_trust
from api.verification.findings import Findings
from integrity.epoch_keys import EpochKey
from integrity.errors import EvidenceError
from integrity.keys import PublicKey
from integrity.ledger_entry import parse_entry
from integrity.succession import ACTIVATED, FIRST_EPOCH
from integrity.trust import Trust
from storage.catalog.ledger import KEY_PURPOSES, LedgerEntryRow, SigningKeyEpoch


def announced_trust(archive: Archive, findings: Findings, *, stands: bool = False) -> Trust:
    """The trust of this archive, as far as key folder, rows and ledger agree; where they do not, the finding says so.

    One that `stands` may have been brought back to an instant before a key was changed, and has the keys of later:
    what succeeded those that are announced is then no contradiction. Its next start enters them. Raises
    AuthorityUnpinned: without an authority no time stamp can be judged.
    """
    keys = {purpose: _announced(archive, findings, purpose, stands) for purpose in KEY_PURPOSES}
    return Trust(
        manifest_keys=keys["manifest"],
        receipt_keys=keys["receipt"],
        package_keys=keys["package"],
        ledger_vkey=archive.keyring.ledger_vkey,
        timestamp_trust=build_timestamp_trust(archive),
    )


def replaced_instants(archive: Archive) -> dict[str, datetime]:
    """By the ids of former keys: when, by the ledger's entry, another took the place of each."""
    statement = (
        select(SigningKeyEpoch.purpose, SigningKeyEpoch.key_id, LedgerEntryRow.entry)
        .join(LedgerEntryRow, LedgerEntryRow.id == SigningKeyEpoch.entry_id)
        .order_by(SigningKeyEpoch.purpose, SigningKeyEpoch.epoch)
    )
    with archive.database.reading() as session:
        rows = session.execute(statement).all()
    replaced: dict[str, datetime] = {}
    for former, following in pairwise(rows):
        if former.purpose == following.purpose:
            with suppress(EvidenceError):  # the audit of the ledger names it
                replaced[former.key_id] = parse_entry(following.entry).occurred_at
    return replaced


def _announced(archive: Archive, findings: Findings, purpose: str, stands: bool) -> tuple[EpochKey, ...]:
    # Of each row what is needed, and no instant: one beyond the calendar would end the audit before it has begun.
    columns = SigningKeyEpoch.epoch, SigningKeyEpoch.public_key, SigningKeyEpoch.key_id
    statement = (
        select(*columns, LedgerEntryRow.entry)
        .outerjoin(LedgerEntryRow, LedgerEntryRow.id == SigningKeyEpoch.entry_id)
        .where(SigningKeyEpoch.purpose == purpose)
        .order_by(SigningKeyEpoch.epoch)
    )
    # In this order: whatever is announced is in the folder before.
    present = archive.keyring.public_key(purpose)
    with archive.database.reading() as session:
        rows = session.execute(statement).all()
    line = _line(archive.keyring, findings, purpose)
    keys: list[EpochKey] = []
    for in_turn, row in enumerate(rows, FIRST_EPOCH):
        subject = f"{purpose} key of epoch {row.epoch}"
        try:
            key = PublicKey(row.public_key)
        except EvidenceError as error:
            findings.add("key_differs", subject, _logged(row.entry), error)
            continue
        if row.epoch != in_turn:
            findings.add("key_differs", subject, f"epoch {in_turn}", row.epoch)
        held = line.get(row.epoch)
        if held is None or held.key != key:
            findings.add("key_differs", subject, None if held is None else held.key.key_id, key.key_id)
        succession = None if held is None else held.succession
        said = (announcement(purpose, EpochKey(row.epoch, key), succession), row.key_id)
        logged = _logged(row.entry)
        if logged != said or key.key_id != row.key_id:
            findings.add("key_differs", subject, logged, said)
        keys.append(EpochKey(row.epoch, key))
    if stands and keys:
        held_later = (EpochKey(each.epoch, each.key) for each in line.values() if each.epoch > keys[-1].epoch)
        keys.extend(held_later)
    if present not in [each.key for each in keys]:
        findings.add("key_differs", f"{purpose} key", present.key_id, keys[-1].key.key_id if keys else "none announced")
        keys.append(EpochKey(keys[-1].epoch + 1 if keys else 1, present))
    return tuple(keys)


def _line(keyring: Keyring, findings: Findings, purpose: str) -> Mapping[int, HeldKey]:
    """By their epochs; empty, and a finding, where the folder's successions do not hold."""
    try:
        return {each.epoch: each for each in keyring.held_keys(purpose)}
    except EvidenceError as error:
        findings.add("key_differs", f"{purpose} key", "successions that hold", error)
        return {}


def _logged(content: bytes | None) -> tuple[object, ...] | None:
    """What an entry says of the key that it is about."""
    try:
        entry = None if content is None else parse_entry(content)
    except EvidenceError:
        entry = None
    return None if entry is None or entry.action != ACTIVATED else (entry.data, entry.subject_id)
