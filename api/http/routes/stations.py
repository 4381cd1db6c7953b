"""Docking stations, as administrators look after them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.credentials import Viewer
from api.http.api_router import api_router
from api.http.deeds import doing, looking
from api.http.paging import Wanted, listed_each
from api.http.reading.scope import require_in_tree
from api.http.schema.base import Listed
from api.http.schema.stations import (
    CertificateBinding,
    EnrolledStation,
    NewStation,
    StationCodeAnswer,
    StationItem,
    StationLimits,
)
from api.http.sessions import SignedIn, TheArchive
from casework.permission import require
from casework.units import require_live, unit_tree
from ingest.stations.codes import issue_station_code, register_station
from ingest.stations.enrolment import enrol_station, revoke_station, station_of_token
from ingest.stations.errors import StationUnknown
from ingest.stations.keys import bind_certificate, replace_token
from ingest.stations.limits import set_limits
from ingest.stations.overview import overviews
from retention.paging import Cursor, Page, newest_first, take_page
from storage.catalog.stations import Station
from storage.ledger.append import Actor

router = api_router(tags=["stations"])


@router.post("/stations", summary="登记采集工作站 / Enrol a station with a token", status_code=201)
def make_station(form: NewStation, viewer: SignedIn, archive: TheArchive) -> EnrolledStation:
    """The token is in this answer and nowhere else. For tus clients; `liuhen dock` can do with a code instead."""
    require(viewer.person, "enrol_stations")
    receipt_key = archive.keyring.public_key("receipt")
    with doing(archive, viewer) as session:
        unit_id = form.unit_id or viewer.person.unit_id
        require_in_tree(session, viewer.person, unit_id)
        require_live(session, unit_id)
        token = enrol_station(session, Actor.person(viewer.person.id), unit_id, form.name, receipt_key)
        station = station_of_token(session, token)
        assert station is not None
        return EnrolledStation(station_id=station.id, name=station.name, token=token)


@router.post("/station-codes", summary="新工作站的一次性代码 / A new station and its one-time code", status_code=201)
def make_station_with_code(form: NewStation, viewer: SignedIn, archive: TheArchive) -> StationCodeAnswer:
    """The code is in this answer and nowhere else: `liuhen dock enrol` uses it with a key pair made on the station."""
    require(viewer.person, "enrol_stations")
    with doing(archive, viewer) as session:
        unit_id = form.unit_id or viewer.person.unit_id
        require_in_tree(session, viewer.person, unit_id)
        require_live(session, unit_id)
        station = register_station(session, Actor.person(viewer.person.id), unit_id, form.name)
        return _issue_code(session, archive, viewer, station)


@router.post("/stations/{station_id}/code", summary="重新生成一次性代码 / Another code", status_code=201)
def make_code(station_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> StationCodeAnswer:
    """Codes shown before are void. The station goes on with the credential it has until the code is used."""
    with _changing(archive, viewer, station_id) as (session, station):
        return _issue_code(session, archive, viewer, station)


@router.post("/stations/{station_id}/token", summary="更换工作站令牌 / Another token", status_code=201)
def make_token(station_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> EnrolledStation:
    """What the station went by before, key or token, counts no more from its next request on."""
    receipt_key, by = archive.keyring.public_key("receipt"), Actor.person(viewer.person.id)
    with _changing(archive, viewer, station_id) as (session, station):
        token = replace_token(session, by, station_id, receipt_key, datetime.now(UTC))
        return EnrolledStation(station_id=station.id, name=station.name, token=token)


@router.post("/stations/{station_id}/certificate", summary="绑定客户端证书 / Bind to a client certificate")
def set_certificate(
    station_id: uuid.UUID, form: CertificateBinding, viewer: SignedIn, archive: TheArchive
) -> StationItem:
    sha256 = None if form.sha256 is None else bytes.fromhex(form.sha256)
    with _changing(archive, viewer, station_id) as (session, _):
        return _item(session, bind_certificate(session, Actor.person(viewer.person.id), station_id, sha256))


@router.post("/stations/{station_id}/limits", summary="设置工作站的上传限额 / Set a station's own limits")
def change_limits(station_id: uuid.UUID, form: StationLimits, viewer: SignedIn, archive: TheArchive) -> StationItem:
    """For what it creates from now on. More than `LIUHEN_UPLOAD_SIZE` no upload is, whatever may wait."""
    with _changing(archive, viewer, station_id) as (session, _):
        by = Actor.person(viewer.person.id)
        return _item(session, set_limits(session, by, station_id, form.max_uploads, form.max_waiting_bytes))


@router.get("/stations", summary="采集工作站列表 / List stations")
def show_stations(viewer: SignedIn, archive: TheArchive, page: Wanted) -> Listed[StationItem]:
    """Those of one's unit and of the units below it, with what they last said of themselves."""
    require(viewer.person, "list_stations")
    with looking(archive, viewer) as session:
        tree = unit_tree(viewer.person.unit_id)
        statement = select(Station).where(Station.unit_id.in_(select(tree.c.id)))
        rows = session.scalars(newest_first(statement, Station.created_at, Station.id, page.after, page.limit)).all()
        stations = take_page(rows, page.limit, lambda row: Cursor(row.created_at, str(row.id)))
        seen = overviews(session, stations.items, datetime.now(UTC))
        return listed_each(Page(tuple(seen), stations.next), StationItem.of)


@router.post("/stations/{station_id}/revoke", summary="吊销工作站凭证 / Revoke a station's credential")
def revoke(station_id: uuid.UUID, viewer: SignedIn, archive: TheArchive) -> StationItem:
    """Counts within a second, for what is being sent too. There is no way back: enrol it anew."""
    with _changing(archive, viewer, station_id) as (session, _):
        return _item(session, revoke_station(session, Actor.person(viewer.person.id), station_id))


@contextmanager
def _changing(archive: Archive, viewer: Viewer, station_id: uuid.UUID) -> Iterator[tuple[Session, Station]]:
    """A station that this administrator looks after, in a transaction."""
    require(viewer.person, "enrol_stations")
    with doing(archive, viewer) as session:
        station = session.get(Station, station_id)
        if station is None:
            raise StationUnknown(station_id)
        require_in_tree(session, viewer.person, station.unit_id)
        yield session, station


def _issue_code(session: Session, archive: Archive, viewer: Viewer, station: Station) -> StationCodeAnswer:
    now, lifetime = datetime.now(UTC), timedelta(hours=archive.settings.station_code_hours)
    code, row = issue_station_code(session, Actor.person(viewer.person.id), station.id, now, lifetime)
    return StationCodeAnswer(
        station_id=station.id,
        station=station.name,
        code=code,
        expires_at=row.expires_at,
        receipt_key=archive.keyring.public_key("receipt").key_id,
    )


def _item(session: Session, station: Station) -> StationItem:
    return StationItem.of(overviews(session, [station], datetime.now(UTC))[0])
