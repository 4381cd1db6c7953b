"""One entry of the ledger (条目): who did what to what, when. Format: docs/formats/ledger.md.

An entry lives for ever and is read by auditors and witnesses, so it holds opaque ids, codes, numbers and commitments
only. A person's name, a case number or free text goes in as a salted commitment; the opening is kept elsewhere and can
be destroyed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.errors import EntryTooLarge, EvidenceContradiction, MalformedEvidence
from integrity.fields import Fields, format_instant, optional_text, parse_uuid
from integrity.tiles import MOST_ENTRY_BYTES

VERSION = 1
SALT_BYTES = 32

_WHAT = "ledger entry"
_NAMES = ("v", "id", "occurred_at", "action", "actor", "unit_id", "subject", "data")
_ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_OPAQUE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
# Printable ASCII without a space: holds every id, code, digest and time, and no sentence, name or address.
_PLAIN_TOKEN = re.compile(r"[!-~]{0,512}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """What happened. `unit_id` is None for what concerns the whole archive, `actor_id` for an actor without an id."""

    id: UUID
    occurred_at: datetime
    action: str
    actor_kind: str
    actor_id: str | None
    unit_id: UUID | None
    subject_kind: str
    subject_id: str
    data: Mapping[str, Json]

    def to_bytes(self) -> bytes:
        """The entry as it is stored and hashed, canonical.

        Raises EntryTooLarge over 65,535 bytes and MalformedEvidence for what has no place in an entry.
        """
        # What no auditor could read again must not be entered: it could never be taken back.
        _check_words(self)
        entry = canonical_json(self._form(), _WHAT)
        _require_room(entry)
        return entry

    def _form(self) -> dict[str, Json]:
        return {
            "v": VERSION,
            "id": str(self.id),
            "occurred_at": format_instant(self.occurred_at),
            "action": self.action,
            "actor": {"kind": self.actor_kind, "id": self.actor_id},
            "unit_id": None if self.unit_id is None else str(self.unit_id),
            "subject": {"kind": self.subject_kind, "id": self.subject_id},
            "data": self.data,
        }


def parse_entry(data: bytes) -> LedgerEntry:
    """Read an entry's bytes. Raises EntryTooLarge or MalformedEvidence."""
    _require_room(data)
    return _read_form(parse_canonical(data, _WHAT))


def new_salt() -> bytes:
    """A fresh salt for one commitment. Two commitments never share one: equal values would show."""
    return secrets.token_bytes(SALT_BYTES)


def commit_value(salt: bytes, value: str) -> str:
    """Commitment to `value`: hex HMAC-SHA256 under `salt`. Without the salt it can neither be opened nor guessed.

    Raises ValueError for a salt too short to keep short values from being guessed.
    """
    if len(salt) < SALT_BYTES:
        raise ValueError(f"a salt of {len(salt)} bytes is too short, {SALT_BYTES} random bytes are needed")
    return hmac.new(salt, value.encode("utf-8"), hashlib.sha256).hexdigest()


def verify_commitment(commitment: str, salt: bytes, value: str, what: str = "commitment") -> None:
    """Check that an opening fits what the entry committed to. Raises EvidenceContradiction naming `what`."""
    opened = commit_value(salt, value)
    if not hmac.compare_digest(opened.encode(), commitment.encode()):
        raise EvidenceContradiction(what, "the ledger", commitment, opened)


def _require_room(entry: bytes) -> None:
    if len(entry) > MOST_ENTRY_BYTES:
        raise EntryTooLarge(_WHAT, f"{len(entry)} bytes, at most {MOST_ENTRY_BYTES} fit")


def _read_form(form: Json) -> LedgerEntry:
    fields = Fields(_WHAT, form, _NAMES)
    fields.constant("v", VERSION)
    actor, subject = fields.nested("actor", ("kind", "id")), fields.nested("subject", ("kind", "id"))
    actor_id = optional_text(actor.value("id"), "ledger entry: actor id")
    unit_id = optional_text(fields.value("unit_id"), "ledger entry: unit_id")
    entry = LedgerEntry(
        id=fields.uuid("id"),
        occurred_at=fields.instant("occurred_at"),
        action=fields.text("action"),
        actor_kind=actor.text("kind"),
        actor_id=actor_id,
        unit_id=None if unit_id is None else parse_uuid(unit_id, "ledger entry: unit_id"),
        subject_kind=subject.text("kind"),
        subject_id=subject.text("id"),
        data=fields.mapping("data"),
    )
    _check_words(entry)
    return entry


def _check_words(entry: LedgerEntry) -> None:
    """That an entry holds ids, codes and plain tokens alone. Raises MalformedEvidence."""
    if not isinstance(entry.id, UUID) or not isinstance(entry.unit_id, UUID | None):
        raise MalformedEvidence(_WHAT, "id and unit_id: not UUIDs")
    _match(_ACTION, entry.action, "action")
    _match(_CODE, entry.actor_kind, "actor kind")
    if entry.actor_id is not None:
        _match(_OPAQUE_ID, entry.actor_id, "actor id")
    _match(_CODE, entry.subject_kind, "subject kind")
    _match(_OPAQUE_ID, entry.subject_id, "subject id")
    if not isinstance(entry.data, Mapping):
        raise MalformedEvidence(_WHAT, "data: not an object")
    for name, value in entry.data.items():
        _match(_CODE, name, "data name")
        _check_value(value, name)


def _check_value(value: Json, place: str) -> None:
    if isinstance(value, str):
        if not _PLAIN_TOKEN.fullmatch(value):
            raise MalformedEvidence(_WHAT, f"data {place}: free text has no place in the ledger; use commit_value")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            _check_value(name, place)
            _check_value(item, f"{place}.{name}")
    elif isinstance(value, Sequence):
        for number, item in enumerate(value):
            _check_value(item, f"{place}[{number}]")


def _match(pattern: re.Pattern[str], text: str, place: str) -> str:
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise MalformedEvidence(_WHAT, f"{place} {text!r} is not of the form {pattern.pattern}")
    return text
