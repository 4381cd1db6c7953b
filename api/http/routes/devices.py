"""Devices (执法记录仪), and who has them: issue and return (配发、交还)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Query
from sqlalchemy.orm import Session

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.errors import InputUnusable
from api.http.paging import Wanted, listed_each
from api.http.schema.base import Listed, Reason
from api.http.schema.register import (
    DeviceDescription,
    DeviceItem,
    IssueCorrection,
    IssueItem,
    NewDevice,
    NewIssue,
    Return,
)
from api.http.sessions import SignedIn, TheArchive
from casework.register.devices import add_device, describe_device, find_device, retire_device
from casework.register.issues import correct_issue, issue_device, return_device, void_issue
from casework.register.people import find_officer
from casework.register.reading import device_now, issue_shown, list_devices, list_issues
from storage.catalog.devices import DeviceIssue
from storage.catalog.organisation import Person

router = api_router(tags=["devices"])
Find = Annotated[str, Query(max_length=200, description="编号、序列号、型号或名称的一部分 / a part of a name")]
Where = Annotated[Literal["out", "in", "retired"] | None, Query(description="配发中、在库、已停用")]


@router.get("/devices", summary="设备列表 / List devices")
def show_devices(
    viewer: SignedIn, archive: TheArchive, page: Wanted, find: Find = "", whereabouts: Where = None
) -> Listed[DeviceItem]:
    """Those of one's unit and of the units below it, by code, and who has each of them now."""
    with looking(archive, viewer) as session:
        found = list_devices(
            session, viewer.person, find=find, whereabouts=whereabouts, after=page.after, limit=page.limit
        )
        return listed_each(found, DeviceItem.of)


@router.post("/devices", summary="登记设备 / Add a device", status_code=201)
def make_device(form: NewDevice, viewer: SignedIn, archive: TheArchive) -> DeviceItem:
    with doing(archive, viewer) as session:
        unit_id = form.unit_id or viewer.person.unit_id
        words = {"serial": form.serial, "model": form.model, "name": form.name}
        device = add_device(session, viewer.person, unit_id=unit_id, code=form.code, **words)
        return _device(session, viewer.person, device.id)


@router.get("/devices/{device_id}", summary="一台设备 / One device")
def show_device(device_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> DeviceItem:
    with looking(archive, viewer) as session:
        return _device(session, viewer.person, device_id)


@router.post("/devices/{device_id}/description", summary="更改设备说明 / Describe a device anew")
def change_description(
    device_id: uuid.UUID, form: DeviceDescription, viewer: SignedIn, archive: TheArchive
) -> DeviceItem:
    with doing(archive, viewer) as session:
        describe_device(session, viewer.person, device_id, serial=form.serial, model=form.model, name=form.name)
        return _device(session, viewer.person, device_id)


@router.post("/devices/{device_id}/retire", summary="停用设备 / Take a device out of use")
def retire(device_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> DeviceItem:
    """For good: recordings name its code, which stays taken. Refused while somebody has it."""
    with doing(archive, viewer) as session:
        retire_device(session, viewer.person, device_id, form.reason, datetime.now(UTC))
        return _device(session, viewer.person, device_id)


@router.get("/device-issues", summary="配发记录 / List issues and returns")
def show_issues(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    device: Annotated[uuid.UUID | None, Query(description="设备 / of one device")] = None,
    person: Annotated[uuid.UUID | None, Query(description="人员 / of one person")] = None,
) -> Listed[IssueItem]:
    """The latest first, the voided among them."""
    with looking(archive, viewer) as session:
        found = list_issues(
            session, viewer.person, device_id=device, person_id=person, after=page.after, limit=page.limit
        )
        return listed_each(found, IssueItem.of)


@router.post("/device-issues", summary="配发设备 / Issue a device to an officer", status_code=201)
def issue(form: NewIssue, viewer: SignedIn, archive: TheArchive) -> IssueItem:
    """Refused while the device is with somebody else, with the name of whoever has it and since when."""
    with doing(archive, viewer) as session:
        officer = find_officer(session, viewer.person, form.officer)
        row = issue_device(
            session,
            viewer.person,
            _device_id(session, viewer.person, form),
            officer.id,
            now=datetime.now(UTC),
            issued_at=form.issued_at,
            returned_at=form.returned_at,
        )
        return _issue(session, row)


@router.post("/device-issues/{issue_id}/return", summary="交还设备 / Return a device")
def take_back(issue_id: uuid.UUID, form: Return, viewer: SignedIn, archive: TheArchive) -> IssueItem:
    now = datetime.now(UTC)
    with doing(archive, viewer) as session:
        return _issue(session, return_device(session, viewer.person, issue_id, now=now, returned_at=form.returned_at))


@router.post("/device-issues/{issue_id}/void", summary="配发登记作废 / Void an issue entered by mistake")
def void(issue_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> IssueItem:
    with doing(archive, viewer) as session:
        return _issue(session, void_issue(session, viewer.person, issue_id, form.reason, datetime.now(UTC)))


@router.post("/device-issues/{issue_id}/corrections", summary="更正配发登记 / Correct an issue", status_code=201)
def correct(issue_id: uuid.UUID, form: IssueCorrection, viewer: SignedIn, archive: TheArchive) -> IssueItem:
    """The one that counts now; the wrong one stays on record as voided. The linker looks at both times again."""
    with doing(archive, viewer) as session:
        officer = None if form.officer is None else find_officer(session, viewer.person, form.officer).id
        row = correct_issue(
            session,
            viewer.person,
            issue_id,
            form.reason,
            now=datetime.now(UTC),
            issued_at=form.issued_at,
            returned_at=form.returned_at,
            person_id=officer,
        )
        return _issue(session, row)


def _device(session: Session, person: Person, device_id: uuid.UUID) -> DeviceItem:
    return DeviceItem.of(device_now(session, person, device_id))


def _issue(session: Session, row: DeviceIssue) -> IssueItem:
    return IssueItem.of(issue_shown(session, row))


def _device_id(session: Session, person: Person, form: NewIssue) -> uuid.UUID:
    if (form.device_id is None) == (form.device is None):
        raise InputUnusable("device", "请以 device_id 或 device 指明设备，二者择一", "give device_id or device")
    return form.device_id or find_device(session, person, form.device or "").id
