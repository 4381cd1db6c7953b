"""The opinion of a legal review (法制审核意见) as the archive signs it. Format: docs/formats/review.md.

A DSSE envelope over canonical JSON, signed with the archive's review key: a database can say which review lets a
decision pass, and not whether it was ever given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from integrity.canonical import Json, canonical_json, parse_canonical
from integrity.dsse import Envelope, sign_envelope, verify_envelope
from integrity.epoch_keys import EpochKey, public_keys
from integrity.errors import EvidenceContradiction
from integrity.fields import format_instant
from integrity.keys import SigningKey

PAYLOAD_TYPE: Final = "application/vnd.liuhen.review.v1+json"
VERSION: Final = 1
_WHAT: Final = "review"


@dataclass(frozen=True, kw_only=True)
class ReviewOpinion:
    """What was decided about which version of which decision. `decided`: all that the version says, as it was read;
    `answers` to the seven questions with their references; `session_id` of the committee's, where it is its outcome;
    times are UTC."""

    review_id: UUID
    unit_id: UUID
    case_id: UUID
    decision_id: UUID
    version_id: UUID
    submission_id: UUID
    ordinal: int
    opinion: str
    answers: Mapping[str, Json]
    statement: str
    reviewer_id: UUID
    reviewed_at: datetime
    decided: Mapping[str, Json]
    key_epoch: int
    session_id: UUID | None = None

    def to_bytes(self) -> bytes:
        """The payload to sign, canonical. Raises MalformedEvidence."""
        ids = ("review_id", "unit_id", "case_id", "decision_id", "version_id", "submission_id", "reviewer_id")
        form: dict[str, Json] = {name: str(getattr(self, name)) for name in ids}
        stated: dict[str, Json] = {
            "v": VERSION,
            "ordinal": self.ordinal,
            "opinion": self.opinion,
            "answers": self.answers,
            "statement": self.statement,
            "reviewed_at": format_instant(self.reviewed_at),
            "decided": self.decided,
            "key_epoch": self.key_epoch,
        }
        sat: dict[str, Json] = {} if self.session_id is None else {"session_id": str(self.session_id)}
        return canonical_json({**form, **stated, **sat}, _WHAT)


def sign_opinion(opinion: ReviewOpinion, key: SigningKey) -> bytes:
    """The envelope to store, verbatim."""
    return sign_envelope(opinion.to_bytes(), PAYLOAD_TYPE, key).to_bytes()


def require_opinion(envelope: bytes, expected: ReviewOpinion, keys: Iterable[EpochKey]) -> None:
    """The envelope was signed by one of these keys, in its epoch, over exactly what is expected.

    `expected.key_epoch` is not looked at: the envelope states it. Raises EvidenceError, which says what is wrong.
    """
    pinned = tuple(keys)
    parsed = Envelope.parse(envelope, _WHAT)
    payload = parse_canonical(verify_envelope(parsed, public_keys(pinned), PAYLOAD_TYPE, _WHAT), _WHAT)
    epochs = [each.epoch for each in pinned if each.key.key_id == parsed.signatures[0].key_id]
    wanted = parse_canonical(expected.to_bytes(), _WHAT)
    assert isinstance(payload, Mapping)
    assert isinstance(wanted, Mapping)
    stated = payload.get("key_epoch")
    if stated not in epochs:
        raise EvidenceContradiction(_WHAT, "the epochs of its key", str(epochs), str(stated))
    for name in sorted({*payload, *wanted} - {"key_epoch"}):
        if payload.get(name) != wanted.get(name):
            raise EvidenceContradiction(
                _WHAT, f"its row: {name}", _digest(wanted.get(name)), _digest(payload.get(name))
            )


def _digest(value: Json) -> str:
    """Names and free text do not go into error messages."""
    return f"sha256:{hashlib.sha256(canonical_json(value, _WHAT)).hexdigest()}"
