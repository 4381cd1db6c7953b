"""定期报送: what is owed in a year, how each unit keeps to it, and one return with its figures and its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.http.reading.returns import people_of, version_of
from api.pages.visit import Visit
from casework.organisation import names_of
from casework.permission import MAY
from casework.returns.listing import (
    ReturnShown,
    ReturnVersion,
    list_pressing,
    list_returns,
    list_unsound,
    show_return,
)
from casework.statistics.annual import FIRST_COUNTED_YEAR
from casework.statistics.figures import MONEY
from casework.units import units_below
from integrity.local_time import chinese_day
from retention.own_units import is_own, own_units
from storage.catalog.organisation import Unit


@dataclass(frozen=True)
class UnitKept:
    """How many returns of a year were wanted of a unit by now, and how they came."""

    unit: Unit
    depth: int
    wanted: int
    sent: int
    late: int
    missing: int
    corrections: int


def build_returns(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_returns"])
    today, asked = chinese_day(visit.now), visit.asked("year")
    year = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) == 4 else today.year
    year = year if FIRST_COUNTED_YEAR <= year <= today.year else today.year
    returns = list_returns(visit.session, visit.person, year, today)
    units = units_below(visit.session, visit.person.unit_id)
    return {
        "year": year,
        "years": range(today.year, FIRST_COUNTED_YEAR - 1, -1),
        "returns": returns,
        "units": [
            _kept(node.unit, node.depth, [each for each in returns if each.owed.unit.id == node.unit.id])
            for node in units
        ],
        "several": len(units) > 1,
        # A year's own return is due in January, when the list of the year before is no longer the first one.
        "elsewhere": [
            each for each in list_pressing(visit.session, visit.person, today) if each.owed.period.last_day.year != year
        ],
        "own_units": own_units(visit.person),
        "unsound": list_unsound(visit.session, visit.person),
        "draws": visit.person.role in MAY["draw_up_returns"],
    }


def build_return(visit: Visit) -> Mapping[str, Any]:
    visit.require(*MAY["see_returns"])
    person, today, return_id = visit.person, chinese_day(visit.now), visit.path_id()
    shown = show_return(visit.session, person, return_id, today)
    version = version_of(shown, return_id)
    return {
        "shown": shown,
        "version": version,
        "former": _sent_before(shown, version),
        "names": names_of(visit.session, set(people_of(shown))),
        "groups": version.groups,
        "money": MONEY,
        "may": _may(visit, shown, version),
        "today": today,
        "checked_on": None if version.row.checked_at is None else chinese_day(version.row.checked_at),
    }


def _kept(unit: Unit, depth: int, returns: Sequence[ReturnShown]) -> UnitKept:
    over = [each for each in returns if each.state != "going_on"]
    return UnitKept(
        unit=unit,
        depth=depth,
        wanted=len(over),
        sent=sum(each.state == "sent" for each in over),
        late=sum(each.state == "sent_late" for each in over),
        missing=sum(each.state == "overdue" for each in over),
        corrections=sum(each.corrections for each in over),
    )


def _sent_before(shown: ReturnShown, version: ReturnVersion) -> ReturnVersion | None:
    """The last version before this one that was sent to anybody."""
    before = [each for each in shown.versions if each.row.ordinal < version.row.ordinal and each.sendings]
    return before[-1] if before else None


def _may(visit: Visit, shown: ReturnShown, version: ReturnVersion) -> dict[str, bool]:
    """Which forms are there: for people of the unit, of the last version."""
    own, role = is_own(visit.person, shown.owed.unit.id), visit.person.role
    last, step = own and version == shown.current, version.step
    return {
        "check": last and step == "drawn_up" and role in MAY["check_returns"],
        "set_aside": last and step in ("drawn_up", "checked") and role in MAY["check_returns"],
        "send": last and step in ("checked", "partly_sent") and role in MAY["send_returns"],
        "draw_up": last and step in ("set_aside", "sent", "partly_sent") and role in MAY["draw_up_returns"],
        "file": own and role in MAY["send_returns"],
    }
