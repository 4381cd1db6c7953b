"""An archive in this process whose custody runs under a watch, and what must be there once a file is sealed."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from pathlib import Path

from sqlalchemy import func, select

from api.tasks.housekeeping import sweep_left_behind
from api.tasks.staging import recover_all_uploads, sweep_staged
from casework.organisation import create_unit
from ingest.alarms import lost_action, restored_action
from ingest.lanes import seal_next
from ingest.media.findings import not_understood
from ingest.sealing.parts import Custody
from ingest.stations.enrolment import enrol_station, station_of_token
from ingest.uploads.offset_file import UNFINISHED
from integrity.receipt import open_receipt
from storage.catalog.ledger import LedgerEntryRow
from storage.catalog.recordings import Receipt, Recording
from storage.catalog.uploads import Upload
from storage.keystore import KeyStore
from storage.objects.folder import FolderStore
from storage.sealed_object import AtRest, open_sealed
from tests.api.sealing_archive import OPERATOR, SealingArchive
from tests.torture.failing import TOKEN, Failing, watched
from tests.torture.points import CUSTODY_STEPS, Watch


class SealingBench:
    """An archive whose custody runs under a watch, with a new unit for each case: nothing is there already."""

    def __init__(self, archive: SealingArchive) -> None:
        self.archive = archive
        self.failing, self.token = Failing(), ""
        self.watch = Watch(CUSTODY_STEPS, self._fail)
        stamped = self.watch.told(TOKEN, archive.custody.request_token)
        findings = not_understood(ValueError("not looked at: probing writes nothing"))
        # A receipt is waited for: put off because the machine is busy, it would take other writes than were counted.
        self.custody: Custody = replace(
            archive.custody, request_token=stamped, probe=lambda path: findings, receipt_patience_seconds=60.0
        )

    def _fail(self, step: str, point: str, moment: str) -> None:
        self.failing(step, point, moment)

    def stage(self, content: bytes, filename: str) -> str:
        upload_id = self.archive.stage(content, filename)
        for also in (".offset", UNFINISHED):  # each file that an upload may have, so that its removal fails once too
            self.archive.staging.bytes_path(upload_id).with_suffix(also).touch()
        return upload_id

    def forget_folders(self) -> None:
        """As a worker that has just started: it remembers no folder as durable."""
        archive = self.archive.archive
        self.custody = replace(
            self.custody,
            store=FolderStore(archive.settings.data / "objects"),
            key_store=KeyStore(archive.key_store.folder),
        )

    def begin_anew(self) -> None:
        """For a unit that has no keys yet."""
        self.forget_folders()
        code = uuid.uuid4().hex[:8]
        with self.archive.archive.database.transaction() as session:
            self.archive.unit = create_unit(session, OPERATOR, name=code, code=code)
            receipt_key = self.archive.archive.keyring.public_key("receipt")
            token = enrol_station(session, OPERATOR, self.archive.unit.id, code, receipt_key)
            station = station_of_token(session, token)
            assert station is not None
            self.archive.station_id = station.id
            self.token = token

    def seal_until_receipted(self, upload_id: str) -> int:
        """As workers would, one after the other; how many runs it took."""
        for run in range(1, 5):
            with self.archive.archive.database.transaction() as session:
                row = session.get_one(Upload, upload_id)
                if row.state == "receipted":
                    return run - 1
                assert row.state != "failed", f"{self.failing.failed}: {row.failure_code}: {row.failure_detail}"
                row.leased_until = None
            self.run_once()
        raise AssertionError(f"{self.failing.failed}: not receipted")

    def run_once(self) -> None:
        try:
            with watched(self.watch):
                seal_next(self.custody, self.archive.staging, "test")
        except Exception as error:
            # Celery notes what escapes the task, and the lease runs out: once, where it was made to.
            self.failing.escaped.append(f"{self.failing.failed}: {error!r}")

    def sweep(self) -> None:
        """What housekeeping does, for what a failed removal left."""
        recover_all_uploads(self.archive.archive)
        sweep_staged(self.archive.archive)
        sweep_left_behind(self.archive.archive)
        assert self.archive.staging.list_uploads() == set(), self.failing.failed

    def assert_sealed_once(self, content: bytes, copies: int) -> None:
        what, archive = str(self.failing.failed), self.archive.archive
        with archive.database.reading() as session:
            (recording,) = session.scalars(select(Recording).where(Recording.unit_id == self.archive.unit.id)).all()
            receipts = session.scalars(select(Receipt).where(Receipt.unit_id == self.archive.unit.id)).all()
            assert session.scalar(select(func.count()).where(Receipt.recording_id == recording.id)) == copies, what
        assert recording.sha256 == hashlib.sha256(content).digest(), what
        with open_sealed(archive.store, archive.key_store, AtRest.of(recording)) as sealed:
            assert b"".join(map(bytes, sealed.pieces(0, recording.size_bytes, 1 << 20))) == content, what
        assert sorted(receipt.repeat for receipt in receipts) == [False] + [True] * (copies - 1), what
        for receipt in receipts:
            open_receipt(receipt.envelope, [archive.keyring.public_key("receipt")], archive.keyring.ledger_vkey)
        assert self.entries(str(recording.id), "recording.sealed") == 1, what
        for receipt in receipts:
            assert self.entries(receipt.upload_id, "receipt.issued") == 1, what
            assert self.entries(receipt.upload_id, "recording.received_again") == receipt.repeat, what

    def entries(self, subject: str, action: str) -> int:
        with self.archive.archive.database.reading() as session:
            counted = select(func.count()).select_from(LedgerEntryRow)
            counted = counted.where(LedgerEntryRow.subject_id == subject, LedgerEntryRow.action == action)
            return session.scalar(counted) or 0

    def recording(self) -> Recording:
        with self.archive.archive.database.reading() as session:
            return session.scalars(select(Recording).where(Recording.unit_id == self.archive.unit.id)).one()

    def object_path(self) -> Path:
        return self.archive.archive.settings.data / "objects" / self.recording().object_name

    def alarms(self) -> tuple[int, int]:
        """How often its object was said to be lost, and to be restored."""
        subject = str(self.recording().id)
        return self.entries(subject, lost_action("recording")), self.entries(subject, restored_action("recording"))

    def objects(self) -> set[str]:
        return set(self.archive.archive.store.list("originals/"))

    def known_objects(self) -> set[str]:
        with self.archive.archive.database.reading() as session:
            return set(session.scalars(select(Recording.object_name)))
