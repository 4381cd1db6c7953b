from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.access import find_grant
from casework.errors import AccessRefused, AlreadyFinished
from casework.export import finish_export, gather_case, list_exports, start_export
from casework.linking.by_hand import link_by_hand, unlink
from casework.playback import open_window
from casework.requests import revoke
from casework.stages import enter_stage
from integrity.canonical import canonical_json
from integrity.digest import Digest
from integrity.ledger_entry import parse_entry
from storage.catalog.access import Export
from storage.catalog.ledger import LedgerEntryRow

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


@pytest.fixture
def scene(session: Session, archive: Any) -> dict[str, Any]:
    """A case with two recordings, one of them with a proxy, and a grant to copy it."""
    unit = archive.unit()
    officer, supervisor = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    case, recordings = archive.case(officer), [archive.recording(unit), archive.recording(unit)]
    for recording in recordings:
        link_by_hand(session, officer, recording_id=recording.id, case_id=case.id, stage="investigation", reason="现场")
    archive.rendition(recordings[0])
    grant = archive.grant(case, officer, supervisor, kind="copy")
    return {
        "unit": unit,
        "officer": officer,
        "supervisor": supervisor,
        "case": case,
        "recordings": recordings,
        "grant": grant,
    }


def test_case_is_gathered_with_recordings_copies_and_entries(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    officer, case, grant = scene["officer"], scene["case"], scene["grant"]
    contents = gather_case(session, officer, case.id, grant.id, NOW)
    assert {copied.recording.id for copied in contents.recordings} == {row.id for row in scene["recordings"]}
    copies = {copied.recording.id: [row.name for row in copied.renditions] for copied in contents.recordings}
    assert copies == {scene["recordings"][0].id: ["proxy"], scene["recordings"][1].id: []}
    assert all(copied.recording.manifest and copied.recording.token for copied in contents.recordings)
    actions = [
        parse_entry(session.get(LedgerEntryRow, entry_id).entry).action  # type: ignore[union-attr]
        for entry_id in contents.entry_ids
    ]
    assert sorted(actions) == sorted(
        ["case.opened", "access.requested", "access.granted", *["recording.sealed", "recording.linked"] * 2]
    )
    sealed = {copied.recording.sealed_entry_id for copied in contents.recordings}
    assert sealed <= set(contents.entry_ids)


def test_case_file_is_canonical_json_and_names_the_case(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    enter_stage(session, scene["officer"], scene["case"].id, "investigation")
    contents = gather_case(session, scene["officer"], scene["case"].id, scene["grant"].id, NOW)
    text = canonical_json(dict(contents.case_file), "case file").decode()
    assert scene["case"].number in text
    assert [stage["stage"] for stage in contents.case_file["stages"]] == ["initiation", "investigation"]
    assert len(contents.case_file["recordings"]) == 2
    assert scene["officer"].name not in text


def test_what_is_no_longer_linked_or_of_another_case_stays_out(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    officer = scene["officer"]
    contents = gather_case(session, officer, scene["case"].id, scene["grant"].id, NOW)
    left, stays = contents.recordings[0], contents.recordings[1]
    unlink(session, officer, left.link.id, "不是本案")
    other = archive.recording(scene["unit"])
    archive.link(other, archive.case(officer), officer)
    again = gather_case(session, officer, scene["case"].id, scene["grant"].id, NOW)
    assert [copied.recording.id for copied in again.recordings] == [stays.recording.id]
    assert left.recording.sealed_entry_id not in again.entry_ids
    assert other.sealed_entry_id not in again.entry_ids


def test_views_of_the_recordings_come_along(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    archive.grant(scene["case"], scene["officer"], scene["supervisor"])
    recording = scene["recordings"][0]
    open_window(
        session,
        scene["officer"],
        find_grant(session, scene["officer"], recording.id, "view", NOW),
        recording_id=recording.id,
        object_name=archive.rendition(recording, "sprite").object_name,
        object_size=100,
        first_byte=0,
        last_byte=9,
        now=NOW,
    )
    opened = archive.last_entry("playback.window_opened")
    assert opened.id in gather_case(session, scene["officer"], scene["case"].id, scene["grant"].id, NOW).entry_ids


def test_export_starts_and_finishes_with_entries(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    officer, case, grant = scene["officer"], scene["case"], scene["grant"]
    export = start_export(session, officer, case.id, grant.id, NOW)
    started = archive.last_entry("export.started")
    assert started.data == {
        "export_id": str(export.id),
        "grant_id": str(grant.id),
        "request_id": str(grant.request_id),
        "recording_count": 2,
    }
    assert started.id in gather_case(session, officer, case.id, grant.id, NOW).entry_ids
    digest = Digest.of("sha256", b"statement")
    finish_export(session, officer, export.id, digest)
    assert (export.statement_sha256, export.finished_at is not None) == (digest.value, True)
    assert archive.last_entry("export.finished").data["statement_sha256"] == digest.hex
    with pytest.raises(AlreadyFinished):
        finish_export(session, officer, export.id, Digest.of("sha256", b"another"))
    assert [row.id for row in list_exports(session, officer.unit_id, case_id=case.id).items] == [export.id]


def test_nothing_is_gathered_or_started_under_a_grant_that_does_not_hold(
    session: Session, archive: Any, scene: dict[str, Any]
) -> None:
    view = archive.grant(scene["case"], scene["officer"], scene["supervisor"], kind="view")
    revoke(session, scene["supervisor"], scene["grant"].id, "r")
    for grant, reason in ((view, "wrong_kind"), (scene["grant"], "revoked")):
        for deed in (gather_case, start_export):
            with pytest.raises(AccessRefused) as caught:
                deed(session, scene["officer"], scene["case"].id, grant.id, NOW)
            assert caught.value.reason == reason
    assert session.scalars(select(Export)).all() == []


def test_somebody_else_does_not_finish_an_export(session: Session, archive: Any, scene: dict[str, Any]) -> None:
    export = start_export(session, scene["officer"], scene["case"].id, scene["grant"].id, NOW)
    with pytest.raises(AccessRefused):
        finish_export(session, scene["supervisor"], export.id, Digest.of("sha256", b""))
    assert export.finished_at is None
