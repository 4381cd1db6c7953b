"""How a case's documents were served, on its page; and the form for one manner of service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from api.pages.decisions_said import said_of
from api.pages.visit import Visit
from casework.archived import find_archive
from casework.documents.decided import unrevoked_in
from casework.organisation import names_of
from casework.permission import MAY
from casework.procedure.acts import ActNow
from casework.service.manners import LEFT, MANNERS
from casework.service.papers import acts_of_leaving, papers_to_serve, proofs_near, receipts_of
from casework.service.proof import proven_services
from casework.service.serving import services_of
from integrity.local_time import chinese_day
from storage.catalog.casework import Case
from storage.catalog.service import SERVICE_METHODS


def build_service(visit: Visit, case: Case) -> Mapping[str, Any]:
    """What the page's part about service is filled from."""
    session, role = visit.session, visit.person.role
    services, is_kept = services_of(session, case.id), find_archive(session, case.id) is None
    people = {person for row in services for person in (row.stated_by, row.withdrawn_by) if person is not None}
    may_state = is_kept and role in MAY["work_on_cases"]
    return {
        "services": services,
        "proven": {each.id for each in proven_services(session, [case.id]).get(case.id, ())},
        "service_methods": SERVICE_METHODS,
        "service_names": names_of(session, people),
        "service_may": {"state": may_state, "withdraw": is_kept and role in MAY["withdraw_acts"]},
        "service_today": chinese_day(visit.now),
        "serving": _form(visit, case) if may_state else None,
    }


def _form(visit: Visit, case: Case) -> Mapping[str, Any] | None:
    """For the manner that the address names: what can be served, and what of the case may prove it, the nearest to the
    time first."""
    method = visit.asked("serve")
    if method not in SERVICE_METHODS:
        return None
    session = visit.session
    acts = acts_of_leaving(session, case.id) if method == LEFT else ()
    chosen = next((act for act in acts if str(act.act.id) == visit.asked("act")), acts[0] if acts else None)
    at = _served_at(chosen, visit.now)
    decisions = unrevoked_in(session, case.id)
    several = decisions if len(decisions) > 1 else ()
    return {
        "method": method,
        "manner": MANNERS[method],
        "papers": papers_to_serve(session, case.id),
        "decisions": several,
        "decisions_said": said_of(session, several),
        "acts": acts,
        "act": chosen,
        "at": at,
        "receipts": receipts_of(session, case.id),
        "proofs": proofs_near(session, visit.person, case, method, at, chosen),
    }


def _served_at(act: ActNow | None, now: datetime) -> datetime:
    """What the form begins with: the act's first whole second, where there is one."""
    if act is None:
        return now
    started = act.said.starts_at
    return started if not started.microsecond else started.replace(microsecond=0) + timedelta(seconds=1)
