"""Redacted copies: saying what is to be hidden, checking it, asking for the copies, fetching them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy import select

from api.archive import Archive
from api.credentials import Viewer
from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.reading.redaction import copy_items, redaction_items
from api.http.schema.base import Listed
from api.http.schema.redaction import CopyItem, NewCheck, NewCopies, NewRedaction, RedactionItem
from api.http.sessions import SignedIn, TheArchive, hold_while_it_leaves
from api.tasks.waking import wake
from casework.access import refuse_kept_secret
from casework.cases import find_case
from casework.retrieval.copies import ask_for_copies, copies_of, permit_fetching, require_fetcher
from casework.retrieval.redaction import check_redaction, state_redaction
from retention.subjects import row_in_unit
from storage.catalog.recordings import Recording
from storage.catalog.redaction import Box, Mute, Redaction
from storage.sealed_object import AtRest, OpenedObject, open_sealed

router = api_router(tags=["redaction"])
PIECE_BYTES = 256 * 1024
MOST_SHOWN = 100


@router.post("/recordings/{recording_id}/redactions", summary="设定遮蔽 / State what to hide", status_code=201)
def make_redaction(recording_id: uuid.UUID, form: NewRedaction, viewer: SignedIn, archive: TheArchive) -> RedactionItem:
    """In copies that leave; the recording itself is never touched. Boxes outside the picture are refused by number."""
    boxes = [Box(**box.model_dump()) for box in form.boxes]
    mutes = [Mute(**mute.model_dump()) for mute in form.mutes]
    with doing(archive, viewer) as session:
        row = state_redaction(session, viewer.person, recording_id, boxes, mutes, form.reason)
        return redaction_items(session, [row])[0]


@router.get("/recordings/{recording_id}/redactions", summary="遮蔽方案 / What is hidden, the latest first")
def show_redactions(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Listed[RedactionItem]:
    with looking(archive, viewer) as session:
        row_in_unit(session, viewer.person, Recording, recording_id)
        refuse_kept_secret(session, viewer.person, recording_id)
        rows = select(Redaction).where(Redaction.recording_id == recording_id).order_by(Redaction.ordinal.desc())
        return Listed(items=redaction_items(session, session.scalars(rows.limit(MOST_SHOWN)).all()))


@router.post("/redactions/{redaction_id}/check", summary="核对遮蔽 / Check what is hidden", status_code=201)
def make_check(redaction_id: uuid.UUID, form: NewCheck, viewer: SignedIn, archive: TheArchive) -> RedactionItem:
    """By a second person, who is let view the recording: passed, or returned with a reason."""
    with doing(archive, viewer) as session:
        check_redaction(session, viewer.person, redaction_id, form.verdict, form.reason)
        return redaction_items(session, [session.get_one(Redaction, redaction_id)])[0]


@router.post("/cases/{case_id}/copies", summary="制作遮蔽副本 / Ask for redacted copies", status_code=202)
def make_copies(case_id: uuid.UUID, form: NewCopies, viewer: SignedIn, archive: TheArchive) -> Listed[CopyItem]:
    """Under a grant to copy: one of each recording, marked with who gets it. A media worker makes them."""
    now = datetime.now(UTC)
    with doing(archive, viewer) as session:
        chosen = None if form.recordings is None else frozenset(form.recordings)
        rows = ask_for_copies(session, viewer.person, case_id, form.grant_id, now, chosen)
        items = copy_items(session, viewer.person, rows, now)
    wake("encoding.encode_due")
    return Listed(items=items)


@router.get("/cases/{case_id}/copies", summary="遮蔽副本 / Redacted copies of a case")
def show_copies(case_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Listed[CopyItem]:
    with looking(archive, viewer) as session:
        find_case(session, viewer.person, case_id)
        rows = copies_of(session, case_id)
        return Listed(items=copy_items(session, viewer.person, rows, datetime.now(UTC)))


@router.get(
    "/copies/{copy_id}/file",
    summary="下载遮蔽副本 / Fetch a redacted copy",
    response_class=Response,
    responses={200: {"content": {"video/mp4": {}, "audio/mp4": {}, "image/jpeg": {}}}},
)
def send_copy(copy_id: uuid.UUID, request: Request, viewer: SignedIn, archive: TheArchive) -> Response:
    """For whoever asked for it, while the grant holds; an entry says so before the first byte leaves."""
    hold_while_it_leaves(request, partial(_still_fetcher, archive, copy_id))
    with doing(archive, viewer) as session:
        row = permit_fetching(session, viewer.person, copy_id, datetime.now(UTC))
        name = session.get_one(Recording, row.recording_id).original_name.rpartition(".")[0] or str(row.id)
        at_rest, size_bytes, media_type = AtRest.of_copy(row), row.size_bytes or 0, row.media_type or ""
    ending = "jpg" if media_type == "image/jpeg" else "mp4"
    headers = {
        "Content-Length": str(size_bytes),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(f'{name}-redacted.{ending}', safe='')}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    opened = open_sealed(archive.store, archive.key_store, at_rest, archive.copies)
    return StreamingResponse(_pieces(opened, size_bytes), headers=headers, media_type=media_type)


def _still_fetcher(archive: Archive, copy_id: uuid.UUID, viewer: Viewer) -> None:
    with looking(archive, viewer) as session:
        require_fetcher(session, viewer.person, copy_id, datetime.now(UTC))


def _pieces(opened: OpenedObject, size_bytes: int) -> Iterator[bytes]:
    with opened:
        for piece in opened.pieces_of_either(0, size_bytes, PIECE_BYTES):
            yield bytes(piece)
