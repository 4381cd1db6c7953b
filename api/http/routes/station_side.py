"""What docking stations themselves ask for: a key of their own, a word about how they are, their receipts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from api.archive import Archive
from api.http.api_router import api_router
from api.http.errors import CodeThrottled, CustodyFailed, NotFound, SignInThrottled
from api.http.routes.keys import announced_keys
from api.http.routes.session import address_of
from api.http.schema.stations import EnrolledKey, Enrolment, NewReport, NewStationKey, ReportTaken
from api.http.sessions import TheArchive
from api.http.station_requests import Sender
from api.signin import count_attempt, forget_attempts, network_of
from ingest.sealing.handing_out import require_stored_object
from ingest.sealing.receipts import find_receipt
from ingest.stations.codes import enrol_with_code
from ingest.stations.errors import StationKeyUnsafe
from ingest.stations.keys import replace_key
from ingest.stations.possession import HEADER as KEY_PROOF
from ingest.stations.possession import check_possession
from ingest.stations.reports import Report, take_report
from integrity.ed25519_points import is_sound_public_key
from integrity.keys import PublicKey
from storage.catalog.stations import Station, StationKey
from storage.catalog.uploads import GONE_STATES, Upload

router = api_router(tags=["stations"])

RECEIPT_TYPE = "application/vnd.dsse.envelope.v1+json"


@router.post("/station-enrolments", summary="以一次性代码登记工作站密钥 / Enrol a key with a code", status_code=201)
def enrol_key(form: Enrolment, request: Request, archive: TheArchive) -> EnrolledKey:
    """The same code with the same key again gives the same answer: an answer may be lost. Guessing is slowed down.
    `Station-Key-Proof` shows that the key is the caller's: docs/stations.md."""
    now, network = datetime.now(UTC), network_of(address_of(request))
    name = f"\tstation code from {network}"  # a blank before it: no name that somebody signs in with keeps one
    try:
        with archive.database.transaction() as session:
            count_attempt(session, name, network, now)
    except SignInThrottled as error:
        raise CodeThrottled(error.retry_after_seconds) from error
    with archive.database.transaction() as session:
        public_key = _public_key(form.public_key)
        check_possession(request.headers.get(KEY_PROOF), public_key, form.code)
        station, key = enrol_with_code(session, form.code, public_key, now)
        forget_attempts(session, name, network, now)
        return _enrolled(session, archive, station, key, now)


@router.post("/station-keys", summary="工作站更换密钥 / Replace the station's key", status_code=201)
def replace_own_key(form: NewStationKey, request: Request, sender: Sender, archive: TheArchive) -> EnrolledKey:
    """Signed with the key that is replaced, or with the token: that counts no more from now on. Signed with the new key
    it changes nothing, and says whose that is: the answer may have been lost. Otherwise `Station-Key-Proof` shows that
    the key is the caller's: docs/stations.md."""
    now = datetime.now(UTC)
    public_key = _public_key(form.public_key)
    if sender.key_id != public_key.key_id:
        check_possession(request.headers.get(KEY_PROOF), public_key, str(sender.station_id))
    with archive.database.transaction() as session:
        key = replace_key(session, sender.station_id, sender.key_id, public_key, now)
        return _enrolled(session, archive, session.get_one(Station, sender.station_id), key, now)


@router.post("/station-reports", summary="工作站报告状态 / A station's word about itself")
def report(form: NewReport, sender: Sender, archive: TheArchive) -> ReportTaken:
    """Once a minute, and when something changes. The answer has the server's time, to measure one's own clock by."""
    now = datetime.now(UTC)
    said = Report(
        agent_version=form.agent_version,
        free_bytes=form.free_bytes,
        waiting_files=form.waiting_files,
        reported_at=form.at,
        clock_offset_seconds=form.clock_offset_seconds,
        clock_uncertainty_seconds=form.clock_uncertainty_seconds,
    )
    with archive.database.transaction() as session:
        take_report(
            session,
            sender.station_id,
            sender.unit_id,
            said,
            now,
            timedelta(seconds=archive.settings.station_clock_seconds),
        )
    return ReportTaken(server_time=datetime.now(UTC))


@router.get(
    "/uploads/{upload_id}/receipt",
    summary="回执（DSSE 原文） / The receipt of an upload, verbatim",
    description="以工作站凭证读取。202：尚未封存完毕，请稍后再问；409：未能封存，或封存后对象缺失"
    "（failure 为原因代码），请保留原件；410：曾经封存，但存储的对象已缺失，请保留原件并重新上传。 / "
    "With the station's credential. 202: not sealed yet, ask again; 409: not sealed, or lost before it had a receipt, "
    "`failure` says why, keep the original; 410: it was sealed, but the stored object is gone: keep the original and "
    "send it again.",
    response_class=Response,
    responses={
        200: {"content": {RECEIPT_TYPE: {}}},
        202: {"description": "尚未封存完毕 / not sealed yet"},
        410: {"description": "存储的对象已缺失 / the stored object is gone"},
    },
)
def show_receipt(
    upload_id: Annotated[str, Path(pattern="^[0-9a-f]{32}$")], sender: Sender, archive: TheArchive
) -> Response:
    """Whoever asks may wipe next: so the stored object is looked at, each time."""
    with archive.database.reading() as session:
        upload = session.get(Upload, upload_id)
        # Another station's upload is unknown here: which ids exist is nobody else's business.
        if upload is None or upload.station_id != sender.station_id or upload.state in GONE_STATES:
            raise NotFound(f"upload {upload_id}")
        issued = find_receipt(session, upload_id)
        if issued is None and (upload.state == "failed" or upload.failure_code is not None):
            raise CustodyFailed(upload_id, upload.failure_code or "unknown")
    if issued is None:
        return JSONResponse({"state": upload.state}, 202, {"Retry-After": "1", "Cache-Control": "no-store"})
    require_stored_object(archive.database, archive.everywhere, upload_id, issued.recording_id)
    return Response(issued.envelope, media_type=RECEIPT_TYPE, headers={"Cache-Control": "no-store"})


def _public_key(text: str) -> PublicKey:
    key = PublicKey(bytes.fromhex(text))
    if not is_sound_public_key(key.raw):
        raise StationKeyUnsafe(key.key_id)
    return key


def _enrolled(session: Session, archive: Archive, station: Station, key: StationKey, now: datetime) -> EnrolledKey:
    return EnrolledKey(
        station_id=station.id,
        name=station.name,
        key_id=key.id,
        receipt_key=archive.keyring.public_key("receipt").key_id,
        ledger_vkey=archive.keyring.ledger_vkey,
        keys=announced_keys(session),
        server_time=now,
    )
