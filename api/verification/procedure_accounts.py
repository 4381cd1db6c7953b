"""What the ledger says of procedure: acts, and how gaps were explained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api.verification.steps import Facts, Step, Subject, as_stated, ended, made_at, pledged, unit_of
from integrity.ledger_entry import LedgerEntry
from storage.catalog.handling import CaseOfficer, IdentityShown, NoticeGiven
from storage.catalog.procedure import ActExplanation, CaseAct, CaseActStatement

_STANDING: Facts = {"withdrawn": None, "withdrawn_by": None, "withdraw_reason": None}


def _of_case(entry: LedgerEntry) -> Facts:
    return {"unit_id": unit_of(entry), "case_id": entry.subject_id}


def _act(entry: LedgerEntry) -> Facts:
    return {**_STANDING, **_of_case(entry), "added_by": entry.actor_id, **made_at(entry, "added_at")}


def _statement(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"place": None, "reason": None}
    stated = as_stated(
        entry,
        "act_id",
        "ordinal",
        "kind",
        "starts_at",
        "ends_at",
        "officer_id",
        "second_officer_id",
        "checklists",
    )
    by: Facts = {**_of_case(entry), "stated_by": entry.actor_id, **made_at(entry, "stated_at")}
    return {**nothing, **stated, **pledged(entry, "place", "reason"), **by}


def _named(entry: LedgerEntry) -> Facts:
    standing: Facts = {"ended": None, "ended_by": None, "end_reason": None, "named_by": entry.actor_id}
    return {**standing, **_of_case(entry), **as_stated(entry, "person_id"), **made_at(entry, "named_at")}


def _identity_shown(entry: LedgerEntry) -> Facts:
    stated = as_stated(entry, "person_id", "shown_at", "act_id")
    return {**_of_case(entry), **stated, "stated_by": entry.actor_id, **made_at(entry, "stated_at")}


def _notice(entry: LedgerEntry) -> Facts:
    nothing: Facts = {"document_number": None}
    stated = {**as_stated(entry, "person_id", "given_at", "act_id"), **pledged(entry, "document_number")}
    return {**nothing, **_of_case(entry), **stated, "stated_by": entry.actor_id, **made_at(entry, "stated_at")}


def _explanation(entry: LedgerEntry) -> Facts:
    undecided: Facts = {"decision": None, "decided": None, "decided_by": None, "decision_reason": None}
    stated = {**as_stated(entry, "act_id", "starts_at", "ends_at"), **pledged(entry, "reason")}
    by: Facts = {**_of_case(entry), "given_by": entry.actor_id, **made_at(entry, "given_at")}
    return {**undecided, **_STANDING, **stated, **by}


def _decided(decision: str) -> Callable[[LedgerEntry], Facts]:
    def says(entry: LedgerEntry) -> Facts:
        return {"decision": decision, **ended("decided", "decided_by", "decision_reason")(entry)}

    return says


_WITHDRAWN = ended("withdrawn", "withdrawn_by", "withdraw_reason")
_SAYING = ("case.act_added", "case.act_ended", "case.act_corrected")
PROCEDURE_SUBJECTS: Sequence[Subject] = (
    Subject(
        CaseAct,
        (
            Step("case.act_added", _act, "act_id", makes=True),
            Step("case.act_withdrawn", _WITHDRAWN, "act_id"),
        ),
    ),
    # With a key of its own: the first statement is made by the entry that makes the act.
    Subject(
        CaseActStatement,
        tuple(Step(action, _statement, "statement_id", makes=True) for action in _SAYING),
        key=lambda row: str(row.id),
    ),
    Subject(
        CaseOfficer,
        (
            Step("case.officer_named", _named, "case_officer_id", makes=True),
            Step("case.officer_released", ended("ended", "ended_by", "end_reason"), "case_officer_id"),
        ),
    ),
    Subject(IdentityShown, (Step("case.identity_shown", _identity_shown, "shown_id", makes=True),)),
    Subject(NoticeGiven, (Step("case.notice_given", _notice, "notice_id", makes=True),)),
    Subject(
        ActExplanation,
        (
            Step("case.gap_explained", _explanation, "explanation_id", makes=True),
            Step("case.explanation_confirmed", _decided("confirmed"), "explanation_id"),
            Step("case.explanation_refused", _decided("refused"), "explanation_id"),
            Step("case.explanation_withdrawn", _WITHDRAWN, "explanation_id"),
        ),
    ),
)
