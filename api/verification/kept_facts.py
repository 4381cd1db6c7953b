"""What a row says of a fact that an entry states, where it keeps it otherwise: a span's end, a hash, there or not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from api.verification.rule_accounts import KINDS
from casework.deadlines import calendars
from casework.documents.drafts import digest_text
from casework.filereview.drawing import digest_eligible
from casework.filereview.scoring import digest_scores
from casework.linking.rows import digest_candidates
from casework.publication.collecting import as_text
from casework.retrieval.redaction import digest_spans
from casework.returns.rows import digest_figures
from casework.review.reviewing import digest_answers
from ingest.sealing.contents_claim import contents_of
from integrity.canonical import canonical_json
from integrity.errors import MalformedEvidence
from storage.catalog.base import Base
from storage.catalog.deadlines import CalendarYear

_OF_ITS_SOURCE: Mapping[type[Base], Callable[[Any], bool]] = {
    CalendarYear: calendars.is_of_its_source,
    **{kind.model: is_of_its_source for kind, is_of_its_source in KINDS},
}


def _claims_by_kind(row: Any) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """As a manifest states them."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for claim in row.claims:
        facts = dict(claim)
        kept.setdefault(str(facts.pop("kind", "")), []).append(facts)
    return kept


UNREADABLE: Final = "unreadable"
"""Of what is nothing that we ever wrote: an auditor is to hear of it, and of everything else."""

KEPT_AS: Mapping[str, Callable[[Any], object]] = {
    "spans_sha256": digest_spans,
    "mark_text": lambda row: "\n".join(row.mark),
    "gave_up": lambda row: row.state == "failed",
    "withdrawn": lambda row: row.withdrawn_at,
    "decided": lambda row: row.decided_at,
    "answered": lambda row: row.answered_at,
    "can_sign_in": lambda row: row.can_sign_in,
    "done": lambda row: row.done_at,
    "revoked": lambda row: row.revoked_at,
    "closed": lambda row: row.closed_at,
    "ended": lambda row: row.ended_at,
    "opened": lambda row: row.opened_at,
    "released": lambda row: row.released_at,
    "used": lambda row: row.used_at,
    "retired": lambda row: row.retired_at,
    "voided": lambda row: row.voided_at,
    "issued_from": lambda row: row.span.lower,
    "valid_from": lambda row: row.valid.lower,
    "finished": lambda row: row.finished_at,
    "in_force": lambda row: row.in_force_at,
    "of_its_source": lambda row: _OF_ITS_SOURCE[type(row)](row),
    "of_its_content": lambda row: hashlib.sha256(row.content).digest() == row.sha256,
    "starts_at": lambda row: row.span.lower,
    "ends_at": lambda row: row.span.upper,
    "cases": lambda row: [choice.get("case_id") for choice in row.candidates],
    "candidates_sha256": lambda row: digest_candidates(row.candidates),
    "text_digest": lambda row: digest_text(row.fields, row.facts),
    "pdf_digest": lambda row: hashlib.sha256(row.pdf).digest(),
    "certificate_digest": lambda row: hashlib.sha256(row.certificate).digest(),
    "chain_digest": lambda row: hashlib.sha256(row.chain.encode()).digest(),
    "answers_sha256": lambda row: digest_answers(row.answers),
    "scores_sha256": lambda row: digest_scores(row.scores),
    "checked": lambda row: row.checked_at,
    "set_aside": lambda row: row.set_aside_at,
    "figures_sha256": lambda row: digest_figures(row.figures),
    "eligible_count": lambda row: len(row.eligible),
    "eligible_sha256": lambda row: digest_eligible(row.eligible),
    "envelope_sha256": lambda row: hashlib.sha256(row.envelope).hexdigest(),
    "names_text": lambda row: as_text(row.names),
    "kept_text": lambda row: as_text(row.kept),
    "removed": lambda row: row.removed_at,
    "accepted": lambda row: row.accepted_at,
    "refused": lambda row: row.refused_at,
    "claimed_sha256": lambda row: row.claims.get("sha256"),
    "claims_by_kind": _claims_by_kind,
    "contents": lambda row: contents_of(row.findings),
    "claims_text": lambda row: canonical_json(row.claims).decode(),
}


def kept_fact(row: Any, name: str) -> object:
    """What a row says of a fact, as it is; UNREADABLE where nobody can tell."""
    if name not in KEPT_AS:
        return getattr(row, name)
    try:
        return KEPT_AS[name](row)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, MalformedEvidence):
        return UNREADABLE
