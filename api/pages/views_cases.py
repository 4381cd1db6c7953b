"""Cases: the list, and one case from beginning to end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from api.http.packages import fetchable
from api.pages.views_acts import build_acts
from api.pages.views_archiving import build_archiving
from api.pages.views_deadlines import build_case_deadlines
from api.pages.views_documents import build_case_documents
from api.pages.views_notices import build_notices
from api.pages.views_officers import build_officers
from api.pages.views_publications import build_case_publications
from api.pages.views_recordings import Card, make_cards
from api.pages.views_redaction import copies_in_case
from api.pages.views_requests import recording_counts
from api.pages.views_reviews import build_case_decisions
from api.pages.views_service import build_service
from api.pages.visit import Visit
from casework import permission as casework_permission
from casework.access import GrantFound
from casework.case_procedures import possible_procedures
from casework.cases import assignments_of, find_case
from casework.export import list_exports
from casework.handling import handles
from casework.organisation import names_of
from casework.requests import list_grants, list_requests
from casework.search.sought import found_among
from casework.secrecy import keeps_nothing_from, may_see_case
from casework.stage_machines import stages_in, steps_from
from casework.stages import stages_behind, stages_of
from casework.timeline import DETAIL_WORDS, TimelineItem, case_timeline
from casework.units import in_reach
from retention import permission as retention_permission
from retention.own_units import of_own, own_units
from retention.paging import Cursor, newest_first, take_page
from storage.catalog.access import Grant
from storage.catalog.casework import PROCEDURES, STAGES, Case, CaseLink, CaseStage
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.catalog.retention import Hold

ROWS = 50
MOST_RECORDINGS = 200


@dataclass(frozen=True)
class CaseRow:
    case: Case
    opened_by: str
    recording_count: int


@dataclass(frozen=True)
class Step:
    """One of the stages of the case's procedure. `state`: done, current, ahead."""

    stage: str
    state: str
    entered: CaseStage | None
    cards: tuple[Card, ...]


def build_cases(visit: Visit) -> Mapping[str, Any]:
    statement = select(Case).where(of_own(visit.person, Case.unit_id))
    if words := visit.asked("find"):
        statement = statement.where(found_among(visit.session, Case.sought, words))
    if not visit.asked("closed"):
        statement = statement.where(Case.closed_at.is_(None))
    rows = visit.session.scalars(newest_first(statement, Case.opened_at, Case.id, visit.after, ROWS)).all()
    page = take_page(rows, ROWS, lambda case: Cursor(case.opened_at, str(case.id)))
    return {
        "rows": case_rows(visit, page.items),
        "next": visit.next_page(page.next),
        "find": visit.asked("find"),
        "closed": visit.asked("closed"),
        "procedures": PROCEDURES,
        "may_open": visit.person.role in casework_permission.MAY["work_on_cases"],
    }


def case_rows(visit: Visit, cases: Sequence[Case]) -> tuple[CaseRow, ...]:
    counts = recording_counts(visit, (case.id for case in cases))
    names = names_of(visit.session, {case.opened_by for case in cases})
    return tuple(CaseRow(case, names.get(case.opened_by, ""), counts.get(case.id, 0)) for case in cases)


def build_case(visit: Visit) -> Mapping[str, Any]:
    session, units = visit.session, own_units(visit.person)
    case = find_case(session, visit.person, visit.path_id())
    sees = may_see_case(session, visit.person, case)
    timeline = case_timeline(session, visit.person, case.id, after=visit.after)
    requests = list_requests(session, units, case_id=case.id, limit=50).items
    grants = list_grants(session, units, case_id=case.id, live_at=visit.now, limit=50).items
    exports = list_exports(session, units, case_id=case.id, limit=50).items
    holds, handled = case_holds(visit, case), handles(session, visit.person, case.id)
    steps = steps_of(visit, case)
    people = {case.opened_by, *(item.person_id for item in timeline.items if item.person_id)}
    people |= {row.person_id for row in requests} | {row.person_id for row in grants}
    people |= {row.person_id for row in exports} | {hold.placed_by for hold in holds}
    assignments = assignments_of(session, case.id)
    people |= {row.withdrawn_by for row in assignments if row.withdrawn_by}
    return {
        "case": case,
        "steps": steps,
        **ways_on(visit, case),
        "timeline": timeline.items,
        "detail_words": DETAIL_WORDS,
        "subjects": recordings_named(visit, timeline.items),
        "next": visit.next_page(timeline.next),
        "names": names_of(session, people),
        "requests": requests,
        "grants": grants,
        "exports": exports,
        "fetchable": fetchable(visit.archive, visit.person, iter(exports)),
        "copies": copies_in_case(visit, case),
        "holds": holds,
        "copy_grant": own_copy_grant(visit, grants),
        "handles": handled,
        "view_grant": any(
            row.person_id == visit.person.id and row.kind == "view" and (handled or row.approved_by) for row in grants
        ),
        "assignments": assignments,
        **roster_of(visit, case),
        "assign_from": visit.now - timedelta(hours=8),
        "stages": stages_in(case.procedure),
        "may": may_do(visit),
        "sees_case": sees,
        **(build_acts(visit, case) if sees else {"acts": (), "forbidding": ()}),
        **build_case_deadlines(visit, case, sees),
        **build_case_documents(visit, case, sees),
        **build_officers(visit, case, sees),
        **build_archiving(visit, case, sees),
        **(build_case_decisions(visit, case) if sees else {}),
        **(build_notices(visit, case) if sees else {}),
        **build_case_publications(visit, case, sees),
        **(build_service(visit, case) if sees else {}),
    }


def roster_of(visit: Visit, case: Case) -> Mapping[str, Any]:
    """Whose numbers an assignment may name: those at work are suggested, those who left are known by name still."""
    units = or_(in_reach(visit.person, Person.unit_id), Person.unit_id == case.unit_id)
    statement = select(Person).where(units, Person.badge_number.is_not(None)).order_by(Person.badge_number, Person.id)
    people = tuple(visit.session.scalars(statement))
    return {
        "roster": tuple(person for person in people if person.active),
        "roster_names": {person.badge_number: person.name for person in people},
    }


def may_do(visit: Visit) -> dict[str, bool]:
    """Which forms this person is shown; the API decides again whether he may."""
    role = visit.person.role
    return {
        "work": role in casework_permission.MAY["work_on_cases"],
        "lead_back": role in casework_permission.MAY["return_a_stage"],
        "close_early": role in casework_permission.MAY["close_a_case_early"],
        "withdraw_late": role in casework_permission.MAY["withdraw_assignments_of_closed_cases"],
        "ask": role in casework_permission.MAY["ask_for_access"],
        "hold": role in retention_permission.MAY["hold"],
    }


def steps_of(visit: Visit, case: Case) -> tuple[Step, ...]:
    """The stages in order, each with the recordings that stand in it."""
    entered = {row.stage: row for row in stages_of(visit.session, case.id)}
    by_stage = cards_by_stage(visit, case)
    in_it = {*stages_in(case.procedure), *by_stage}
    order = tuple(stage for stage in STAGES if stage in in_it)
    present = order.index(case.stage)

    def state(number: int) -> str:
        if number < present or case.closed_at is not None:
            return "done" if number <= present else "ahead"
        return "current" if number == present else "ahead"

    return tuple(
        Step(stage, state(number), entered.get(stage), by_stage.get(stage, ())) for number, stage in enumerate(order)
    )


def cards_by_stage(visit: Visit, case: Case) -> dict[str, tuple[Card, ...]]:
    statement = (
        select(Recording, CaseLink.stage)
        .join(CaseLink, CaseLink.recording_id == Recording.id)
        .where(CaseLink.case_id == case.id, CaseLink.ended_at.is_(None), keeps_nothing_from(visit.person))
        .order_by(Recording.made_at, Recording.id)
        .limit(MOST_RECORDINGS)
    )
    rows = visit.session.execute(statement).all()
    cards = make_cards(visit, [row.Recording for row in rows])
    found: dict[str, tuple[Card, ...]] = {}
    for row, card in zip(rows, cards, strict=True):
        found[row.stage] = (*found.get(row.stage, ()), card)
    return found


def ways_on(visit: Visit, case: Case) -> dict[str, Any]:
    """Where the case can go from here: by this person, by others, back, and to which other procedure."""
    steps = steps_from(case.procedure, case.stage) if case.closed_at is None else ()
    return {
        "following": [step.leads_to for step in steps if visit.person.role in step.by],
        "forbidden": [step.leads_to for step in steps if visit.person.role not in step.by],
        "behind": stages_behind(visit.session, case) if case.closed_at is None else (),
        "procedures": possible_procedures(case),
    }


def recordings_named(visit: Visit, items: Sequence[TimelineItem]) -> dict[Any, str]:
    """Original names of the recordings a timeline is about, but of those that a class of secrecy keeps from him."""
    ids = {item.recording_id for item in items if item.recording_id}
    seen = Recording.id.in_(ids), keeps_nothing_from(visit.person)
    statement = select(Recording.id, Recording.original_name).where(*seen)
    return {row.id: row.original_name for row in visit.session.execute(statement)}


def own_copy_grant(visit: Visit, grants: Sequence[Grant]) -> GrantFound | None:
    """The grant under which this person may copy the case now, the one that lasts longest."""
    own = [row for row in grants if row.person_id == visit.person.id and row.kind == "copy"]
    return GrantFound.of(max(own, key=lambda row: row.expires_at)) if own else None


def case_holds(visit: Visit, case: Case) -> tuple[Hold, ...]:
    statement = select(Hold).where(Hold.case_id == case.id, Hold.released_at.is_(None)).order_by(Hold.placed_at)
    return tuple(visit.session.scalars(statement))
