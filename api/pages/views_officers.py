"""Who handles a case, on its page: whose certificates hold, and who showed his."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from api.pages.visit import Visit
from casework import permission
from casework.handling import HANDLING_ROLES, handlers_of, identity_shown_in, officers_needed
from casework.organisation import names_of
from casework.procedure.contacts import notices_in
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.organisation import Person


def build_officers(visit: Visit, case: Case, sees: bool) -> Mapping[str, Any]:
    """What the page's part about the case's officers is filled from: who they are, and with `sees` their contacts."""
    handlers = handlers_of(visit.session, case, chinese_day(visit.now))
    shown = identity_shown_in(visit.session, case.id) if sees else ()
    notices = notices_in(visit.session, case.id) if sees else ()
    # Of a merged unit's case: the successor's people, who carry it on.
    able = Person.unit_id == visit.person.unit_id, Person.active, Person.role.in_(HANDLING_ROLES)
    people = select(Person).where(*able)
    return {
        "handlers": handlers,
        "handlers_needed": officers_needed(case.procedure),
        "handlers_sound": sum(each.problem is None for each in handlers),
        "identity_shown": shown,
        "notices": notices,
        "identity_names": names_of(
            visit.session, {row.person_id for row in shown} | {row.person_id for row in notices}
        ),
        "possible_handlers": tuple(visit.session.scalars(people.order_by(Person.badge_number, Person.name, Person.id))),
        "may_handle": sees and case.closed_at is None and visit.person.role in permission.MAY["work_on_cases"],
    }
