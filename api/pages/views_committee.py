"""The committee's page, the pool of advisers, and the cases that wait to be handed over to the judiciary."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from api.http.reading.decisions import names_of_decisions
from api.pages.visit import Visit
from casework.organisation import names_of
from casework.permission import MAY
from casework.review.advisers import list_advisers
from casework.review.committee import QUORUM
from casework.review.disputes import may_advise, may_sit, open_dispute
from casework.review.listing import decision_now
from casework.review.referable import referable_in
from casework.review.reviewing import why_barred
from casework.review.transfers import open_transfers, packages_to_hand_over
from retention.own_units import own_units
from storage.catalog.decisions import Decision
from storage.catalog.organisation import Unit
from storage.catalog.review import ADVISER_KINDS, ANSWERS, QUESTIONS, DecisionReview

ROWS = 100


def build_committee(visit: Visit) -> Mapping[str, Any]:
    """One disagreement: what is to be decided and why not, and the form for the session's minutes."""
    visit.require(*MAY["review_decisions"])
    session = visit.session
    waiting = open_dispute(session, visit.person, visit.path_id())
    decision = decision_now(session, session.get_one(Decision, waiting.row.decision_id))
    barred = why_barred(session, visit.person, waiting.case.id)
    people, pool = may_sit(session, waiting.case), list_advisers(session, waiting.case.unit_id)
    advisers = may_advise(session, waiting.case)
    return {
        "waiting": waiting,
        "case": waiting.case,
        "unit": session.get_one(Unit, waiting.case.unit_id),
        "decision": decision,
        "names": names_of_decisions(session, [decision]),
        "barred": barred,
        "may_keep": barred is None and decision.state == "problems" and _waits(decision, waiting.review),
        "people": people,
        "quorum": QUORUM,
        "units": _unit_names(visit, (person.unit_id for person in people)),
        "advisers": advisers,
        "pool": pool,
        "excluded": [each for each in pool if each.ended_at is None and each not in advisers],
        "answers": ANSWERS,
        "material": {"questions": QUESTIONS, "found": referable_in(session, waiting.case.id)},
    }


def build_advisers(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["keep_advisers"])
    own = own_units(visit.person)
    rows = list_advisers(visit.session, *own)
    units = _unit_names(visit, (row.unit_id for row in rows))
    return {"rows": rows, "own": own, "kinds": ADVISER_KINDS, "units": units}


def build_transfers(visit: Visit) -> Mapping[str, Any]:
    """What waits to be handed over, the longest first, each with the packages of its case that may go."""
    visit.require(*MAY["see_transfers"])
    page = open_transfers(visit.session, visit.person, after=visit.after, limit=ROWS)
    rows = page.items
    packages = packages_to_hand_over(visit.session, [row.id for row, _ in rows])
    people = {row.opened_by for row, _ in rows} | {each.person_id for made in packages.values() for each in made}
    return {
        "rows": rows,
        "next": visit.next_page(page.next),
        "packages": packages,
        "may_end": visit.person.role in MAY["end_transfers"],
        "names": names_of(visit.session, people),
        "units": _unit_names(visit, (case.unit_id for _, case in rows)),
    }


def _waits(decision: Any, review: DecisionReview) -> bool:
    dispute = decision.disputes.get(review.id)
    return dispute is not None and dispute.sitting is None and review.withdrawn_at is None


def _unit_names(visit: Visit, unit_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = visit.session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(set(unit_ids))))
    return {row.id: row.name for row in rows}
