"""Redacted copies from the statement to the sealed bytes, made by the real media worker; held against the ledger."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image, ImageStat

from api.media_tools import media_runner
from api.tasks.media import copy_next, open_rendering
from api.verification import verify_archive
from casework.requests import approve, ask
from casework.retrieval.copies import ask_for_copies
from casework.retrieval.redaction import check_redaction, digest_spans, state_redaction
from ingest.media.renditions import RenditionMade
from ingest.rendering.redacted import RedactedPlace
from ingest.rendering.redacted_due import lease_due_copy
from ingest.rendering.storing import store_copy
from storage.catalog.recordings import Recording
from storage.catalog.redaction import Box, Mute, RedactedCopy, Redaction
from storage.sealed_object import AtRest, open_sealed
from tests.api.tampering import as_superuser, assert_each_is_named

# What is changed, and the fact that then differs, or the code of what is found.
TAMPERED = (
    ("UPDATE redaction SET boxes = '[]'", "spans_sha256"),
    ("UPDATE redaction SET boxes = jsonb_set(boxes, '{0,to_seconds}', '0.1')", "spans_sha256"),
    ('UPDATE redaction SET mutes = \'[{"from_seconds": 0.0, "to_seconds": null}]\'', "spans_sha256"),
    ("UPDATE redaction SET stated_by = (SELECT id FROM person WHERE name = 'legal')", "stated_by"),
    ("UPDATE redaction SET reason = 'x'", "reason"),
    ("UPDATE redaction SET ordinal = 7", "ordinal"),
    ("DELETE FROM redaction", "logged_row_missing"),
    ("UPDATE redaction_check SET verdict = 'returned', reason = 'x'", "verdict"),
    ("UPDATE redaction_check SET checked_by = (SELECT id FROM person WHERE name = 'legal')", "checked_by"),
    ("DELETE FROM redaction_check", "logged_row_missing"),
    (
        "INSERT INTO redaction_check SELECT gen_random_uuid(), unit_id, id, 'passed', NULL, stated_by, now()"
        " FROM redaction",
        "row_unaccounted",
    ),
    ("UPDATE redacted_copy SET mark = '[\"somebody else\"]'", "mark_text"),
    ("UPDATE redacted_copy SET asked_by = (SELECT id FROM person WHERE name = 'legal')", "asked_by"),
    ("UPDATE redacted_copy SET sha256 = sha256('x')", "sha256"),
    ("UPDATE redacted_copy SET parent_sha256 = sha256('x')", "parent_sha256"),
    ("UPDATE redacted_copy SET tool_version = '9'", "tool_version"),
    ("UPDATE redacted_copy SET made_at = made_at - interval '9 days'", "made_at"),
    ("UPDATE redacted_copy SET state = 'failed', outcome = 'x', sha256 = NULL", "gave_up"),
    ("UPDATE redacted_copy SET ciphertext_sha256 = sha256('x'), wrapped_data_key = 'x'", "key_unusable"),
    ("UPDATE redacted_copy SET object_name = 'redacted/nowhere'", "object_missing"),
    ("DELETE FROM redacted_copy", "logged_row_missing"),
)
TABLES = ("redacted_copy", "redaction_check", "redaction")


def make_film(sealing: Any, folder: Path) -> bytes:
    """Two bright seconds with a tone."""
    ffmpeg = str(media_runner(sealing.settings).tools.ffmpeg.program.path)
    picture = ("-f", "lavfi", "-i", "color=c=0xE0E0D0:size=320x180:rate=25:duration=2")
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=2")
    coded = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    subprocess.run([ffmpeg, "-v", "error", *picture, *sound, *coded, str(folder / "bright.mp4")], check=True)
    return (folder / "bright.mp4").read_bytes()


def hide(sealing: Any, recording: Recording, *boxes: Box, mutes: tuple[Mute, ...] = ()) -> uuid.UUID:
    """The supervisor states it, the officer checks it; both are let view the case."""
    people, now = sealing.people, datetime.now(UTC)
    sealing.grant("view")
    with sealing.archive.database.transaction() as session:
        request = ask(session, people["officer"], case_id=sealing.case.id, kind="view", purpose="核对遮蔽")
        approve(session, people["other"], request.id, expires_at=now + timedelta(hours=1), now=now)
    with sealing.archive.database.transaction() as session:
        stated = state_redaction(session, people["supervisor"], recording.id, boxes, mutes, "遮蔽面部")
        check_redaction(session, people["officer"], stated.id, "passed")
        return stated.id


def ask_for(sealing: Any, grant: Any) -> uuid.UUID:
    with sealing.archive.database.transaction() as session:
        supervisor, now = sealing.people["supervisor"], datetime.now(UTC)
        return ask_for_copies(session, supervisor, sealing.case.id, grant.id, now)[0].id


def copy_of(sealing: Any, copy_id: uuid.UUID) -> RedactedCopy:
    with sealing.archive.database.reading() as session:
        row: RedactedCopy = session.get_one(RedactedCopy, copy_id)
        return row


@pytest.fixture
def made(sealing: Any, tmp_path: Path) -> Any:
    """A film whose left half is black from 0.5 to 1 s in the copy that was made of it."""
    recording = sealing.seal(make_film(sealing, tmp_path))
    sealing.link(recording)
    hide(sealing, recording, Box(0, 0, 0.5, 1, 0.5, 1.0), mutes=(Mute(1.0),))
    sealing.copy_id = ask_for(sealing, sealing.grant("copy"))
    assert copy_next(open_rendering(sealing.archive), "test")
    assert not copy_next(open_rendering(sealing.archive), "test")
    sealing.settle()
    return sealing


@pytest.fixture
def superuser(server: Any, addresses: Any) -> Iterator[psycopg.Connection[Any]]:
    """Who can do everything: guards off."""
    twice = ("redaction_check", "uq_redaction_check_redaction_id")
    with as_superuser(server, addresses, twice, autocommit=False) as connection:
        yield connection


def test_what_was_made_hides_what_was_stated_and_says_how_it_was_made(made: Any, tmp_path: Path) -> None:
    archive, row = made.archive, copy_of(made, made.copy_id)
    assert (row.state, row.outcome, row.leased_by) == ("done", None, None)
    with archive.database.reading() as session:
        original, stated = session.get_one(Recording, row.recording_id), session.get_one(Redaction, row.redaction_id)
        entries = {action: made.entries(action) for action in ("copy.asked", "copy.made", "copy.failed")}
        assert digest_spans(stated)
    assert entries == {"copy.asked": 1, "copy.made": 1, "copy.failed": 0}
    assert row.parent_sha256 == original.sha256
    assert (row.tool, row.media_type) == ("ffmpeg", "video/mp4")
    path, shown = tmp_path / "copy.mp4", tmp_path / "at.bmp"
    with open_sealed(archive.store, archive.key_store, AtRest.of_copy(row)) as plaintext:
        path.write_bytes(b"".join(bytes(piece) for piece in plaintext.pieces(0, row.size_bytes or 0, 1 << 20)))
    ffmpeg = str(media_runner(made.settings).tools.ffmpeg.program.path)
    for at, black in ((0.2, False), (0.75, True), (1.5, False)):
        subprocess.run([ffmpeg, "-y", "-v", "error", "-ss", str(at), "-i", path, "-frames:v", "1", shown], check=True)
        left, right = (Image.open(shown).convert("L").crop(part) for part in ((0, 0, 160, 180), (164, 0, 320, 180)))
        assert (ImageStat.Stat(left).mean[0] < 80) is black, at
        assert ImageStat.Stat(right).mean[0] > 150, at
        assert ImageStat.Stat(right).stddev[0] > 3  # the mark
    report = verify_archive(archive)
    assert (report.findings, report.counts["redacted_copies"]) == ((), 1)


def test_whatever_is_changed_of_a_redaction_or_a_copy_is_named(made: Any, superuser: Any) -> None:
    assert_each_is_named(made.archive, superuser, TABLES, TAMPERED)


def test_one_flipped_byte_of_a_copy_is_found(made: Any) -> None:
    path = next(path for path in Path(made.settings.data).rglob("redacted/*/*") if path.is_file())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    assert {each.code for each in verify_archive(made.archive).findings} == {"object_differs"}


def test_what_a_crash_left_of_a_copy_is_replaced_and_troubles_no_audit(sealing: Any, tmp_path: Path) -> None:
    recording = sealing.seal(make_film(sealing, tmp_path))
    sealing.link(recording)
    hide(sealing, recording)
    copy_id = ask_for(sealing, sealing.grant("copy"))
    due = lease_due_copy(sealing.archive.database, "who crashed")
    assert due is not None
    sealing.archive.store.put(f"{due.folder}{uuid.uuid4().hex}", b"half of it")
    sealing.settle()
    assert verify_archive(sealing.archive).findings == ()
    with sealing.archive.database.transaction() as session:
        session.get_one(RedactedCopy, copy_id).leased_until = datetime.now(UTC) - timedelta(minutes=1)
    assert copy_next(open_rendering(sealing.archive), "test")
    sealing.settle()
    assert verify_archive(sealing.archive).findings == ()
    assert list(sealing.archive.store.list("redacted/")) == [copy_of(sealing, copy_id).object_name]


def test_a_worker_that_lost_its_lease_takes_nothing_of_what_another_made(sealing: Any, tmp_path: Path) -> None:
    recording = sealing.seal(make_film(sealing, tmp_path))
    sealing.link(recording)
    hide(sealing, recording)
    copy_id = ask_for(sealing, sealing.grant("copy"))
    stalled = lease_due_copy(sealing.archive.database, "who stands still")
    assert stalled is not None
    with sealing.archive.database.transaction() as session:
        session.get_one(RedactedCopy, copy_id).leased_until = datetime.now(UTC) - timedelta(minutes=1)
    rendering = open_rendering(sealing.archive)
    assert copy_next(rendering, "who goes on")
    late = tmp_path / "late.mp4"
    late.write_bytes(b"made too late")
    made = RenditionMade("redacted", late, "video/mp4", "ffmpeg", "7.1", (), 13, "none")
    store_copy(RedactedPlace(stalled), made, rendering)
    assert list(sealing.archive.store.list("redacted/")) == [copy_of(sealing, copy_id).object_name]
    assert sealing.entries("copy.made") == 1
    sealing.settle()
    assert verify_archive(sealing.archive).findings == ()


def test_what_turns_out_to_be_undecodable_has_failed_with_its_reason_and_is_entered(
    sealing: Any, superuser: psycopg.Connection[Any]
) -> None:
    """A first look that was mistaken: the row says that it is a film, and it is none."""
    recording = sealing.seal(bytes(range(256)) * 400, "noise.mp4")
    sealing.link(recording)
    film = '{"kind": "video", "streams": [{"kind": "video", "codec": "h264"}]}'
    superuser.execute(b"UPDATE recording SET media_state = 'opens', findings = %s::jsonb", (film,))
    superuser.commit()
    hide(sealing, recording, Box(0, 0, 1, 1))
    grant = sealing.grant("copy")
    copy_id = ask_for(sealing, grant)
    assert copy_next(open_rendering(sealing.archive), "test")
    row = copy_of(sealing, copy_id)
    assert (row.state, row.outcome, row.sha256, sealing.entries("copy.failed")) == ("failed", "not_media", None, 1)
    again = ask_for(sealing, grant)
    assert again != copy_id
    assert copy_of(sealing, again).state == "due"
