"""Rooms with recorders of their own (执法办案场所), and their sessions."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query

from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.errors import InputUnusable
from api.http.paging import Wanted, listed
from api.http.reading.rooms import caseless_items, describe_room, describe_session, room_item, session_items
from api.http.schema.base import Listed, Reason
from api.http.schema.register import IssueItem
from api.http.schema.rooms import (
    CaselessItem,
    NewFixture,
    NewRoom,
    NewSession,
    RoomItem,
    SessionCase,
    SessionEnd,
    SessionItem,
)
from api.http.sessions import SignedIn, TheArchive
from casework.register.devices import find_device
from casework.register.issues import issue_to_room
from casework.register.reading import issue_shown
from casework.rooms.listing import list_caseless, list_sessions
from casework.rooms.rooms import add_room, close_room, list_rooms
from casework.rooms.sessions import Use, begin_session, end_session, give_case, withdraw_session

router = api_router(tags=["rooms"])


@router.get("/rooms", summary="执法办案场所 / List rooms")
def show_rooms(
    viewer: SignedIn,
    archive: TheArchive,
    closed: Annotated[bool, Query(description="包括已停用的 / closed ones too")] = False,
) -> Listed[RoomItem]:
    with looking(archive, viewer) as session:
        return Listed(items=[room_item(each) for each in list_rooms(session, viewer.person, closed=closed)])


@router.post("/rooms", summary="登记办案场所 / Add a room", status_code=201)
def make_room(form: NewRoom, viewer: SignedIn, archive: TheArchive) -> RoomItem:
    with doing(archive, viewer) as session:
        room = add_room(
            session,
            viewer.person,
            unit_id=form.unit_id or viewer.person.unit_id,
            kind=form.kind,
            name=form.name,
            now=datetime.now(UTC),
            in_use_from=form.in_use_from,
        )
        return describe_room(session, room)


@router.post("/rooms/{room_id}/close", summary="停用办案场所 / Close a room")
def end_room(room_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> RoomItem:
    """For good. Refused while devices are in it, or somebody uses it."""
    with doing(archive, viewer) as session:
        return describe_room(session, close_room(session, viewer.person, room_id, form.reason))


@router.post("/rooms/{room_id}/devices", summary="设备装入场所 / Issue a device to a room", status_code=201)
def fix_device(room_id: uuid.UUID, form: NewFixture, viewer: SignedIn, archive: TheArchive) -> IssueItem:
    """It is with no officer then. It leaves the room by POST /device-issues/{id}/return."""
    if (form.device_id is None) == (form.device is None):
        raise InputUnusable("device", "请以 device_id 或 device 指明设备，二者择一", "give device_id or device")
    with doing(archive, viewer) as session:
        row = issue_to_room(
            session,
            viewer.person,
            form.device_id or find_device(session, viewer.person, form.device or "").id,
            room_id,
            now=datetime.now(UTC),
            issued_at=form.issued_at,
            returned_at=form.returned_at,
        )
        return IssueItem.of(issue_shown(session, row))


@router.get("/room-sessions", summary="办案场所使用记录 / List sessions")
def show_sessions(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    room: Annotated[uuid.UUID | None, Query(description="场所 / of one room")] = None,
) -> Listed[SessionItem]:
    """The latest first, the withdrawn among them."""
    with looking(archive, viewer) as session:
        found = list_sessions(session, viewer.person, room_id=room, after=page.after, limit=page.limit)
        return listed(found, lambda rows: session_items(session, rows))


@router.get("/room-sessions/caseless", summary="没有归入案件的使用 / Sessions without a case")
def show_caseless(viewer: SignedIn, archive: TheArchive) -> Listed[CaselessItem]:
    """Each with what its room's devices recorded of it."""
    with looking(archive, viewer) as session:
        found = list_caseless(session, viewer.person, datetime.now(UTC))
        return Listed(items=caseless_items(session, found))


@router.post("/rooms/{room_id}/sessions", summary="登记使用 / Enter a session", status_code=201)
def make_session(room_id: uuid.UUID, form: NewSession, viewer: SignedIn, archive: TheArchive) -> SessionItem:
    """With a case it is an act of that case, of the room's kind."""
    officers = tuple(each for each in (form.officer_id, form.second_officer_id) if each is not None)
    use = Use(form.starts_at, form.ends_at, officers, form.case_id)
    with doing(archive, viewer) as session:
        return describe_session(session, begin_session(session, viewer.person, room_id, use, datetime.now(UTC)))


@router.post("/room-sessions/{session_id}/end", summary="登记使用结束 / Say when a session ended")
def finish_session(session_id: uuid.UUID, form: SessionEnd, viewer: SignedIn, archive: TheArchive) -> SessionItem:
    with doing(archive, viewer) as session:
        row = end_session(session, viewer.person, session_id, form.ends_at, datetime.now(UTC))
        return describe_session(session, row)


@router.post("/room-sessions/{session_id}/case", summary="归入案件 / Say for which case a session was")
def place_session(session_id: uuid.UUID, form: SessionCase, viewer: SignedIn, archive: TheArchive) -> SessionItem:
    with doing(archive, viewer) as session:
        row = give_case(session, viewer.person, session_id, form.case_id, datetime.now(UTC))
        return describe_session(session, row)


@router.post("/room-sessions/{session_id}/withdraw", summary="撤回使用登记 / Withdraw a session")
def take_session_back(session_id: uuid.UUID, form: Reason, viewer: SignedIn, archive: TheArchive) -> SessionItem:
    """A supervisor says so; its act is withdrawn with it."""
    with doing(archive, viewer) as session:
        return describe_session(session, withdraw_session(session, viewer.person, session_id, form.reason))
