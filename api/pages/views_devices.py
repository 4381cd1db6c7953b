"""The pages of devices and officers: who has what now, what was when, and who is certified until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from api.pages.visit import Visit
from casework.permission import MAY
from casework.register.certificates import state_of
from casework.register.reading import (
    OFFICER_ROLES,
    WHEREABOUTS,
    OfficerShown,
    count_running_out,
    device_now,
    list_devices,
    list_issues,
    list_officers,
)
from casework.units import in_reach, units_below
from integrity.local_time import chinese_day
from storage.catalog.devices import OfficerCertificate
from storage.catalog.organisation import Person

ROWS = 50
_MOST_CHOICES = 2000


@dataclass(frozen=True)
class Choice:
    """An officer as a form names him: the value that the API takes, and words for whoever chooses."""

    value: str
    name: str


def build_devices(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["list_devices"])
    find, whereabouts = visit.asked("find"), visit.asked("where")
    page = list_devices(
        visit.session,
        visit.person,
        find=find,
        whereabouts=whereabouts if whereabouts in WHEREABOUTS else None,
        after=visit.after,
        limit=ROWS,
    )
    return {
        **_common(visit),
        "rows": page.items,
        "next": visit.next_page(page.next),
        "find": find,
        "whereabouts": WHEREABOUTS,
        "chosen": whereabouts if whereabouts in WHEREABOUTS else "",
        "officers": _choices(visit) if _may(visit, "issue_devices") else (),
    }


def build_device(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["list_devices"])
    shown = device_now(visit.session, visit.person, visit.path_id())
    page = list_issues(visit.session, visit.person, device_id=shown.device.id, after=visit.after, limit=ROWS)
    return {
        **_common(visit),
        "shown": shown,
        "device": shown.device,
        "issues": page.items,
        "next": visit.next_page(page.next),
        "officers": _choices(visit) if _may(visit, "issue_devices") else (),
    }


def build_officers(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["list_devices"])
    soon = timedelta(days=visit.archive.settings.certificate_warning_days)
    today, find = chinese_day(visit.now), visit.asked("find")
    over_by, only_running_out = today + soon, bool(visit.asked("running_out"))
    page = list_officers(
        visit.session,
        visit.person,
        find=find,
        over_by=over_by if only_running_out else None,
        after=visit.after,
        limit=ROWS,
    )
    return {
        **_common(visit),
        "rows": page.items,
        "states": _states(page.items, lambda row: state_of(row, today, soon)),
        "next": visit.next_page(page.next),
        "find": find,
        "only_running_out": only_running_out,
        "running_out": count_running_out(visit.session, visit.person, over_by),
        "warning_days": soon.days,
        "today": today,
        "officers": _choices(visit) if _may(visit, "keep_certificates") else (),
    }


def _common(visit: Visit) -> dict[str, Any]:
    tree = units_below(visit.session, visit.person.unit_id)
    return {
        "tree": tree,
        "units": {node.unit.id: node.unit for node in tree},
        "may_keep": _may(visit, "keep_devices"),
        "may_issue": _may(visit, "issue_devices"),
    }


def _may(visit: Visit, deed: str) -> bool:
    return visit.person.role in MAY[deed]


def _choices(visit: Visit) -> tuple[Choice, ...]:
    people = visit.session.scalars(
        select(Person)
        .where(Person.active, Person.role.in_(OFFICER_ROLES), in_reach(visit.person, Person.unit_id))
        .order_by(Person.badge_number, Person.name)
        .limit(_MOST_CHOICES)
    )
    return tuple(Choice(each.badge_number or each.sign_in_name, each.name) for each in people)


def _states(officers: tuple[OfficerShown, ...], state: Any) -> dict[Any, str]:
    rows: list[OfficerCertificate] = [row for officer in officers for row in officer.certificates]
    return {row.id: state(row) for row in rows}
