"""Windows against the ledger: who was shown what, originals without consent, and another sample of a month."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from api.verification import verify_archive
from casework.access import GrantFound
from casework.playback import open_window
from casework.requests import approve, ask
from integrity.local_time import chinese_day
from tests.api.tampering import as_superuser, assert_each_is_named, changed, found_in

OTHERWISE = "(SELECT id FROM person WHERE name = 'officer')"
# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    (f"UPDATE playback_window SET person_id = {OTHERWISE}", "person_id"),
    (f"UPDATE playback_window SET person_id = {OTHERWISE}", "original_unconsented"),
    ("UPDATE playback_window SET object_name = 'renditions/x/proxy'", "object_name"),
    ("UPDATE playback_window SET last_byte = last_byte + 1", "last_byte"),
    ("UPDATE playback_window SET opened_at = opened_at - interval '1 minute'", "opened_at"),
    ("UPDATE playback_window SET expires_at = expires_at + interval '9 days'", "expires_at"),
    ("UPDATE access_grant SET unredacted = false, consent_reason = NULL", "original_unconsented"),
    ("UPDATE access_grant SET kind = 'view'", "original_unconsented"),
    ("DELETE FROM playback_window", "logged_row_missing"),
    (
        "INSERT INTO playback_window SELECT gen_random_uuid(), unit_id, person_id, grant_id, recording_id, object_name,"
        " first_byte, last_byte, opened_at, expires_at, sent_bytes, summed_up_at FROM playback_window",
        "row_unaccounted",
    ),
)


@pytest.fixture
def kept(sealing: Any) -> Any:
    """A recording in a case, and a grant to have its original."""
    recording = sealing.seal(os.urandom(2000))
    sealing.link(recording)
    sealing.recording, sealing.granted = recording, sealing.grant("copy")
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    with as_superuser(server, addresses, autocommit=True) as connection:
        yield connection


def show(kept: Any, grant: Any, at: datetime) -> None:
    recording = kept.recording
    with kept.archive.database.transaction() as session:
        span = {"object_size": recording.size_bytes, "first_byte": 0, "last_byte": 9, "now": at}
        of = {"recording_id": recording.id, "object_name": recording.object_name}
        open_window(session, kept.people["supervisor"], GrantFound.of(grant), **of, **span)
    kept.settle()


@pytest.mark.timeout(300)
def test_whatever_is_changed_of_a_window_is_named(kept: Any, server: Any, addresses: Any) -> None:
    show(kept, kept.granted, datetime.now(UTC))
    assert verify_archive(kept.archive, 0).counts["windows"] == 1
    with as_superuser(server, addresses, autocommit=False) as superuser:
        assert_each_is_named(kept.archive, superuser, ("playback_window", "access_grant"), TAMPERED)


def test_an_original_that_was_opened_past_the_guard_is_named(kept: Any, superuser: Any) -> None:
    """Row and entry agree, for both were written as ever: it is the grant that let nobody have it."""
    now = datetime.now(UTC)
    with kept.archive.database.transaction() as session:
        asked = ask(session, kept.people["supervisor"], case_id=kept.case.id, kind="copy", purpose="移送")
        redacted = approve(session, kept.people["legal"], asked.id, expires_at=now + timedelta(days=1), now=now)
    superuser.execute("ALTER TABLE playback_window DISABLE TRIGGER consented_original")
    show(kept, redacted, now)
    superuser.execute("ALTER TABLE playback_window ENABLE TRIGGER consented_original")
    assert dict(verify_archive(kept.archive, 0).findings_by_code) == {"original_unconsented": 1}


def test_a_row_that_moves_the_sample_of_a_month_is_named_by_the_month_and_the_unit(kept: Any, superuser: Any) -> None:
    """The windows are dated back by the test itself, which is named too: whatever comes on top is looked at."""
    then = datetime.now(UTC) - timedelta(days=40)
    for grant in (kept.granted, kept.grant("copy")):
        show(kept, grant, then)
    before = found_in(kept)
    assert {subject.rpartition(": ")[2] for _, subject in before} == {"opened"}
    month = f"{chinese_day(then):%Y-%m}"
    one = f"grant_id = '{kept.granted.id}'"
    for change in (
        f"UPDATE playback_window SET opened_at = now() WHERE {one}",
        f"UPDATE playback_window SET opened_at = opened_at - interval '400 days' WHERE {one}",
        f"UPDATE playback_window SET object_name = 'renditions/x/poster-1' WHERE {one}",
        f"DELETE FROM playback_window WHERE {one}",
    ):
        with changed(superuser, "playback_window", change):
            found = found_in(kept) - before
        assert ("sample_differs", f"viewings of {month}, unit {kept.unit.id}") in found, (change, found)
    assert found_in(kept) == before
