"""What `liuhen admin device` and `liuhen admin officer` do: the register of devices, who has them, and certificates."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta

from sqlalchemy.orm import Session

from api.archive import Archive
from api.cli.admin_people import OPERATOR, ROW_LIMIT, Facts, find_unit, unit_or_only
from api.cli.ids import read_id
from api.cli.instants import read_local_instant
from api.errors import UsageRefused
from api.http.schema.register import CertificateItem, DeviceItem, IssueItem
from api.words.tables import word_for
from casework.errors import Unknown
from casework.register.certificates import add_certificate, state_of, void_certificate
from casework.register.devices import add_device, find_device, open_issue, retire_device
from casework.register.issues import correct_issue, issue_device, return_device, void_issue
from casework.register.people import find_officer
from casework.register.reading import (
    CertificateShown,
    device_now,
    issue_shown,
    list_certificates,
    list_devices,
    list_issues,
)
from integrity.local_time import chinese_day, show_written
from retention.paging import MOST_ROWS
from storage.catalog.devices import Device, DeviceIssue, OfficerCertificate
from storage.catalog.organisation import Person


def add(session: Session, code: str, unit_code: str | None, words: dict[str, str | None]) -> Facts:
    """A new device of the unit. Raises casework's errors, as all of these do."""
    device = add_device(session, OPERATOR, unit_id=unit_or_only(session, unit_code).id, code=code, **words)
    return _device(session, device.id)


def retire(session: Session, code: str, unit_code: str | None, reason: str) -> Facts:
    device = _find(session, code, unit_code)
    retire_device(session, OPERATOR, device.id, reason, datetime.now(UTC))
    return _device(session, device.id)


def issue(
    session: Session, code: str, officer: str, unit_code: str | None, at: str | None, returned_at: str | None
) -> Facts:
    row = issue_device(
        session,
        OPERATOR,
        _find(session, code, unit_code).id,
        find_officer(session, OPERATOR, officer).id,
        now=datetime.now(UTC),
        issued_at=_instant(at),
        returned_at=_instant(returned_at),
    )
    return _issue(session, row)


def take_back(session: Session, code: str, unit_code: str | None, at: str | None) -> Facts:
    """Of whoever has it."""
    device = _find(session, code, unit_code)
    row = open_issue(session, device.id)
    if row is None:
        raise UsageRefused(f"设备 {code} 现在没有配发给任何人", f"device {code} is with nobody")
    return _issue(session, return_device(session, OPERATOR, row.id, now=datetime.now(UTC), returned_at=_instant(at)))


def void(session: Session, issue_id: str, reason: str) -> Facts:
    return _issue(session, void_issue(session, OPERATOR, read_id(issue_id), reason, datetime.now(UTC)))


def correct(
    session: Session,
    issue_id: str,
    reason: str,
    *,
    officer: str | None,
    at: str | None,
    returned_at: str | None,
    is_out: bool,
) -> Facts:
    """What is not named stays as it was."""
    before = session.get(DeviceIssue, read_id(issue_id))
    if before is None:
        raise Unknown("device_issue", issue_id)
    row = correct_issue(
        session,
        OPERATOR,
        before.id,
        reason,
        now=datetime.now(UTC),
        issued_at=_instant(at) or before.issued_from,
        returned_at=None if is_out else _instant(returned_at) or before.returned_at,
        person_id=None if officer is None else find_officer(session, OPERATOR, officer).id,
    )
    return _issue(session, row)


def devices(session: Session, find: str, whereabouts: str | None) -> list[Facts]:
    """All of them, by code."""
    items: list[Facts] = []
    after = None
    while len(items) < ROW_LIMIT:
        page = list_devices(session, OPERATOR, find=find, whereabouts=whereabouts, after=after, limit=MOST_ROWS)
        items += [DeviceItem.of(each).model_dump(mode="json") for each in page.items]
        after = page.next
        if after is None:
            break
    return items


def history(session: Session, code: str, unit_code: str | None) -> list[Facts]:
    """Who had the device, the latest first."""
    device = _find(session, code, unit_code)
    page = list_issues(session, OPERATOR, device_id=device.id, limit=MOST_ROWS)
    return [IssueItem.of(each).model_dump(mode="json") for each in page.items]


def certify(
    archive: Archive, session: Session, officer: str, number: str, valid_from: str, last_day: str | None
) -> Facts:
    person = find_officer(session, OPERATOR, officer)
    row = add_certificate(
        session,
        OPERATOR,
        person.id,
        number=number,
        valid_from=_day(valid_from),
        last_day=None if last_day is None else _day(last_day),
    )
    return _certificate(archive, CertificateShown(row, person))


def void_certified(archive: Archive, session: Session, certificate_id: str, reason: str) -> Facts:
    row = void_certificate(session, OPERATOR, read_id(certificate_id), reason, datetime.now(UTC))
    return _certificate(archive, CertificateShown(row, session.get_one(Person, row.person_id)))


def certificates(archive: Archive, session: Session, *, running_out: bool) -> list[Facts]:
    """The latest entered first."""
    over_by = chinese_day(datetime.now(UTC)) + _soon(archive) if running_out else None
    items: list[Facts] = []
    after = None
    while len(items) < ROW_LIMIT:
        page = list_certificates(session, OPERATOR, over_by=over_by, after=after, limit=MOST_ROWS)
        items += [_certificate(archive, each) for each in page.items]
        after = page.next
        if after is None:
            break
    return items


def device_line(facts: Facts) -> str:
    """One device in a line for a person."""
    holder, since = facts["holder"], facts["issued_from"]
    with_whom = word_for("whereabouts", "in" if facts["retired_at"] is None else "retired")
    if isinstance(holder, dict) or facts["room"] is not None:
        with_whom = f"{_holder(holder, facts['room'])}  自 / since {show_written(since)}"
    return "  ".join(str(part) for part in (facts["code"], facts["model"] or "—", with_whom))


def issue_line(facts: Facts) -> str:
    holder = _holder(facts["officer"], facts["room"])
    voided = "" if facts["voided_at"] is None else f"  {_voided(facts)}"
    returned = "" if facts["returned_at"] is None else show_written(facts["returned_at"])
    span = f"{show_written(facts['issued_from'])} — {returned}"
    return f"{facts['device']}  {holder}  {span}  {facts['id']}{voided}"


def _voided(facts: Facts) -> str:
    """That it was, by whom, when and why."""
    by, reason = facts["voided_by"], facts["void_reason"]
    who = str(by["name"]) if isinstance(by, dict) else word_for("system_actor", "admin")
    said = (word_for("certificate_state", "voided"), who, show_written(facts["voided_at"]), reason or "")
    return " · ".join(str(each) for each in said if each)


def _holder(officer: object, room: object) -> str:
    """An officer with his number, or the room."""
    if isinstance(officer, dict):
        return f"{officer['badge_number'] or ''} {officer['name']}"
    assert isinstance(room, dict)
    return str(room["name"])


def certificate_line(facts: Facts) -> str:
    officer, state = facts["officer"], str(facts["state"])
    assert isinstance(officer, dict)
    days = f"{facts['valid_from']} — {facts['last_day'] or ''}"
    named = f"{officer['badge_number'] or ''} {officer['name']}"
    return f"{named}  {facts['number']}  {days}  {word_for('certificate_state', state)} / {state}  {facts['id']}"


def _find(session: Session, code: str, unit_code: str | None) -> Device:
    unit_id = None if unit_code is None else find_unit(session, unit_code).id
    return find_device(session, OPERATOR, code, unit_id)


def _device(session: Session, device_id: uuid.UUID) -> Facts:
    return DeviceItem.of(device_now(session, OPERATOR, device_id)).model_dump(mode="json")


def _issue(session: Session, row: DeviceIssue) -> Facts:
    return IssueItem.of(issue_shown(session, row)).model_dump(mode="json")


def _certificate(archive: Archive, shown: CertificateShown) -> Facts:
    row: OfficerCertificate = shown.certificate
    state = state_of(row, chinese_day(datetime.now(UTC)), _soon(archive))
    return CertificateItem.of(shown, state).model_dump(mode="json")


def _soon(archive: Archive) -> timedelta:
    return timedelta(days=archive.settings.certificate_warning_days)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else read_local_instant(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageRefused(f"无法识别日期 {text}；例：2026-03-04", f"{text} is no day such as 2026-03-04") from error
