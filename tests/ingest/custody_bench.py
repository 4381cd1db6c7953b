"""The custody side of an archive, in this process: a store, a ledger, an authority, and files staged for sealing."""

from __future__ import annotations

import os
import threading
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from api.engines.roles import DatabaseAddresses
from ingest.media.probe import probe_media
from ingest.media.runner import MediaRunner
from ingest.sealing.claims import read_claims
from ingest.sealing.due import DueUpload, lease_due_upload
from ingest.sealing.parts import Custody
from integrity.authority import create_authority
from integrity.authority_server import open_authority_server
from integrity.checkpoint import encode_vkey
from integrity.epoch_keys import EpochSigner
from integrity.keys import SigningKey
from integrity.timestamp import TimestampTrust, request_timestamp
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.organisation import Unit
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station
from storage.catalog.uploads import Upload
from storage.database import Database
from storage.keystore import WrappedKey, create_key_store
from storage.ledger.files import LedgerFiles
from storage.ledger.reading import LedgerReader
from storage.ledger.sequencer import Sequencer
from storage.objects.folder import FolderStore
from tests.servers import ServingThread
from tests.storage.encryption.spans import decrypt_span

ORIGIN = "liuhen.test/custody"


class Bench:
    """An archive's custody side with one station, and the files it staged."""

    def __init__(self, addresses: DatabaseAddresses, folder: Path, runner: MediaRunner) -> None:
        self.database = Database(addresses.worker, pool_size=5)
        self.sequencer_database = Database(addresses.sequencer, pool_size=2)
        self.staging = folder / "staging"
        self.staging.mkdir()
        self.store = FolderStore(folder / "objects")
        self.ledger_key, self.manifest_key, self.receipt_key = (SigningKey.generate() for _ in range(3))
        self.authority = create_authority(folder / "tsa")
        server = open_authority_server(self.authority, "127.0.0.1:0")
        self.tsa_url, self.serving = server.url, ServingThread(server)
        self.vkey = encode_vkey(ORIGIN, self.ledger_key.public)
        files = LedgerFiles(self.store)
        self.sequencer = Sequencer(self.sequencer_database, files, self.ledger_key, ORIGIN)
        self.stop = threading.Event()
        self.sequencing = threading.Thread(target=self._sequence, daemon=True)
        self.sequencing.start()
        self.custody = Custody(
            database=self.database,
            store=self.store,
            key_store=create_key_store(folder / "keys"),
            ledger=LedgerReader(self.database, files, self.vkey),
            manifest_signer=lambda: EpochSigner(1, self.manifest_key),
            receipt_key=lambda: self.receipt_key,
            staged_path=lambda upload_id: self.staging / upload_id,
            probe=lambda path: probe_media(path, runner),
            read_claims=lambda upload, findings: read_claims(upload.claims, findings),
            request_token=lambda data: request_timestamp(self.tsa_url, data, 10),
            timestamp_trust=TimestampTrust(
                (self.authority.root,), (self.authority.fingerprint,), self.authority.policy
            ),
        )
        self.unit_id, self.station_id = self.make_station("大渡口")

    def make_station(self, name: str) -> tuple[uuid.UUID, uuid.UUID]:
        with self.database.transaction() as session:
            unit = Unit(name=name, code=uuid.uuid4().hex)
            session.add(unit)
            session.flush()
            station = Station(unit_id=unit.id, name=uuid.uuid4().hex, token_hash=os.urandom(32))
            session.add(station)
            session.flush()
            return unit.id, station.id

    def stage(self, content: bytes, filename: str = "a.mp4", **claims: str) -> DueUpload:
        upload_id = uuid.uuid4().hex
        (self.staging / upload_id).write_bytes(content)
        now = datetime.now(UTC)
        with self.database.transaction() as session:
            session.add(
                Upload(
                    id=upload_id,
                    station_id=self.station_id,
                    unit_id=self.unit_id,
                    declared_length=len(content),
                    claims={"filename": filename, **claims},
                    state="finished",
                    expires_at=now + timedelta(days=1),
                    finished_at=now,
                )
            )
        return self.lease(upload_id)

    def lease(self, upload_id: str) -> DueUpload:
        """As a worker after a crash would: the earlier lease has run out."""
        with self.database.transaction() as session:
            session.get_one(Upload, upload_id).leased_until = None
        due = lease_due_upload(self.database, "test")
        assert due is not None
        assert due.id == upload_id
        return due

    def count(self, table: type) -> int:
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    def entries(self, action: str) -> int:
        with self.database.reading() as session:
            return (
                session.scalar(select(func.count()).select_from(LedgerEntryRow).where(LedgerEntryRow.action == action))
                or 0
            )

    def originals(self) -> list[str]:
        return list(self.store.list("originals/"))

    def decrypted(self, recording: Recording) -> bytes:
        key = self.custody.key_store.unwrap_data_key(WrappedKey(recording.kek_id, recording.wrapped_data_key))
        with self.store.open(recording.object_name) as reader:
            pieces = decrypt_span(reader, key, str(recording.id).encode(), 0, recording.size_bytes)
            return b"".join(pieces)

    def recording(self) -> Recording:
        with self.database.reading() as session:
            return session.scalars(select(Recording)).one()

    def _sequence(self) -> None:
        while not self.stop.wait(0.01):
            self.sequencer.sequence_pending()

    def close(self) -> None:
        self.stop.set()
        self.sequencing.join()
        self.sequencer.close()
        self.serving.end()
        self.database.close()
        self.sequencer_database.close()
