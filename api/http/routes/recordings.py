"""Recordings: the list, one of them, its proofs, who saw it, and its footage."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Query, Request
from fastapi.responses import Response

from api.http.api_router import api_router
from api.http.deeds import looking
from api.http.paging import Wanted
from api.http.playback.answer import send_footage
from api.http.reading.entries import list_chain
from api.http.reading.positions import track_items
from api.http.reading.recordings import (
    RecordingFilter,
    describe_recording,
    find_recording,
    list_recordings,
    list_viewings,
)
from api.http.schema.base import Listed, Sha256Hex, ShortText
from api.http.schema.recordings import EntryItem, Positions, RecordingDetail, RecordingItem, ViewingItem
from api.http.sessions import SignedIn, TheArchive

router = api_router(prefix="/recordings", tags=["recordings"])

MANIFEST_TYPE = "application/vnd.dsse.envelope.v1+json"
TOKEN_TYPE = "application/timestamp-reply"  # noqa: S105  a media type
RenditionName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{0,63}$", examples=["proxy"])]
_FOOTAGE = {
    200: {"content": {"application/octet-stream": {}}, "description": "全部字节 / all bytes"},
    206: {"content": {"application/octet-stream": {}}, "description": "所请求的范围 / the range that was asked for"},
    304: {"description": "客户端已有 / the client has it"},
    416: {"description": "范围超出文件 / the range lies outside the object"},
}


@router.get("", summary="原始记录列表 / List recordings")
def show_recordings(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    sha256: Annotated[Sha256Hex | None, Query(description="文件摘要 / of the original's bytes")] = None,
    device: Annotated[ShortText | None, Query()] = None,
    officer: Annotated[ShortText | None, Query()] = None,
    case: Annotated[uuid.UUID | None, Query(description="案件编号（id） / the case's id")] = None,
    media_state: Annotated[str | None, Query(pattern="^(intact|opens|damaged|unreadable)$")] = None,
    made_from: Annotated[datetime | None, Query(alias="from", description="摄录时间起 / made at or after")] = None,
    made_before: Annotated[datetime | None, Query(alias="to", description="摄录时间止 / made before")] = None,
    unlinked: Annotated[bool, Query(description="仅未关联案件的记录 / only those in no case")] = False,
) -> Listed[RecordingItem]:
    """Those of one's unit, the latest sealed first. A program that waits for a file asks with `sha256`."""
    wanted = RecordingFilter(
        sha256=None if sha256 is None else bytes.fromhex(sha256),
        device=device,
        officer=officer,
        case_id=case,
        media_state=media_state,
        made_from=_aware(made_from),
        made_before=_aware(made_before),
        unlinked=unlinked,
    )
    with looking(archive, viewer) as session:
        return list_recordings(session, viewer.person, wanted, page.after, page.limit, datetime.now(UTC))


@router.get("/{recording_id}", summary="一条原始记录 / One recording")
def show_recording(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> RecordingDetail:
    with looking(archive, viewer) as session:
        row = find_recording(session, viewer.person, recording_id)
        return describe_recording(session, viewer.person, row, datetime.now(UTC))


@router.get(
    "/{recording_id}/manifest",
    summary="封存清单（DSSE 原文） / The manifest, verbatim as it was signed",
    response_class=Response,
    responses={200: {"content": {MANIFEST_TYPE: {}}}},
)
def show_manifest(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    with looking(archive, viewer) as session:
        manifest = find_recording(session, viewer.person, recording_id).manifest
    return _file(manifest, MANIFEST_TYPE, f"{recording_id}.dsse.json")


@router.get(
    "/{recording_id}/token",
    summary="时间戳（RFC 3161 应答） / The time stamp over the manifest, as the authority answered",
    response_class=Response,
    responses={200: {"content": {TOKEN_TYPE: {}}}},
)
def show_token(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Response:
    with looking(archive, viewer) as session:
        token = find_recording(session, viewer.person, recording_id).token
    return _file(token, TOKEN_TYPE, f"{recording_id}.tsr")


@router.get("/{recording_id}/chain", summary="保管链 / Chain of custody")
def show_chain(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[EntryItem]:
    """The ledger entries about the recording, its uploads, links, windows and refusals, as they were written."""
    with looking(archive, viewer) as session:
        find_recording(session, viewer.person, recording_id)
        return list_chain(session, recording_id, page.after, page.limit)


@router.get("/{recording_id}/positions", summary="位置轨迹 / Where the recorder was, point by point")
def show_positions(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> Positions:
    """For whoever may see the recording's facts; docs/formats/positions.md has the rows."""
    with looking(archive, viewer) as session:
        return Positions(tracks=track_items(session, find_recording(session, viewer.person, recording_id)))


@router.get("/{recording_id}/viewings", summary="谁看过 / Who saw it")
def show_viewings(recording_id: uuid.UUID, viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[ViewingItem]:
    with looking(archive, viewer) as session:
        find_recording(session, viewer.person, recording_id)
        return list_viewings(session, recording_id, page.after, page.limit)


@router.get(
    "/{recording_id}/original",
    summary="原件字节 / The original's bytes",
    response_class=Response,
    responses=_FOOTAGE,  # type: ignore[arg-type]
)
@router.head("/{recording_id}/original", summary="原件的大小和摘要 / The original's size and digest")
async def send_original(recording_id: uuid.UUID, request: Request, archive: TheArchive) -> Response:
    """As a download, under a grant to copy whose approver consented to originals (`unredacted`); ranges are served.

    An entry says who gets which span before its first byte leaves. To look at a recording, take its renditions.
    """
    return await send_footage(request, archive, recording_id, None)


@router.get(
    "/{recording_id}/renditions/{name}",
    summary="播放副本 / A playable copy",
    response_class=Response,
    responses=_FOOTAGE,  # type: ignore[arg-type]
)
@router.head("/{recording_id}/renditions/{name}", summary="播放副本的大小和摘要 / A playable copy's size and digest")
async def send_rendition(
    recording_id: uuid.UUID, name: RenditionName, request: Request, archive: TheArchive
) -> Response:
    """`proxy`, `poster` or `sprite`; under a grant to view. An entry is there before the first byte leaves."""
    return await send_footage(request, archive, recording_id, name)


def _aware(moment: datetime | None) -> datetime | None:
    """A time without an offset is taken for UTC."""
    return moment if moment is None or moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, headers=headers, media_type=media_type)
