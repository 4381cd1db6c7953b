"""Devices (执法记录仪) as a unit owns them: added, described, and one day out of use. Who has one: issues.py."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from casework.elements.again import ask_for_another_judgement_of_device
from casework.errors import Taken, Unknown
from casework.register.errors import DeviceAmbiguous, DeviceIsOut, DeviceRetired, DeviceUnknown
from casework.register.people import holder_of
from casework.rows import unique
from casework.units import Doer, actor_of, in_reach, require_live, require_over
from casework.wording import optional_name, required_name, required_text
from storage.catalog.devices import Device, DeviceIssue
from storage.ledger.append import Change, record_change

KEEPING = "keep_devices"


def add_device(
    session: Session,
    by: Doer,
    *,
    unit_id: uuid.UUID,
    code: str,
    serial: str | None = None,
    model: str | None = None,
    name: str | None = None,
) -> Device:
    """A new device of the unit; `code` is what it writes into its file names.

    Raises Taken for a code that the unit has used, UnitEnded, Unknown, OutsideUnit, RoleNotAllowed, TextUnusable.
    """
    require_over(session, by, KEEPING, unit_id)
    require_live(session, unit_id)
    device = Device(
        id=uuid.uuid4(),
        unit_id=unit_id,
        code=required_name("device code", code),
        serial=optional_name("serial", serial),
        model=optional_name("model", model),
        name=optional_name("name", name),
    )
    with unique(session, {"uq_device_unit_id_code": Taken("device code", device.code)}):
        session.add(device)
    record_device(session, by, device, "device.added", private={"code": device.code, **_described(device)})
    ask_for_another_judgement_of_device(session, device)
    return device


def describe_device(session: Session, by: Doer, device_id: uuid.UUID, **words: str | None) -> bool:
    """Another `serial`, `model` or `name`, where one is given; whether that changed anything. Only then it is an entry.

    Raises Unknown, OutsideUnit, RoleNotAllowed, TextUnusable.
    """
    device = lock_device(session, by, KEEPING, device_id)
    before = _described(device)
    for field in ("serial", "model", "name"):
        word = optional_name(field, words.get(field))
        if word is not None:
            setattr(device, field, word)
    if _described(device) == before:
        return False
    session.flush()
    record_device(session, by, device, "device.described", private=_described(device))
    return True


def retire_device(session: Session, by: Doer, device_id: uuid.UUID, reason: str, now: datetime) -> Device:
    """Out of use for good: its code stays taken, because recordings name it.

    Raises DeviceIsOut while somebody has it, DeviceRetired, Unknown, OutsideUnit, RoleNotAllowed, TextUnusable.
    """
    reason = required_text("reason", reason)
    device = require_in_use(lock_device(session, by, KEEPING, device_id))
    out = open_issue(session, device.id)
    if out is not None:
        raise DeviceIsOut(device.code, holder_of(session, out), out.issued_from)
    device.retired_at = now
    session.flush()
    record_device(session, by, device, "device.retired", private={"reason": reason})
    ask_for_another_judgement_of_device(session, device)
    return device


def find_device(session: Session, by: Doer, code: str, unit_id: uuid.UUID | None = None) -> Device:
    """By its code, in one unit or wherever the person may look. Raises DeviceUnknown, DeviceAmbiguous."""
    statement = select(Device).where(Device.code == code.strip(), in_reach(by, Device.unit_id))
    if unit_id is not None:
        statement = statement.where(Device.unit_id == unit_id)
    found = session.scalars(statement.limit(2)).all()
    if not found:
        raise DeviceUnknown(code.strip())
    if len(found) > 1:
        raise DeviceAmbiguous(code.strip())
    return found[0]


def lock_device(session: Session, by: Doer, deed: str, device_id: uuid.UUID) -> Device:
    """The row as it is now, nobody else's to change till the transaction ends.

    Raises Unknown, OutsideUnit, RoleNotAllowed.
    """
    statement = select(Device).where(Device.id == device_id).with_for_update(key_share=True)
    device = session.scalars(statement.execution_options(populate_existing=True)).first()
    if device is None:
        raise Unknown("device", device_id)
    require_over(session, by, deed, device.unit_id)
    return device


def require_in_use(device: Device) -> Device:
    """Raises DeviceRetired."""
    if device.retired_at is not None:
        raise DeviceRetired(device.code, device.retired_at)
    return device


def open_issue(session: Session, device_id: uuid.UUID) -> DeviceIssue | None:
    """With whom it is: the issue that counts and has not ended."""
    statement = select(DeviceIssue).where(DeviceIssue.device_id == device_id, DeviceIssue.voided_at.is_(None))
    return session.scalars(statement.where(func.upper_inf(DeviceIssue.span))).first()


def record_device(
    session: Session,
    by: Doer,
    device: Device,
    action: str,
    data: Mapping[str, str | None] | None = None,
    private: Mapping[str, str] | None = None,
) -> None:
    change = Change(action, "device", str(device.id), device.unit_id, data or {}, private or {})
    record_change(session, actor_of(by), change)


def _described(device: Device) -> dict[str, str]:
    words = {"serial": device.serial, "model": device.model, "name": device.name}
    return {field: word for field, word in words.items() if word is not None}
