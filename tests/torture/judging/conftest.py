"""The judge itself: each thing that torture must never bring about is brought about here, and has to be counted.

Rows are changed by the database's owner in a transaction that is rolled back; files are put back. So all faults of a
file of tests are planted in one archive, and `test_a_sound_archive_is_found_sound` says that nothing else was counted.
"""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import select, update

from api.engines.roles import DATABASE
from storage.catalog.recordings import MediaJob, Receipt
from tests.api.sealing_archive import SealingArchive
from tests.databases import MigratedServer
from tests.torture.judging.tortured import DUPLICATE, FIRST, SECOND, CardStation, DockedFile, Tortured


@pytest.fixture(scope="module")
def tortured(server: MigratedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tortured]:
    folder = tmp_path_factory.mktemp("judged")
    with server.copy_of(DATABASE) as addresses:
        sealing = SealingArchive(addresses, folder)
        station = CardStation(sealing.unit.code, folder / "receipts")
        station.folder.mkdir()
        for name, content in (("1.mp4", FIRST), ("2.mp4", SECOND), ("3_DUP.mp4", DUPLICATE)):
            sealing.seal(content, name)
            station.docked.append(DockedFile(name, content))
        with sealing.archive.database.transaction() as session:
            session.execute(update(MediaJob).values(state="nothing"))  # As a media worker leaves them.
            for receipt in session.scalars(select(Receipt)):
                (station.folder / f"{receipt.upload_id}.dsse.json").write_bytes(receipt.envelope)
        sealing.settle()
        with psycopg.connect(server.superuser_of(addresses), autocommit=True) as superuser:
            superuser.execute("SET session_replication_role = replica")
            yield Tortured(sealing, station, superuser)
        sealing.close()
