"""Decisions on a case's page, the reviewer's queue, and the page on which an opinion is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.http.reading.decisions import names_of_decisions
from api.pages.visit import Visit
from casework.organisation import names_of
from casework.permission import MAY
from casework.review.disputes import list_disputes
from casework.review.gate import case_refusals
from casework.review.listing import decision_now, decisions_of_case, decisions_with, list_waiting, open_submission
from casework.review.referable import referable_in
from casework.review.reviewing import why_barred
from casework.review.scope_file import FIELDS
from casework.stage_machines import find_step
from storage.catalog.casework import Case
from storage.catalog.decisions import FACTS, LEVELS, MEASURES, PARTY_KINDS, Decision
from storage.catalog.organisation import Unit
from storage.catalog.review import ANSWERS, OPINIONS, QUESTIONS

ROWS = 100


def build_case_decisions(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the case page's part about decisions is filled from."""
    decisions, role = decisions_of_case(visit.session, case.id), visit.person.role
    open_ = case.closed_at is None
    head = find_step(case.procedure, "decision", "execution")
    return {
        "decisions": decisions,
        "decision_names": names_of_decisions(visit.session, decisions),
        "gate": case_refusals(visit.session, case.id) if open_ and case.stage == "decision" else (),
        "decision_kinds": tuple(dict.fromkeys((case.kind, "coercion"))),
        "decision_words": {
            "measures": MEASURES,
            "levels": LEVELS,
            "fields": FIELDS,
            "party_kinds": PARTY_KINDS,
            "facts": FACTS,
        },
        "decision_may": {
            "draft": open_ and role in MAY["draft_decisions"],
            "issue": open_ and role in (MAY["issue_decisions"] if head is None else head.by),
            "transfers": role in MAY["see_transfers"],
        },
    }


def build_reviews(visit: Visit) -> Mapping[str, Any]:
    """What waits for an opinion, the longest first."""
    visit.require(*MAY["review_decisions"])
    page = list_waiting(visit.session, visit.person, after=visit.after, limit=ROWS)
    decisions = decisions_with(visit.session, {each.submission.decision_id for each in page.items})
    rows = [(each, decisions[each.submission.decision_id]) for each in page.items]
    return {
        "rows": rows,
        "next": visit.next_page(page.next),
        "names": names_of(visit.session, {each.submission.submitted_by for each, _ in rows}),
        "disputes": list_disputes(visit.session, visit.person, limit=ROWS).items if visit.after is None else (),
    }


def build_review(visit: Visit) -> Mapping[str, Any]:
    """One submission: what is to be decided, why it needs a review, what there is in the case, and the form."""
    visit.require(*MAY["review_decisions"])
    waiting = open_submission(visit.session, visit.person, visit.path_id())
    decision = decision_now(visit.session, _decision(visit, waiting.submission.decision_id))
    barred = why_barred(visit.session, visit.person, waiting.case.id)
    waits = decision.state == "submitted" and waiting.submission.version_id == decision.latest.row.id
    people = {waiting.submission.submitted_by}
    return {
        "waiting": waiting,
        "case": waiting.case,
        "unit": visit.session.get_one(Unit, waiting.case.unit_id),
        "decision": decision,
        "names": {**names_of(visit.session, people), **names_of_decisions(visit.session, [decision])},
        "barred": barred,
        "may_review": barred is None and waits and waiting.submission.withdrawn_at is None,
        "answers": ANSWERS,
        "opinions": OPINIONS,
        "material": {"questions": QUESTIONS, "found": referable_in(visit.session, waiting.case.id)},
    }


def _decision(visit: Visit, decision_id: Any) -> Decision:
    return visit.session.get_one(Decision, decision_id)
