"""Faults in the rows, and what was docked beside them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.torture.judge import (
    Judgement,
)
from tests.torture.judging.tortured import SECOND, DockedFile, Tortured, copied
from tests.torture.settle import MOST_RESERVED, require_few_reservations


def test_a_sound_archive_is_found_sound(tortured: Tortured) -> None:
    found = tortured.judge()
    assert found == Judgement(files=3)
    assert found.holds
    assert found.last_line() == "lost 0, doubled 0, wrong 0 of 3"
    assert tortured.judge_rows_after() == Judgement(files=3)


FORGED = "f" * 32


def copy_upload(state: str, recording: str = "NULL") -> str:
    return copied("upload", id=f"'{FORGED}'", state=f"'{state}'", recording_id=recording)


NEW_ID = "gen_random_uuid()"
PLANTED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "a recording that is gone": ("lost", "is no recording", ("DELETE FROM recording",)),
    "two recordings of the same bytes": (
        "doubled",
        "2 recordings of",
        (
            "ALTER TABLE recording DROP CONSTRAINT uq_recording_unit_id_sha256",
            copied("recording", id=NEW_ID, object_name="'originals/another'"),
        ),
    ),
    "a recording of other bytes": (
        "wrong",
        "nobody docked",
        (copied("recording", id=NEW_ID, object_name="'originals/another'", sha256="sha256('x')"),),
    ),
    "a receipt that is gone": ("lost", "receipts, ", ("DELETE FROM receipt",)),
    "two receipts": (
        "doubled",
        "receipts, ",
        (copy_upload("receipted"), copied("receipt", upload_id=f"'{FORGED}'")),
    ),
    "a repeat that counts as a first": ("lost", "repeats, ", ("UPDATE receipt SET repeat = false",)),
    "two repeats": ("doubled", "repeats, ", ("UPDATE receipt SET repeat = true",)),
    "an upload too many": (
        "doubled",
        "uploads, ",
        (copy_upload("receipted", "(SELECT id FROM recording LIMIT 1)"),),
    ),
    "an upload that leads to no recording": ("lost", "uploads, ", ("UPDATE upload SET recording_id = NULL",)),
    "an upload without an end": ("wrong", "upload without an end", (copy_upload("open"),)),
    "an attempt without an end": (
        "wrong",
        "attempt without an end",
        (
            copy_upload("terminated"),
            copied("custody_attempt", recording_id=NEW_ID, upload_id=f"'{FORGED}'", object_name="'originals/another'"),
        ),
    ),
    "a copy that was not made": ("wrong", "copy that was not made", ("UPDATE media_job SET state = 'due'",)),
    "a copy that failed": ("wrong", "copy that was not made", ("UPDATE media_job SET state = 'failed'",)),
    "an upload's lease": ("wrong", "lease that nobody gave back", ("UPDATE upload SET leased_by = 'dead'",)),
    "a copy's lease": ("wrong", "lease that nobody gave back", ("UPDATE media_job SET leased_by = 'dead'",)),
    "an entry without a place": ("wrong", "entry without a place", ("DELETE FROM ledger_sequence",)),
}
for action in ("recording.sealed", "recording.received_again", "receipt.issued"):
    gone = f"DELETE FROM ledger_entry WHERE action = '{action}'"
    PLANTED[f"a missing {action}"] = ("lost", f"{action}, ", (gone,))
    # `serial` is given by the database alone.
    twice = f"""INSERT INTO ledger_entry (id, unit_id, action, subject_id, entry, occurred_at)
        SELECT gen_random_uuid(), unit_id, action, subject_id, entry, occurred_at FROM ledger_entry
        WHERE action = '{action}'"""
    PLANTED[f"a doubled {action}"] = ("doubled", f"{action}, ", (twice,))


@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_in_the_rows_is_counted(tortured: Tortured, fault: str) -> None:
    counted_as, words, changes = PLANTED[fault]
    found = tortured.judge_rows_after(*changes)
    assert any(words in line for line in getattr(found, counted_as)), found
    assert not found.holds


def test_a_file_that_was_wiped_and_is_no_recording_is_lost(tortured: Tortured) -> None:
    found = tortured.judge([*tortured.station.docked, DockedFile("4.mp4", b"wiped for nothing")])
    assert (found.files, [line for line in found.lost if "4.mp4" in line]) == (
        4,
        ["4.mp4, wiped from its card, is no recording"],
    )


def test_bytes_that_nobody_docked_are_wrong(tortured: Tortured) -> None:
    found = tortured.judge([each for each in tortured.station.docked if each.content != SECOND])
    assert any("nobody docked" in line for line in found.wrong)


def test_the_same_bytes_docked_more_often_than_receipted_are_lost(tortured: Tortured) -> None:
    found = tortured.judge([*tortured.station.docked, DockedFile("4_DUP.mp4", SECOND)])
    assert any("1 receipts, 2 docked" in line for line in found.lost)


def reserve(tortured: Tortured, count: int) -> None:
    for number in range(count):
        changed = copied("upload", id=f"'{number:032x}'", state="'open'", recording_id="NULL")
        tortured.superuser.execute(changed.encode())


@pytest.mark.parametrize(("left", "stops"), [(0, False), (MOST_RESERVED, False), (MOST_RESERVED + 1, True)])
def test_reservations_that_lost_answers_left_stop_the_run_before_time_forgives_them(
    tortured: Tortured, left: int, stops: bool
) -> None:
    check: Callable[[], None] = lambda: require_few_reservations(tortured.superuser)  # noqa: E731
    with tortured.superuser.transaction(force_rollback=True):
        reserve(tortured, left)
        if stops:
            with pytest.raises(SystemExit, match="reserved"):
                check()
        else:
            check()
