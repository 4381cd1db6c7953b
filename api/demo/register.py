"""The demo's register: the recorders that the footage names, with the officer who wore them, and a few in stock.

Read off the same plan as the assignments, so that no recording contradicts the register.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from api.demo.assignments import Assignment
from api.demo.cast import ADMINISTRATOR, APPROVER, OFFICER, SUPERVISOR, Cast, Role
from api.demo.client import ApiClient, Facts
from integrity.fields import format_instant
from integrity.local_time import chinese_day

MODEL = "DSJ-A9"
SPARE = ("AB90001", "AB90002", "AB90003")
_MOST_DEVICES = 50
_BEFORE = timedelta(days=1)


@dataclass(frozen=True)
class Issue:
    """A device with somebody, named as the API takes it."""

    device: str
    officer: str
    issued_at: datetime
    returned_at: datetime | None = None

    def form(self) -> dict[str, str | None]:
        returned = None if self.returned_at is None else format_instant(self.returned_at)
        return {
            "device": self.device,
            "officer": self.officer,
            "issued_at": format_instant(self.issued_at),
            "returned_at": returned,
        }


def fill_register(cast: Cast, planned: Sequence[Assignment], now: datetime) -> int:
    """Devices, issues and certificates as an administrator enters them; how many devices are with somebody."""
    administrator = cast.of(ADMINISTRATOR)
    issues = tuple(plan_issues(planned, now))
    for code in sorted({*_worn(planned), *SPARE}):
        administrator.post("/api/v1/devices", {"code": code, "model": MODEL})
    for issue in issues:
        administrator.post("/api/v1/device-issues", issue.form())
    _add_certificates(administrator, chinese_day(now))
    return len([issue for issue in issues if issue.returned_at is None])


def plan_issues(planned: Sequence[Assignment], now: datetime) -> Iterator[Issue]:
    """The officer's own devices from the day before their first patrol; and one that went to a supervisor and back."""
    for code in _worn(planned):
        patrols = [each for each in planned if each.device == code and each.officer in (None, OFFICER.badge)]
        issued_at = min((each.starts_at - _BEFORE for each in patrols), default=now)
        # A clock in the future has recorded it: such a device stays in stock.
        if issued_at < now:
            yield Issue(code, str(OFFICER.badge), issued_at)
    for code in [code for code in SPARE if code not in _worn(planned)][:1]:
        yield Issue(code, SUPERVISOR.key, now - timedelta(days=40), now - timedelta(days=12))
        yield Issue(code, APPROVER.key, now - timedelta(days=11))


def _worn(planned: Sequence[Assignment]) -> list[str]:
    """The devices that the plan names, the first of very many."""
    return sorted({each.device for each in planned if each.device is not None})[:_MOST_DEVICES]


def _add_certificates(administrator: ApiClient, today: date) -> None:
    """One that is good for years, and one that is about to end."""
    ends: Mapping[Role, date] = {
        OFFICER: today + timedelta(days=900),
        SUPERVISOR: today + timedelta(days=30),
        APPROVER: today + timedelta(days=500),
    }
    for number, (part, last_day) in enumerate(ends.items(), 1):
        form: Facts = {
            "officer": part.badge or part.key,
            "number": f"演示 {number:04}",
            "valid_from": (today - timedelta(days=700)).isoformat(),
            "last_day": last_day.isoformat(),
        }
        administrator.post("/api/v1/certificates", form)
