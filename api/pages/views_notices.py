"""What a party is told before a penalty, on the case's page: until when, what he said, and what is missing."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final

from api.http.reading.notices import people_of
from api.pages.visit import Visit
from casework.handling import handlers_of
from casework.notices.replies import GIVES_UP, signed_papers
from casework.notices.standing import drafts_told_of, notices_of_case
from casework.notices.telling import ON_THE_SPOT, PAPERS
from casework.organisation import names_of
from casework.permission import MAY
from casework.service.papers import papers_to_serve, proofs_near
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.notices import OUTCOMES

LAW: Final = "行政处罚法 第四十四条、第四十五条、第六十二条至第六十四条"
REPLIES: Final[Mapping[str, tuple[str, ...]]] = {
    "penalty": ("statement", "statement_waived"),
    "hearing": (
        "statement",
        "hearing_requested",
        "hearing_waived",
        "hearing_request_withdrawn",
        "hearing_short_notice_agreed",
    ),
}
"""What can be said to a notice of a kind."""


def build_notices(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the page's part about notices is filled from."""
    session, role, today = visit.session, visit.person.role, chinese_day(visit.now)
    notices = notices_of_case(session, case, today)
    may_state = case.closed_at is None and role in MAY["work_on_cases"]
    told = {each.row.document_id for each in notices if each.row.withdrawn_at is None}
    people = {person for person in people_of(notices) if person is not None}
    return {
        "party_notices": notices,
        "notice_drafts": drafts_told_of(session, case.id) if case.kind == "penalty" else (),
        "notice_names": names_of(session, people),
        "notice_today": today,
        "notice_law": LAW,
        "notice_may": {
            "state": may_state,
            "withdraw": case.closed_at is None and role in MAY["withdraw_acts"],
        },
        "notice_form": _form(visit, case, told) if may_state else {},
    }


def _form(visit: Visit, case: Case, told: Collection[uuid.UUID | None]) -> Mapping[str, Any]:
    """What is chosen from: notices that are final and tell of nothing yet (`told` do), who told and who heard, and what
    may show that something was given up."""
    session = visit.session
    papers = {paper.document.id: paper for paper in papers_to_serve(session, case.id)}
    fresh = [paper for paper in papers.values() if paper.document.id not in told]
    return {
        "papers": {kind: [p for p in fresh if p.document.kind == of] for kind, of in PAPERS.items()},
        "handlers": handlers_of(session, case, chinese_day(visit.now)),
        "on_the_spot": case.procedure == ON_THE_SPOT,
        "replies": REPLIES,
        "gives_up": GIVES_UP,
        "outcomes": tuple(each for each in OUTCOMES if each != "entered_wrongly"),
        "me": visit.person.id,
        "signed": [papers[each.id] for each in signed_papers(session, case.id) if each.id in papers],
        "proofs": proofs_near(session, visit.person, case, "in_person", visit.now),
        "now": visit.now,
    }
