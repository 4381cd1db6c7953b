"""The ledger: its entries as rows for auditors, and its public files (C2SP tlog-tiles)."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import Field

from api.http.api_router import api_router, plain_router
from api.http.deeds import looking
from api.http.errors import NoCheckpoint, NotFound
from api.http.paging import Wanted
from api.http.reading.entries import EntryFilter, list_entries
from api.http.reading.scope import require_reader_of_all
from api.http.schema.base import Listed, ShortText
from api.http.schema.recordings import EntryItem
from api.http.sessions import SignedIn, TheArchive, require_viewer
from casework.permission import require
from integrity.errors import MalformedEvidence
from integrity.growth import prove_growth
from integrity.tiles import Bundle, parse_path

router = api_router(prefix="/ledger", tags=["ledger"])
public_router = plain_router(prefix="/ledger", tags=["ledger"])

# The next one is signed within a second; a proxy may keep what it has for as long.
CHECKPOINT_CACHING = "public, max-age=1"
TILE_CACHING = "public, max-age=31536000, immutable"
BUNDLE_CACHING = "private, max-age=31536000, immutable"
Place = Annotated[int, Field(ge=0, le=(1 << 63) - 1)]
"""An entry's index, or how many there are."""


@router.get("/entries", summary="账本条目 / Ledger entries")
def show_entries(
    viewer: SignedIn,
    archive: TheArchive,
    page: Wanted,
    action: Annotated[ShortText | None, Query(examples=["recording.sealed"])] = None,
    subject: Annotated[ShortText | None, Query(description="对象 id / the subject's id")] = None,
    unit: Annotated[uuid.UUID | None, Query()] = None,
) -> Listed[EntryItem]:
    """Of one's unit and those below it, the latest first; each as it was hashed, with names beside it."""
    require(viewer.person, "read_the_ledger")
    with looking(archive, viewer) as session:
        wanted = EntryFilter(action=action, subject_id=subject, unit_id=unit)
        return list_entries(session, viewer.person, wanted, page.after, page.limit)


@public_router.get(
    "/checkpoint",
    summary="检查点 / The latest signed checkpoint",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def show_checkpoint(
    archive: TheArchive,
    covering: Annotated[Place | None, Query(description="条目序号：首个涵盖该条目的检查点 / the first over it")] = None,
) -> Response:
    """With `covering`, an entry's index: the first that covers it, which is what draws are made by."""
    if covering is not None:
        return _as_note(archive.ledger.first_note_over(covering))
    latest = archive.ledger.latest()
    if latest is None:
        raise NoCheckpoint
    return _as_note(latest[1], CHECKPOINT_CACHING)


@public_router.get(
    "/checkpoint/{size}",
    summary="历史检查点 / The checkpoint signed at that size",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def show_checkpoint_of(size: Place, archive: TheArchive) -> Response:
    """However old: what a figure, a draw or a receipt names by its size is held against it."""
    return _as_note(archive.ledger.note_of(size))


@public_router.get(
    "/consistency/{size}",
    summary="增长证明 / Proof that the latest checkpoint extends the ledger of that size",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
def show_consistency(size: Place, archive: TheArchive) -> Response:
    """For whoever kept a checkpoint over so many entries; checked with `python -m integrity consistency`."""
    latest = archive.ledger.latest()
    if latest is None:
        raise NoCheckpoint
    checkpoint, note = latest
    if size > checkpoint.size:
        raise NotFound("checkpoint")
    return _as_note(prove_growth(size, note, archive.ledger_files.fetch).encode(), CHECKPOINT_CACHING)


def _as_note(note: bytes | None, caching: str = TILE_CACHING) -> Response:
    if note is None:
        raise NotFound("checkpoint")
    return Response(note, media_type="text/plain; charset=utf-8", headers={"Cache-Control": caching})


@public_router.get(
    "/tile/{path:path}",
    summary="哈希瓦片；条目包仅限审计令牌 / Hash tiles; entry bundles for auditors' tokens alone",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def show_tile(path: str, request: Request, archive: TheArchive) -> Response:
    try:
        named = parse_path(f"tile/{path}")
    except MalformedEvidence as error:
        raise NotFound("tile") from error
    is_bundle = isinstance(named, Bundle)
    if is_bundle:
        _require_reader_of_all(request, archive)
    content = archive.ledger_files.fetch(named.path)
    if content is None:
        raise NotFound("tile")
    headers = {"Cache-Control": BUNDLE_CACHING if is_bundle else TILE_CACHING}
    return Response(content, media_type="application/octet-stream", headers=headers)


def _require_reader_of_all(request: Request, archive: TheArchive) -> None:
    """A bundle holds entries of every unit: for auditors at the top, and the programs that act as one."""
    viewer = require_viewer(request)
    with archive.database.reading() as session:
        require_reader_of_all(session, viewer.person, "read_the_entries_of_every_unit")
