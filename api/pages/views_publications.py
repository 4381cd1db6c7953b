"""Publication (公示): what is due and waits for whom in a unit, one publication with its way, and those of a case."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from api.http.reading.publication import names_of_publications
from api.http.sessions import language_of
from api.pages.visit import Visit
from casework.named_people import names_in
from casework.organisation import names_of
from casework.permission import MAY
from casework.publication.collecting import KIND_OF_EVENT, PUBLIC, Said, names_spoken_of, original_of, propose
from casework.publication.duties import duties_in, duties_of
from casework.publication.errors import PublicationUnusable
from casework.publication.listing import (
    PublicationNow,
    count_overdue_publications,
    deadline_of,
    events_to_collect,
    find_publication,
    list_due,
    list_left_elsewhere,
    list_overdue_pushes,
    list_publications,
    list_refused,
    list_waiting_for,
    publications_of_case,
)
from casework.publication.publicity import PUBLICITY, Publicity, publicity_on
from casework.publication.rule_file import Named
from casework.returns.listing import list_pressing
from casework.secrecy import may_see_case
from integrity.local_time import chinese_day
from retention.own_units import own_units
from storage.catalog.casework import Case
from storage.catalog.deadlines import CaseEvent
from storage.catalog.decisions import PARTY_KINDS
from storage.catalog.organisation import Unit
from storage.catalog.publication import DUTIES, TAKEN_DOWN_BECAUSE

ROWS = 50


def build_publications(visit: Visit) -> Mapping[str, Any]:
    """What is due first, first; what waits for this very person; where something has to be removed."""
    visit.require(*MAY["see_publications"])
    session, person, today = visit.session, visit.person, chinese_day(visit.now)
    overdue, query = visit.asked("overdue") == "1", visit.asked("q")[:100]
    searched = bool(query) or visit.asked("all") == "1"
    due = list_due(session, person, today, overdue=overdue, after=None if searched else visit.after, limit=ROWS)
    found = list_publications(session, person, query=query, after=visit.after, limit=ROWS) if searched else None
    duties, held = duties_of(session, person), duties_in(session, [person.unit_id])
    waiting = list_waiting_for(session, person, duties)
    return {
        "due": due.items,
        "next": visit.next_page(due.next if found is None else found.next),
        "found": None if found is None else found.items,
        "query": query,
        "overdue": overdue,
        "overdue_count": count_overdue_publications(session, own_units(person), today),
        "waiting": waiting,
        "left": list_left_elsewhere(session, person),
        "refused": list_refused(session, person),
        "unsent": _unsent(visit),
        "returns_due": list_pressing(session, person, today) if person.role == "publisher" else (),
        "duties": duties,
        "all_duties": DUTIES,
        "holders": {duty: [row for row in held if row.duty == duty] for duty in DUTIES},
        "names": names_of(session, {row.person_id for row in held}),
        "today": today,
    }


def build_publication(visit: Visit) -> Mapping[str, Any]:
    """One publication: its texts, its steps, its channels, and the forms for whoever may take the next step."""
    found = find_publication(visit.session, visit.person, visit.path_id())
    today, duties = chinese_day(visit.now), duties_of(visit.session, visit.person)
    publicity = publicity_now(visit, found.row.unit_id)
    person = visit.person
    return {
        "found": found,
        "case": found.case,
        "unit": visit.session.get_one(Unit, found.row.unit_id),
        "deadline": deadline_of(visit.session, found.row, today),
        "names": names_of_publications(visit.session, [found]),
        "publicity": publicity,
        "channel_names": _named(visit, publicity.channels if publicity else ()),
        "ground_names": _named(visit, publicity.grounds if publicity else ()),
        "mask_names": _named(visit, publicity.masking.masks if publicity else ()),
        "public_fields": PUBLIC,
        "grounds_down": TAKEN_DOWN_BECAUSE,
        "party_kinds": PARTY_KINDS,
        "today": today,
        "now": visit.now,
        "pushes_to": visit.archive.settings.push_url,
        "may": {
            "step": found.next_duty if found.waits_for(person.id, duties) else None,
            "collect": "collect" in duties,
            "publish": "publish" in duties,
            "dossiers": may_see_case(visit.session, person, found.case) and person.role in MAY["see_dossiers"],
        },
    }


def _unsent(visit: Visit) -> tuple[PublicationNow, ...]:
    """What the platform should have by now; where no address is set, messages wait that nobody ever sent."""
    late = list_overdue_pushes(visit.session, visit.person, visit.now)
    is_on = visit.archive.settings.push_url is not None
    return tuple(each for each in late if is_on or each.pushes[-1].row.attempts)


def build_case_publications(visit: Visit, case: Case, sees: bool) -> Mapping[str, Any]:
    """What the case page's part about publication is filled from; without `sees` for whoever has a duty of it alone."""
    publicity, duties = publicity_now(visit, case.unit_id), duties_of(visit.session, visit.person)
    collects = publicity is not None and "collect" in duties
    events = events_to_collect(visit.session, case) if sees or duties else ()
    return {
        "publications": publications_of_case(visit.session, case.id) if sees or duties else (),
        "to_collect": [(event, _proposal(visit, event, publicity)) for event in events],
        "publication_collects": collects,
        "publicity": publicity,
        "ground_names": _named(visit, publicity.grounds if publicity else ()),
        "mask_names": _named(visit, publicity.masking.masks if publicity else ()),
        "party_kinds": PARTY_KINDS,
    }


def publicity_now(visit: Visit, unit_id: uuid.UUID) -> Publicity | None:
    """None where no rules hold: the page says so, and offers no form."""
    today = chinese_day(visit.now)
    if not any(row.holds_on(today) for row in PUBLICITY.all(visit.session)):
        return None
    return publicity_on(visit.session, unit_id, today)


def _proposal(visit: Visit, event: CaseEvent, publicity: Publicity | None) -> Mapping[str, str | None]:
    """What the rules of masking make of the decision; of an inspection there is nothing yet that they could mask."""
    unit, kind = visit.session.get_one(Unit, event.unit_id), KIND_OF_EVENT[event.kind]
    empty: dict[str, str | None] = {**dict.fromkeys(PUBLIC), "authority": unit.name}
    if publicity is None or kind != "penalty":
        return empty
    try:
        original = original_of(visit.session, event, Said())
        known = names_in(visit.session, event.case_id)
        spoken = names_spoken_of(original.party, original.party_kind, [original.conclusion], known)
        return propose(original, Said(), publicity, unit, kind, spoken)
    except PublicationUnusable:  # The event was entered by hand, and names no decision.
        return empty


def _named(visit: Visit, rows: Iterable[Named]) -> Mapping[str, str]:
    english = language_of(visit.request) == "en"
    return {row.code: row.name_en if english else row.name_zh for row in rows}
