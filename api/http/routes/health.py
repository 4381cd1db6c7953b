"""Whether the archive lives, whether it can work, and how much it has to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from api.archive import Archive
from api.http.schema.ledger import Health
from api.http.sessions import TheArchive
from ingest.errors import NoRoomToWork
from ingest.rendering.due import count_waiting_for_room
from ingest.replica.standing import require_replicated
from ingest.scrub.standing import require_all_whole, require_looked_at
from ingest.uploads.unknown import require_all_known
from storage.ledger.own_store import require_own_store

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="进程存活 / The process answers")
async def show_life() -> Health:
    return Health(status="ok")


@router.get(
    "/readyz",
    summary="可以工作 / Database, store and keys answer",
    responses={503: {"model": Health, "description": "某一部分无应答 / something does not answer"}},
)
def show_readiness(archive: TheArchive) -> Response:
    checks = {name: _outcome(check, archive) for name, check in CHECKS.items()}
    ready = all(outcome == "ok" for outcome in checks.values())
    notices = NOTICES if archive.settings.replica_place is None else NOTICES_WITH_REPLICA
    for name, check in notices.items():
        checks[name] = _outcome(check, archive) if ready else "unknown"
    health = Health(status="ok" if ready else "unavailable", checks=checks)
    return JSONResponse(health.model_dump(), 200 if ready else 503, {"Cache-Control": "no-store"})


@router.get("/metrics", summary="度量（Prometheus） / Metrics", response_class=Response)
def show_metrics(request: Request, archive: TheArchive) -> Response:
    """No personal data: counts, times and sizes alone."""
    place = archive.settings.replica_place
    request.app.state.metrics.look_at(archive.database, archive.staging_folder, place)
    return Response(generate_latest(request.app.state.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _ask_database(archive: Archive) -> None:
    with archive.database.reading() as session:
        session.execute(text("SELECT 1 FROM unit LIMIT 1"))


def _ask_store(archive: Archive) -> None:
    """That it answers is not enough: so does the folder beneath a disk that is not mounted."""
    archive.tried_store.require_working()
    require_own_store(archive.database, archive.store)


def _ask_keys(archive: Archive) -> None:
    archive.key_store.require_usable()
    archive.keyring.public_key("receipt")


def _ask_copies(archive: Archive) -> None:
    """Raises NoRoomToWork while copies wait for room. Recordings are received and sealed all the same."""
    with archive.database.reading() as session:
        if count_waiting_for_room(session):
            raise NoRoomToWork(0, 0, int(archive.settings.disk_reserve))


def _ask_staging(archive: Archive) -> None:
    """Raises StagedBytesUnknown while files are staged that the catalog does not know. All else goes on."""
    require_all_known(archive.staging_folder)


def _ask_objects(archive: Archive) -> None:
    """Raises ObjectsDamaged while stored objects are not what was sealed. What is whole is served all the same."""
    with archive.database.reading() as session:
        require_all_whole(session)


def _ask_scrub(archive: Archive) -> None:
    """Raises ScrubBehind where stored objects were not looked at for two rounds."""
    with archive.database.reading() as session:
        require_looked_at(session, archive.settings.scrub_days, datetime.now(UTC))


def _ask_replica(archive: Archive) -> None:
    """Raises ReplicaFailing, ReplicaDamaged, ReplicaBehind, by what the worker that copies has recorded: nothing is
    asked of the replica itself, which may take its time where it is away."""
    settings = archive.settings
    with archive.database.reading() as session:
        require_replicated(session, settings.replica_place or "", settings.replica_behind_hours, datetime.now(UTC))


CHECKS: dict[str, Callable[[Archive], None]] = {"database": _ask_database, "store": _ask_store, "keys": _ask_keys}
NOTICES: dict[str, Callable[[Archive], None]] = {
    "copies": _ask_copies,
    "staging": _ask_staging,
    "objects": _ask_objects,
    "scrub": _ask_scrub,
}
"""What a person has to look at, while the archive works all the same."""
NOTICES_WITH_REPLICA = {**NOTICES, "replica": _ask_replica}


def _outcome(check: Callable[[Archive], None], archive: Archive) -> str:
    """`ok`, or the class of what went wrong: whoever asks is not signed in and learns no more."""
    try:
        check(archive)
    except Exception as error:
        return type(error).__name__
    return "ok"
