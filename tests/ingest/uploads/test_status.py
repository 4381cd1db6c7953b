"""Whoever asks how far an upload is, and the request that is sending it: how long the one waits for the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.uploads.held import HeldUpload
from ingest.uploads.staging import Staging
from ingest.uploads.status import RecordPatience
from tests.ingest.uploads.staged import UPLOAD

FOR_EVER = 1e9


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    staging = Staging(tmp_path / "staging")
    staging.create(UPLOAD, 4)
    return staging


def sending(staging: Staging) -> HeldUpload:
    held = staging.take_ticket(UPLOAD)
    assert held.try_lock()
    return held


def test_who_asks_waits_until_the_holder_says_that_it_has_recorded(staging: Staging) -> None:
    patience = RecordPatience(FOR_EVER)
    with sending(staging) as held:
        assert [staging.read_offset(UPLOAD, patience.is_settled) for _ in range(3)] == [None] * 3
        assert held.is_asked_to_record()
        held.note_recorded()
        assert staging.read_offset(UPLOAD, patience.is_settled) is not None


def test_nobody_waits_for_a_holder_that_has_gone_without_having_seen_that_it_was_asked(staging: Staging) -> None:
    """A short body ends before its request looks around, and whoever asked meanwhile waited for a second."""
    patience = RecordPatience(FOR_EVER)
    with sending(staging):
        assert staging.read_offset(UPLOAD, patience.is_settled) is None
    assert staging.read_offset(UPLOAD, patience.is_settled) is not None


def test_nobody_waits_where_nobody_sends_or_longer_than_he_has_time(staging: Staging) -> None:
    assert staging.read_offset(UPLOAD, RecordPatience(FOR_EVER).is_settled) is not None
    hurry = RecordPatience(-1.0)
    with sending(staging):
        assert staging.read_offset(UPLOAD, hurry.is_settled) is None
        assert staging.read_offset(UPLOAD, hurry.is_settled) is not None
