"""What the ledger says of deadlines: days off; events of cases, and until when terms ran."""

from __future__ import annotations

from collections.abc import Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.deadlines import CalendarYear, CaseEvent, CaseTerm, TermAnswer


def _year(entry: LedgerEntry) -> Facts:
    by_person = entry.actor_id if entry.actor_kind == "person" else None
    stated = as_stated(entry, "year", "ordinal", "source_sha256")
    return {**stated, "loaded_by": by_person, **made_at(entry, "loaded_at"), "of_its_source": True}


def _of_case(entry: LedgerEntry) -> Facts:
    return {"unit_id": unit_of(entry), "case_id": entry.subject_id}


def _event(entry: LedgerEntry) -> Facts:
    standing: Facts = {"withdrawn": None, "withdrawn_by": None, "withdraw_reason": None}
    named: Facts = {"issue_id": None, "revokes_id": None, **as_stated(entry, "issue_id", "revokes_id")}
    by: Facts = {**_of_case(entry), "entered_by": entry.actor_id, **made_at(entry, "entered_at")}
    return {**standing, **named, **as_stated(entry, "kind", "day"), **by}


def _term(entry: LedgerEntry) -> Facts:
    open_: Facts = {"done_on": None, "done_by": None, "done": None}
    return {**open_, **_of_case(entry), **as_stated(entry, "event_id", "kind")}


def _answer(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "term_id", "ordinal", "due_on", "estimate", "unannounced", "rule_id", "because")
    return {**stated, **_of_case(entry), **made_at(entry, "computed_at")}


def _fulfilled(entry: LedgerEntry) -> Facts:
    """By whose deed it was, where a program entered it."""
    return {**ended("done", "done_by")(entry), **as_stated(entry, "done_on", "done_by")}


DEADLINE_SUBJECTS: Sequence[Subject] = (
    Subject(CalendarYear, (Step("calendar.loaded", _year, makes=True),)),
    Subject(
        CaseEvent,
        (
            Step("case.event_entered", _event, "event_id", makes=True),
            Step("case.event_withdrawn", ended("withdrawn", "withdrawn_by", "withdraw_reason"), "event_id"),
        ),
    ),
    Subject(
        CaseTerm,
        (
            Step("case.term_started", _term, "term_id", makes=True),
            Step("case.term_fulfilled", _fulfilled, "term_id"),
        ),
    ),
    # With a key of its own: the first answer is made by the entry that makes the term.
    Subject(
        TermAnswer,
        tuple(
            Step(action, _answer, "answer_id", makes=True) for action in ("case.term_started", "case.term_recomputed")
        ),
        key=lambda row: str(row.id),
    ),
)
