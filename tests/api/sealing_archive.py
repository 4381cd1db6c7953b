"""A whole archive in one process: real database, keys, authority, sequencer, custody and media tools."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select

from api.archive import Archive, open_archive
from api.engines.roles import DATABASE, DatabaseAddresses
from api.keyring import announce_keys, create_missing_keys
from api.media_tools import media_runner
from api.settings import Settings
from api.tasks.custody import open_custody
from api.tasks.media import open_rendering, render_next
from api.upload_limits import upload_register
from casework.cases import open_case
from casework.linking.by_hand import link_by_hand
from casework.organisation import create_person, create_unit
from casework.requests import approve, ask
from ingest.lanes import seal_next
from ingest.stations.enrolment import enrol_station, station_of_token
from ingest.uploads.contract import Opening, StationIdentity
from ingest.uploads.metadata import UploadClaims
from ingest.uploads.staging import Staging
from integrity.authority import Authority
from integrity.authority_server import open_authority_server
from storage.catalog.access import Grant
from storage.catalog.casework import Case
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Person, Unit
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.ledger.append import Actor
from tests.databases import MigratedServer
from tests.ingest.uploads.openings import open_upload
from tests.sequencing import Sequencing
from tests.servers import ServingThread

OPERATOR = Actor.system("admin")
ROLES = {"officer": "officer", "supervisor": "supervisor", "other": "supervisor", "legal": "legal_reviewer"}


@dataclass(frozen=True)
class KeptArchive:
    """An archive at rest, for tests that each begin with a copy of it instead of building it again."""

    database: str
    data: Path

    def copy_into(self, addresses: DatabaseAddresses, folder: Path) -> SealingArchive:
        """`addresses` are those of a copy of the database."""
        shutil.copytree(self.data, folder / "data", symlinks=True)
        return SealingArchive(addresses, folder)


@contextmanager
def kept_archive(
    server: MigratedServer,
    folder: Path,
    template: KeptArchive | None = None,
    fill: Callable[[SealingArchive], object] = lambda _: None,
) -> Iterator[KeptArchive]:
    """A new archive, or a copy of `template`, that was filled and then closed."""
    with server.copy_of(DATABASE if template is None else template.database) as addresses:
        archive = SealingArchive(addresses, folder) if template is None else template.copy_into(addresses, folder)
        fill(archive)
        archive.settle()
        archive.close()
        yield KeptArchive(urlsplit(addresses.worker).path.removeprefix("/"), folder / "data")


class SealingArchive:
    """Seals what it is given, and knows an officer, two supervisors, a legal reviewer, one case. A copy finds them in
    its database."""

    def __init__(self, addresses: DatabaseAddresses, folder: Path, **more: Any) -> None:
        """`more`: other settings, such as those of a store."""
        given = {"database_url": addresses.app, "database_worker_url": addresses.worker, **more}
        settings = Settings(data=folder / "data", **given)
        keyring = create_missing_keys(settings)
        authority = open_authority_server(Authority.load(settings.authority_folder), "127.0.0.1:0")
        self._serving = ServingThread(authority)
        self.settings = settings.model_copy(update={"tsa_urls": (authority.url,)})
        self.archive: Archive = open_archive(self.settings)
        announce_keys(self.archive.database, keyring)
        self._sequencing = Sequencing(addresses.sequencer, self.archive)
        self.staging = Staging(self.archive.staging_folder)
        self.custody = open_custody(self.archive)
        self._find_people() or self._make_people()

    def _find_people(self) -> bool:
        with self.archive.database.reading() as session:
            people = {person.name: person for person in session.scalars(select(Person))}
            if not people:
                return False
            self.people = {name: people[name] for name in ROLES}
            self.unit, self.case = session.scalars(select(Unit)).one(), session.scalars(select(Case)).one()
            self.station_id = session.scalars(select(Station.id)).one()
        return True

    def _make_people(self) -> None:
        self.go_to_new_unit("江北大队", "JB")
        with self.archive.database.transaction() as session:
            self.people: dict[str, Person] = {
                name: create_person(session, OPERATOR, unit_id=self.unit.id, name=name, sign_in_name=name, role=role)
                for name, role in ROLES.items()
            }
            self.case: Case = open_case(
                session,
                self.people["officer"],
                number="江城罚〔2026〕1号",
                title="占道经营",
                procedure="ordinary_penalty",
            )

    def go_to_new_unit(self, name: str, code: str) -> None:
        """What is staged from now on comes from a station of this unit."""
        receipt_key = self.archive.keyring.public_key("receipt")
        with self.archive.database.transaction() as session:
            self.unit = create_unit(session, OPERATOR, name=name, code=code)
            station = station_of_token(
                session, enrol_station(session, OPERATOR, self.unit.id, f"{name}一号站", receipt_key)
            )
            assert station is not None
            self.station_id = station.id

    def stage(self, content: bytes, filename: str, **claims: str) -> str:
        """A finished upload, with its entries, in whatever staging folder there is just now."""
        upload_id, tomorrow = uuid.uuid4().hex, datetime.now(UTC) + timedelta(days=1)
        self.staging.bytes_path(upload_id).write_bytes(content)
        claimed = {"filename": filename, "sha256": hashlib.sha256(content).hexdigest(), **claims}
        register = upload_register(self.archive)
        station = StationIdentity(self.station_id, self.unit.id, 64, 1 << 40)
        opening = Opening(
            station, upload_id, len(content), UploadClaims.from_json(claimed), tomorrow, node=self.staging.node
        )
        open_upload(register, opening)
        assert all(register.finish_uploads([opening.record]))
        return upload_id

    def seal(self, content: bytes, filename: str = "AB00001_000123_20260101093000.MP4") -> Recording:
        upload_id = self.stage(content, filename)
        assert seal_next(self.custody, self.staging, "test")
        with self.archive.database.reading() as session:
            upload = session.get_one(Upload, upload_id)
            assert upload.state == "receipted", upload.failure_detail
            return session.get_one(Recording, upload.recording_id)

    def render(self) -> None:
        rendering = open_rendering(self.archive)
        for lane in ("quick", "slow"):
            while render_next(rendering, "test", lane):
                pass

    def link(self, recording: Recording) -> None:
        with self.archive.database.transaction() as session:
            link_by_hand(
                session,
                self.people["officer"],
                recording_id=recording.id,
                case_id=self.case.id,
                stage="investigation",
                reason="同一现场",
            )

    def grant(self, kind: str = "copy", hours: int = 24) -> Grant:
        """For the supervisor, by the other one, or by the legal reviewer."""
        approver = self.people["legal" if kind == "copy" else "other"]
        with self.archive.database.transaction() as session:
            asker, needs = self.people["supervisor"], "移送法院" if kind == "copy" else None
            request = ask(session, asker, case_id=self.case.id, kind=kind, purpose="移送法院", unredacted_reason=needs)
            now = datetime.now(UTC)
            until = now + timedelta(hours=hours)
            return approve(session, approver, request.id, expires_at=until, now=now, consent_reason=needs)

    def entries(self, action: str) -> int:
        with self.archive.database.reading() as session:
            counted = select(func.count()).select_from(LedgerEntryRow).where(LedgerEntryRow.action == action)
            return session.scalar(counted) or 0

    def settle(self) -> None:
        """Every entry committed so far has its place under a signed checkpoint."""
        with self.archive.database.reading() as session:
            last = session.scalars(select(LedgerEntryRow.id).order_by(LedgerEntryRow.serial.desc()).limit(1)).one()
        self._sequencing.hurry()
        assert self.archive.ledger.await_inclusion(last, 10) is not None

    def clip(self, folder: Path, *tags: str) -> bytes:
        """A second of moving picture. `tags`: as ffmpeg takes them, into QuickTime's own table."""
        path = folder / "clip.mp4"
        ffmpeg = media_runner(self.settings).tools.ffmpeg.program.path
        source = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=1")
        coded = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
        tagged = [word for tag in tags for word in ("-metadata", tag)]
        tagged += ["-movflags", "use_metadata_tags"] if tags else []
        subprocess.run([str(ffmpeg), "-v", "error", "-y", *source, *coded, *tagged, str(path)], check=True)
        return path.read_bytes()

    def stop_sequencing(self) -> None:
        self._sequencing.stop()

    def end_sequencing(self) -> None:
        """For a sequencer of the test's own."""
        self._sequencing.close()

    def close(self) -> None:
        self._sequencing.close()
        self._serving.end()
        self.archive.database.close()
        shutil.rmtree(self.archive.work_folder, ignore_errors=True)
