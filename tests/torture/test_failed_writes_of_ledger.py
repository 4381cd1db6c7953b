"""The same for the sequencer: places, tiles, checkpoint, row. A failed one is followed by one that starts anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import func, select

from api.engines.roles import DatabaseAddresses
from api.verification import verify_archive
from storage.catalog.ledger import LedgerEntryRow, LedgerSequence
from storage.database import Database
from storage.ledger.append import Change, record_change
from storage.ledger.files import LedgerFiles
from storage.ledger.sequencer import Sequencer
from storage.objects.folder import FolderStore
from tests.api.sealing_archive import OPERATOR, SealingArchive
from tests.torture.failing import Failing, fail_each_write, watched
from tests.torture.points import SEQUENCER_STEPS, Watch, short

pytestmark = pytest.mark.timeout(300)
MOST_RUNS = 4


@pytest.fixture
def archive(addresses: DatabaseAddresses, tmp_path: Path) -> Iterator[SealingArchive]:
    archive = SealingArchive(addresses, tmp_path)
    archive.settle()
    archive.end_sequencing()
    yield archive
    archive.close()


def test_each_write_of_the_sequencer_fails_before_and_after_it_lands(
    archive: SealingArchive, addresses: DatabaseAddresses
) -> None:
    database = Database(addresses.sequencer, pool_size=2)

    def sequence(failing: Failing) -> Failing:
        with archive.archive.database.transaction() as session:
            for _ in range(3):
                record_change(session, OPERATOR, Change("unit.looked_at", "unit", str(archive.unit.id), None, {}))
        watch = Watch(SEQUENCER_STEPS, failing)
        for _ in range(MOST_RUNS):
            with watched(watch), suppress(Exception):
                run_once(archive, database)
                break
        assert without_place(archive) == 0, failing.failed
        return failing

    fail_each_write(sequence, {short(step) for step in SEQUENCER_STEPS})
    run_once(archive, database)
    report = verify_archive(archive.archive)
    assert report.holds, report.findings
    database.close()


def run_once(archive: SealingArchive, database: Database) -> None:
    keyring, files = archive.archive.keyring, LedgerFiles(FolderStore(archive.settings.data / "objects"))
    with Sequencer(database, files, keyring.signing_key("ledger"), keyring.origin) as sequencer:
        while sequencer.sequence_pending():
            pass


def without_place(archive: SealingArchive) -> int:
    with archive.archive.database.reading() as session:
        entries = session.scalar(select(func.count()).select_from(LedgerEntryRow)) or 0
        return entries - (session.scalar(select(func.count()).select_from(LedgerSequence)) or 0)
