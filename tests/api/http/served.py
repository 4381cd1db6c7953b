"""A whole archive behind a real HTTP server on loopback: PostgreSQL, store, keys, authority, sequencer, custody."""

from __future__ import annotations

import socket
import ssl
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select, update

from api.archive import Archive
from api.credentials import create_api_token, open_session
from api.engines.roles import DatabaseAddresses
from api.http.app import create_app, make_framework
from api.http.sessions import CSRF_HEADER, SESSION_COOKIE
from api.keyring import announce_keys, create_missing_keys
from api.settings import Settings
from api.tasks.custody import read_upload_claims
from api.trust_folder import build_timestamp_trust
from casework.cases import open_case
from casework.linking.by_hand import link_by_hand
from casework.organisation import create_person, create_unit
from casework.register.certificates import add_certificate
from casework.requests import approve, ask
from ingest.custody import seal_upload
from ingest.media.findings import Findings
from ingest.media.renditions import RenditionMade
from ingest.rendering.due import DueRenditions
from ingest.rendering.make import RenditionPlace
from ingest.rendering.redacted import RedactedPlace
from ingest.rendering.redacted_due import lease_due_copy
from ingest.rendering.storing import store_copy
from ingest.rendering.work_folder import WorkFolder
from ingest.rendering.workshop import Rendering
from ingest.sealing.due import lease_due_upload
from ingest.sealing.parts import Custody
from ingest.stations.enrolment import enrol_station, station_of_token
from ingest.uploads.staging import Staging
from integrity.ledger_entry import LedgerEntry, parse_entry
from storage.catalog.access import Grant, PlaybackWindow
from storage.catalog.casework import Case
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import MediaJob, Recording
from storage.catalog.signin import SignInSession
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.keystore import WrappedKey
from storage.ledger.append import Actor, Change, record_change
from storage.objects.folder import FolderStore
from storage.objects.protocol import ObjectStore
from tests.sequencing import Sequencing

OPERATOR = Actor.system("admin")
NO_TOOLS: Any = None
"""Sealing a copy that is there runs no tool."""


# No certificate is looked at, so none is loaded, for hundreds of callers.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Caller(httpx.Client):
    """Somebody at the archive: a browser's cookie with its forgery token, or a program's bearer token."""

    person: Person


@dataclass(frozen=True)
class Station:
    id: uuid.UUID
    unit_id: uuid.UUID
    token: str


@dataclass(frozen=True)
class ServedAuthority:
    """Made once for all tests: its keys take their time."""

    folder: Path
    url: str


class Served:
    """The archive, the address where it is served, and what tests put into it."""

    def __init__(
        self,
        addresses: DatabaseAddresses,
        folder: Path,
        authority: ServedAuthority,
        findings: Findings,
        store: ObjectStore | None = None,
    ) -> None:
        settings = Settings(data=folder / "data", database_url=addresses.app, tsa_urls=(authority.url,))
        settings.data.mkdir()
        settings.authority_folder.symlink_to(authority.folder)
        self.keyring = create_missing_keys(settings)
        store = store or FolderStore(settings.data / "objects")
        self.archive = Archive(settings, Database(addresses.worker, pool_size=10), store, self.keyring)
        self.database = self.archive.database
        # What answers people logs in as the application; what tests do beside it, as a worker.
        self.answering = replace(self.archive, database=Database(addresses.app, pool_size=10, for_people=True))
        self.staging = Staging(self.archive.staging_folder)
        self.findings = findings
        self.owner_url = addresses.owner
        announce_keys(self.database, self.keyring)
        self.sequencing = Sequencing(addresses.sequencer, self.archive)
        self._server = HttpServer(create_app(self.answering, framework()))
        self.url = self._server.url
        self._callers: list[Caller] = []
        self._numbers = iter(range(1, 10_000))

    def close(self) -> None:
        for caller in self._callers:
            caller.close()
        self._server.close()
        self.sequencing.close()
        self.answering.database.close()
        self.database.close()

    def name_replica(self, folder: Path) -> None:
        """As if it had been set, and the archive started again."""
        for archive in (self.archive, self.answering):
            settings = archive.settings.model_copy(update={"replica_folder": folder})
            object.__setattr__(archive, "settings", settings)
            vars(archive).pop("replica", None)

    def name_cold_place(self, folder: Path) -> None:
        """Likewise."""
        for archive in (self.archive, self.answering):
            settings = archive.settings.model_copy(update={"cold_folder": folder})
            object.__setattr__(archive, "settings", settings)
            for made in ("cold", "everywhere"):
                vars(archive).pop(made, None)

    # People

    def unit(self, name: str = "江城区综合行政执法局", parent: Unit | None = None) -> Unit:
        with self.database.transaction() as session:
            code, parent_id = uuid.uuid4().hex, None if parent is None else parent.id
            return create_unit(session, OPERATOR, name=name, code=code, parent_id=parent_id)

    def person(self, unit: Unit, role: str, password_hash: str | None = None) -> Person:
        number = next(self._numbers)
        with self.database.transaction() as session:
            return create_person(
                session,
                OPERATOR,
                unit_id=unit.id,
                name=f"人员{number}",
                sign_in_name=f"person{number}",
                role=role,
                password_hash=password_hash,
            )

    def caller(self, **headers: str) -> Caller:
        headers = {"Accept-Language": "en", **headers}
        caller = Caller(base_url=self.url, headers=headers, timeout=60, trust_env=False, verify=NO_CERTIFICATES)
        self._callers.append(caller)
        return caller

    def browser(self, person: Person) -> Caller:
        """As after a sign-in, without the time that a password takes."""
        with self.database.transaction() as session:
            cookie = open_session(session, person, datetime.now(UTC))
        with self.database.reading() as session:
            rows = select(SignInSession.csrf_token).where(SignInSession.person_id == person.id)
            csrf_token = session.scalars(rows.order_by(SignInSession.created_at.desc())).first()
        caller = self.caller(**{CSRF_HEADER: str(csrf_token)})
        caller.cookies.set(SESSION_COOKIE, cookie)
        caller.person = person
        return caller

    def program(self, person: Person) -> Caller:
        with self.database.transaction() as session:
            token = create_api_token(session, person, "test")
        caller = self.caller(Authorization=f"Bearer {token}")
        caller.person = person
        return caller

    def signed_in(self, unit: Unit, role: str) -> Caller:
        return self.browser(self.person(unit, role))

    # Recordings

    def station(self, unit: Unit) -> Station:
        with self.database.transaction() as session:
            key = self.keyring.public_key("receipt")
            token = enrol_station(session, OPERATOR, unit.id, uuid.uuid4().hex, key)
            station = station_of_token(session, token)
            assert station is not None
            return Station(station.id, unit.id, token)

    def stage(self, station: Station, content: bytes, filename: str = "a.mp4", **claims: str) -> str:
        """An upload whose bytes are all there."""
        upload_id = uuid.uuid4().hex
        path = self.staging.bytes_path(upload_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        actor, length = Actor.station(station.id), len(content)
        with self.database.transaction() as session:
            # With its entries, as tus makes it: verification asks for them.
            begun = Change("upload.created", "upload", upload_id, station.unit_id, {"declared_length": length})
            record_change(session, actor, begun)
            ended = record_change(session, actor, Change("upload.finished", "upload", upload_id, station.unit_id))
            session.add(
                Upload(
                    id=upload_id,
                    station_id=station.id,
                    unit_id=station.unit_id,
                    declared_length=length,
                    claims={"filename": filename, **claims},
                    state="finished",
                    expires_at=ended.occurred_at + timedelta(days=1),
                    finished_at=ended.occurred_at,
                )
            )
        return upload_id

    def seal(self, station: Station, content: bytes, filename: str = "a.mp4", **claims: str) -> Recording:
        """Through custody, to the receipt."""
        self.stage(station, content, filename, **claims)
        due = lease_due_upload(self.database, "test")
        assert due is not None
        issued = seal_upload(due, self.custody)
        with self.database.reading() as session:
            return session.get_one(Recording, issued.recording_id)

    @property
    def custody(self) -> Custody:
        archive = self.archive
        return Custody(
            database=archive.database,
            store=archive.store,
            key_store=archive.key_store,
            ledger=archive.ledger,
            manifest_signer=partial(archive.keyring.signer, "manifest"),
            receipt_key=partial(archive.keyring.signing_key, "receipt"),
            staged_path=self.staging.bytes_path,
            probe=lambda path: self.findings,
            read_claims=partial(read_upload_claims, archive),
            request_token=archive.request_token,
            timestamp_trust=build_timestamp_trust(archive),
        )

    def copy(
        self,
        recording: Recording,
        name: str,
        content: bytes,
        media_type: str,
        settings: tuple[str, ...] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """A rendition of these bytes, sealed and recorded as a media worker does it."""
        archive, path = self.archive, self.archive.settings.data / f"{name}-{recording.id}"
        path.write_bytes(content)
        due = DueRenditions(
            recording_id=recording.id,
            unit_id=recording.unit_id,
            kinds=(name,),
            object_name=recording.object_name,
            size_bytes=recording.size_bytes,
            ciphertext_size_bytes=recording.ciphertext_size_bytes,
            sha256=recording.sha256,
            wrapped_key=WrappedKey(recording.kek_id, recording.wrapped_data_key),
            worker="test",
        )
        made = RenditionMade(name, path, media_type, "ffmpeg", "7.1", settings, len(content), "none", facts or {})
        work = WorkFolder(archive.work_folder)
        with self.database.transaction() as session:
            session.execute(update(MediaJob).where(MediaJob.recording_id == recording.id).values(leased_by=due.worker))
        rendering = Rendering(archive.database, archive.store, archive.key_store, NO_TOOLS, work)
        store_copy(RenditionPlace(due, name, uuid.uuid4()), made, rendering)

    def store_copy(self, content: bytes) -> bytes:
        """The redacted copy that is due, made of these bytes, sealed and recorded as a media worker does it."""
        archive, path = self.archive, self.archive.settings.data / "redacted"
        path.write_bytes(content)
        due = lease_due_copy(archive.database, "test")
        assert due is not None
        made = RenditionMade("redacted", path, "video/mp4", "ffmpeg", "7.1", (), len(content), "none")
        rendering = Rendering(
            archive.database, archive.store, archive.key_store, NO_TOOLS, WorkFolder(archive.work_folder)
        )
        store_copy(RedactedPlace(due), made, rendering)
        return content

    # Casework

    def certify(self, *people: uuid.UUID) -> None:
        """Each has a certificate of his own since 2020."""
        with self.database.transaction() as session:
            for each in people:
                number = f"Z{each.hex[:12]}"
                day = date(2020, 1, 1)
                add_certificate(session, Actor.system("admin"), each, number=number, valid_from=day, last_day=None)

    def case(self, by: Person) -> Case:
        number = next(self._numbers)
        with self.database.transaction() as session:
            return open_case(
                session,
                by,
                number=f"江城罚〔2026〕{number}号",
                title="占道经营",
                kind="penalty",
                procedure="ordinary_penalty",
            )

    def link(self, recording: Recording, case: Case, by: Person) -> uuid.UUID:
        with self.database.transaction() as session:
            link = link_by_hand(
                session, by, recording_id=recording.id, case_id=case.id, stage="investigation", reason="同一现场"
            )
            return link.id

    def grant(
        self,
        case: Case,
        asker: Person,
        approver: Person,
        kind: str = "view",
        lasting: timedelta = timedelta(hours=1),
        redacted: bool = False,
    ) -> Grant:
        """By the approver; a copy, if he is a supervisor, by a legal reviewer of his unit: the rules want him. Copies
        are of the originals, but `redacted` ones."""
        needs = "移送法院" if kind == "copy" and not redacted else None
        if kind == "copy" and approver.role == "supervisor":
            with self.database.reading() as session:
                unit = session.get_one(Unit, approver.unit_id)
            approver = self.person(unit, "legal_reviewer")
        with self.database.transaction() as session:
            request = ask(session, asker, case_id=case.id, kind=kind, purpose="核对现场经过", unredacted_reason=needs)
            now = datetime.now(UTC)
            return approve(session, approver, request.id, expires_at=now + lasting, now=now, consent_reason=needs)

    # Looking

    def entries(self, action: str) -> list[LedgerEntry]:
        """The entries of one action, in the order they were written."""
        with self.database.reading() as session:
            rows = select(LedgerEntryRow.entry).where(LedgerEntryRow.action == action).order_by(LedgerEntryRow.serial)
            return [parse_entry(entry) for entry in session.scalars(rows)]

    def wait_for_sent(self, least: int) -> int:
        """What has been noted as sent under all windows; the note follows the last byte."""
        for _ in range(6000):
            with self.database.reading() as session:
                sent = sum(session.scalars(select(PlaybackWindow.sent_bytes)))
            if sent >= least:
                return sent
            time.sleep(0.01)
        raise AssertionError(f"only {sent} bytes were noted as sent")

    def as_owner(self, statement: str, *values: object) -> None:
        """What no role of the application may do, such as moving time."""
        import psycopg

        with psycopg.connect(self.owner_url, autocommit=True) as connection:
            connection.execute(statement, values)  # type: ignore[arg-type]

    def wait_for_places(self) -> None:
        """Until every entry that is committed now is under a checkpoint."""
        with self.database.reading() as session:
            newest = session.scalars(select(LedgerEntryRow.id).order_by(LedgerEntryRow.serial.desc())).first()
        assert newest is not None
        self.sequencing.hurry()
        assert self.archive.ledger.await_inclusion(newest, 60) is not None


@cache
def framework() -> FastAPI:
    """One for every archive of this process, for what it makes of each route costs a second."""
    return make_framework()


class HttpServer:
    """Uvicorn in a thread."""

    def __init__(self, application: Any) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            application,
            access_log=False,
            log_level="critical",
            ws="none",
            lifespan="off",
            proxy_headers=False,
            # Callers come back after a while: one that finds its connection just being closed is not what is tested.
            timeout_keep_alive=600,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            threading.Event().wait(0.005)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)
        with suppress(OSError):
            self._socket.close()
