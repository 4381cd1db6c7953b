"""Each durable write fails once before it lands and once after it has: done again, the result is the same.

A dry run counts the writes of every step; then each of them is failed by itself. So none is forgotten, and one that is
added later is failed as well.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api.engines.roles import DatabaseAddresses
from storage.catalog.uploads import Upload
from tests.api.sealing_archive import SealingArchive
from tests.sampling import some_of
from tests.torture.failing import Failing, fail_each_write
from tests.torture.sealing_bench import SealingBench

pytestmark = pytest.mark.timeout(300)
Case = Callable[[SealingBench], tuple[str, bytes, int]]
"""Stages an upload: its id, its bytes, and how many receipts there shall be of them in the end."""

EVERY_WRITING_STEP = {"lease_due_upload", "begin_attempt", "digest_and_store_encrypted", "timestamp_signature"}
EVERY_WRITING_STEP |= {"record_sealing", "lock_in_store", "issue_receipt", "Staging.remove"}


@pytest.fixture
def bench(addresses: DatabaseAddresses, tmp_path: Path) -> Iterator[SealingBench]:
    archive = SealingArchive(addresses, tmp_path)
    yield SealingBench(archive)
    archive.close()


def first_copy(bench: SealingBench) -> tuple[str, bytes, int]:
    bench.begin_anew()
    content = random.randbytes(20_000)
    return bench.stage(content, "a.mp4"), content, 1


def second_copy(bench: SealingBench) -> tuple[str, bytes, int]:
    upload_id, content, _ = first_copy(bench)
    bench.failing = Failing()
    bench.seal_until_receipted(upload_id)
    bench.forget_folders()
    return bench.stage(content, "again.mp4"), content, 2


def copy_that_lost_the_race(bench: SealingBench) -> tuple[str, bytes, int]:
    """Its object is stored already when another upload of the same bytes is sealed: it has to go again."""
    upload_id, content, _ = first_copy(bench)
    bench.failing = Failing(place=None, at=("record_sealing", "commit"))
    bench.run_once()
    assert bench.failing.failed == "record_sealing: commit, before"
    with bench.archive.archive.database.transaction() as session:
        session.get_one(Upload, upload_id).leased_until = datetime.now(UTC) + timedelta(minutes=5)
    faster = bench.stage(content, "faster.mp4")
    bench.failing = Failing()
    bench.seal_until_receipted(faster)
    bench.forget_folders()
    return upload_id, content, 2


def copy_of_what_was_lost(bench: SealingBench) -> tuple[str, bytes, int]:
    upload_id, content, copies = second_copy(bench)
    bench.object_path().unlink()
    return upload_id, content, copies


def copy_of_what_rotted(bench: SealingBench) -> tuple[str, bytes, int]:
    upload_id, content, copies = second_copy(bench)
    path = bench.object_path()
    path.chmod(0o600)
    at_rest = path.read_bytes()
    path.write_bytes(at_rest[:-1] + bytes([at_rest[-1] ^ 1]))
    return upload_id, content, copies


CASES = (
    (first_copy, EVERY_WRITING_STEP),
    (copy_of_what_rotted, {"keep_stored_copy", "record_repeat"}),
    (second_copy, {"record_repeat", "issue_receipt"}),
    (copy_that_lost_the_race, {"record_repeat"}),
    (copy_of_what_was_lost, {"keep_stored_copy", "record_repeat"}),
)


@pytest.mark.parametrize(("case", "steps"), some_of(CASES, one_in=3))
def test_each_write_of_custody_fails_before_and_after_it_lands(
    bench: SealingBench, case: Case, steps: set[str]
) -> None:
    def seal(failing: Failing) -> Failing:
        upload_id, content, copies = case(bench)
        bench.failing = failing
        bench.seal_until_receipted(upload_id)
        bench.assert_sealed_once(content, copies)
        assert bench.objects() == bench.known_objects(), failing.failed
        alarms = int(case in (copy_of_what_was_lost, copy_of_what_rotted))
        assert bench.alarms() == (alarms, alarms), failing.failed
        bench.sweep()
        assert len(failing.escaped) <= (failing.failed is not None), failing.escaped
        return failing

    fail_each_write(seal, steps)
