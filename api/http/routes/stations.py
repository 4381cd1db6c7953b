"""Docking stations: enrolled, revoked; and the receipts that they wait for."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select

from api.http.deeds import doing, looking
from api.http.errors import CustodyFailed, NotFound
from api.http.paging import Wanted, listed_each
from api.http.reading.scope import require_in_tree, unit_tree
from api.http.schema.base import Listed
from api.http.schema.organisation import EnrolledStation, NewStation, StationItem
from api.http.sessions import SignedIn, TheArchive
from casework.permission import require
from ingest.sealing.receipts import find_receipt
from ingest.stations.credential import PresentedCredential
from ingest.stations.enrolment import enrol_station, revoke_station, station_of_token
from ingest.stations.errors import StationUnknown
from ingest.uploads.register import CatalogRegister
from retention.paging import Cursor, newest_first, take_page
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.ledger.append import Actor

router = APIRouter(tags=["stations"])

RECEIPT_TYPE = "application/vnd.dsse.envelope.v1+json"
_OVER = ("terminated", "expired")


@router.post("/stations", summary="登记采集工作站 / Enrol a station", status_code=201)
def make_station(form: NewStation, viewer: SignedIn, archive: TheArchive) -> EnrolledStation:
    """The token is in this answer and nowhere else."""
    require(viewer.person, "enrol_stations")
    receipt_key = archive.keyring.public_key("receipt")
    with doing(archive, viewer) as session:
        unit_id = form.unit_id or viewer.person.unit_id
        require_in_tree(session, viewer.person, unit_id)
        token = enrol_station(session, Actor.person(viewer.person.id), unit_id, form.name, receipt_key)
        station = station_of_token(session, token)
        assert station is not None
        return EnrolledStation(station_id=station.id, name=station.name, token=token)


@router.get("/stations", summary="采集工作站列表 / List stations")
def show_stations(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[StationItem]:
    """Those of one's unit and of the units below it."""
    require(viewer.person, "list_stations")
    with looking(archive, viewer) as session:
        tree = unit_tree(viewer.person.unit_id)
        statement = select(Station).where(Station.unit_id.in_(select(tree.c.id)))
        rows = session.scalars(newest_first(statement, Station.created_at, Station.id, page.after, page.limit)).all()
        stations = take_page(rows, page.limit, lambda row: Cursor(row.created_at, str(row.id)))
        return listed_each(stations, StationItem.model_validate)


@router.post("/stations/{station_id}/revoke", summary="吊销工作站凭证 / Revoke a station's credential")
def revoke(station_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> StationItem:
    require(viewer.person, "enrol_stations")
    with doing(archive, viewer) as session:
        station = session.get(Station, station_id)
        if station is None:
            raise StationUnknown(station_id)
        require_in_tree(session, viewer.person, station.unit_id)
        return StationItem.model_validate(revoke_station(session, Actor.person(viewer.person.id), station_id))


@router.get(
    "/uploads/{upload_id}/receipt",
    summary="回执（DSSE 原文） / The receipt of an upload, verbatim",
    description="以工作站令牌读取。202：尚未封存完毕，请稍后再问；409：未能封存，请保留原件。 / "
    "With the station's token. 202: not sealed yet, ask again; 409: not sealed, keep the original.",
    response_class=Response,
    responses={200: {"content": {RECEIPT_TYPE: {}}}, 202: {"description": "尚未封存完毕 / not sealed yet"}},
)
def show_receipt(
    upload_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], request: Request, archive: TheArchive
) -> Response:
    station = CatalogRegister(archive.database).authenticate(PresentedCredential.of(request.scope))
    with archive.database.reading() as session:
        upload = session.get(Upload, upload_id)
        # Another station's upload is unknown here: which ids exist is nobody else's business.
        if upload is None or upload.station_id != station.station_id or upload.state in _OVER:
            raise NotFound(f"upload {upload_id}")
        if upload.state == "failed":
            raise CustodyFailed(upload_id, upload.failure_code or "unknown")
        issued = find_receipt(session, upload_id)
    if issued is None:
        return JSONResponse({"state": upload.state}, 202, {"Retry-After": "1", "Cache-Control": "no-store"})
    return Response(issued.envelope, media_type=RECEIPT_TYPE, headers={"Cache-Control": "no-store"})
