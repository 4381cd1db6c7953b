"""A film in an archive, people who may look at it, and the HTTP processes that show it: our side of playback."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.bench.custody import RunningCustody, running_child
from api.bench.errors import BenchError
from api.bench.plain_archive import NOT_ELSEWHERE
from api.bench.random_file import make_random_file
from api.credentials import open_session
from api.engines.even_share import open_table
from api.engines.launch import Launch
from api.engines.listener import listening_address, open_listener
from api.engines.plan import http_processes
from api.engines.preparing import load_policies
from api.engines.run_record import ArchiveAddresses
from api.engines.running import embedded_postgres
from api.engines.watched import ChildSpec
from api.http.sessions import SESSION_COOKIE
from api.media_tools import media_runner
from api.setting_values import BindAddress
from casework.cases import open_case
from casework.linking.by_hand import link_by_hand
from casework.organisation import create_person
from casework.requests import approve, ask
from ingest.media.renditions import RenditionMade
from ingest.rendering.due import lease_due_renditions
from ingest.rendering.make import RenditionPlace
from ingest.rendering.storing import store_copy
from ingest.rendering.work_folder import WorkFolder
from ingest.rendering.workshop import Rendering
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording, Rendition
from storage.ledger.append import Actor

HTTP_PROCESSES: Final = 2
GRANTED: Final = timedelta(hours=2)
_OPERATOR = Actor.system("admin")
_RECORDED_BYTES = 4 << 10
_NOBODY = "redis://127.0.0.1:1/0"
"""A broker that nobody is woken by."""


@dataclass(frozen=True)
class ShownFilm:
    """`headers`: of each player, somebody else's session. `stored`: the file of its ciphertext."""

    port: int
    path: str
    headers: Sequence[str]
    stored: Path


@contextmanager
def shown_film(custody: RunningCustody, film: Path, folder: Path, players: int) -> Iterator[ShownFilm]:
    """`film` as the copy that a recording is played by, for as long as the block runs. Raises BenchError."""
    addresses = embedded_postgres(custody.settings).addresses()
    load_policies(addresses)
    custody.seal(make_random_file(folder / "recorded.bin", _RECORDED_BYTES))
    recording_id, stored = _store_film(custody.archive, film)
    with custody.archive.database.transaction() as session:
        cookies = _let_in(session, recording_id, players)
    with ExitStack() as undo:
        listener = undo.enter_context(open_listener(BindAddress("127.0.0.1", 0)))
        bound = listening_address(listener)
        settings = custody.settings.model_copy(update={"http_processes": HTTP_PROCESSES})
        answering = ArchiveAddresses(addresses, _NOBODY, custody.settings.tsa_urls, bound.url)
        table = undo.enter_context(open_table(HTTP_PROCESSES))
        for spec in http_processes(settings, answering, listener, table):
            undo.enter_context(running_child(_not_elsewhere(spec)))
        yield ShownFilm(
            bound.port,
            f"/api/v1/recordings/{recording_id}/renditions/proxy",
            [f"Cookie: {SESSION_COOKIE}={cookie}\r\n" for cookie in cookies],
            custody.settings.data / "objects" / stored,
        )


def _store_film(archive: Archive, film: Path) -> tuple[uuid.UUID, str]:
    """As a media worker stores a copy that it has made: the recording, and the object's name."""
    due = lease_due_renditions(archive.database, "bench")
    if due is None:
        raise BenchError("no copy is due of what was sealed just now")
    made = RenditionMade("proxy", film, "video/mp4", "bench", "1", (), film.stat().st_size, "none")
    work = WorkFolder(archive.work_folder)
    try:
        rendering = Rendering(archive.database, archive.store, archive.key_store, media_runner(archive.settings), work)
        store_copy(RenditionPlace(due, "proxy", uuid.uuid4()), made, rendering)
    finally:
        work.close()
    with archive.database.reading() as session:
        name = session.scalar(select(Rendition.object_name).where(Rendition.recording_id == due.recording_id))
    if name is None:
        raise BenchError("the copy that was stored just now has no row")
    return due.recording_id, name


def _let_in(session: Session, recording_id: uuid.UUID, players: int) -> list[str]:
    """A case that the recording is in, and for each player somebody with a grant of his own: the cookies of all."""
    unit_id = session.get_one(Recording, recording_id).unit_id
    supervisor = _person(session, unit_id, "supervisor", 0)
    people = [_person(session, unit_id, "officer", number) for number in range(1, players + 1)]
    case = open_case(session, supervisor, number="bench", title="bench", kind="penalty", procedure="ordinary_penalty")
    link_by_hand(session, supervisor, recording_id=recording_id, case_id=case.id, stage="investigation", reason="bench")
    now = datetime.now(UTC)
    for person in people:
        request = ask(session, person, case_id=case.id, kind="view", purpose="bench", now=now)
        if request.state == "pending":
            approve(session, supervisor, request.id, expires_at=now + GRANTED, now=now)
    return [open_session(session, person, now) for person in people]


def _person(session: Session, unit_id: uuid.UUID, role: str, number: int) -> Person:
    name = f"bench-{role}-{number}"
    return create_person(session, _OPERATOR, unit_id=unit_id, name=name, sign_in_name=name, role=role)


def _not_elsewhere(spec: ChildSpec) -> ChildSpec:
    """Whatever store the environment names, this one's objects are in its own folder."""

    def launch() -> Launch:
        plain = spec.launch()
        return replace(plain, environment={**plain.environment, **NOT_ELSEWHERE})

    return replace(spec, launch=launch)
