"""Versions of the checklist as rows: loaded once, never changed, and which of them rule an act."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.checklists.checklists import (
    checklists_come_into_force,
    checklists_on,
    find_ruling,
    is_of_its_source,
    kinds_of,
    list_checklists,
    load_checklist,
    load_shipped_checklists,
)
from casework.errors import RoleNotAllowed
from casework.rules.errors import PolicyBegun, PolicyOverlaps, PolicyVersionTaken
from storage.catalog.procedure import RecordingChecklist
from storage.database import Database
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def checklist(version: int = 1, valid_from: str = "2026-01-01", *, gap: int = 5, **more: object) -> bytes:
    head = {"jurisdiction": "CN-test", "version": version, "title": "{zh: 试行, en: trial}", "valid_from": valid_from}
    lines = [f"{name}: {value}" for name, value in {**head, **more}.items()]
    act = (
        "{code: seizure, name: {zh: 查封, en: Sealing}, recording: whole, written_reason: false, closes_with_gap: false"
    )
    return "\n".join([*lines, "acts:", f"  - {act}, allowed_gap_seconds: {gap}}}"]).encode()


def load(session: Session, content: bytes, now: datetime = NOW) -> RecordingChecklist:
    return load_checklist(session, OPERATOR, content, now)


def test_a_loaded_version_is_entered_and_comes_into_force_on_its_day(session: Session, archive: Any) -> None:
    row = load(session, checklist(valid_from="2026-03-12"))
    assert archive.last_entry("checklist.loaded").data == {
        "jurisdiction": "CN-test",
        "version": 1,
        "valid_from": "2026-03-12",
        "last_day": None,
        "source_sha256": row.source_sha256.hex(),
    }
    assert archive.entries("checklist.came_into_force") == []
    assert checklists_come_into_force(session, NOW + timedelta(days=2)) == 1
    assert archive.last_entry("checklist.came_into_force").subject_id == str(row.id)
    assert is_of_its_source(row)


def test_versions_neither_change_nor_overlap_and_end_no_day_that_has_come(session: Session) -> None:
    first = load(session, checklist())
    assert load(session, checklist()).id == first.id
    with pytest.raises(PolicyVersionTaken):
        load(session, checklist(gap=6))
    with pytest.raises(PolicyOverlaps):
        load(session, checklist(2, "2026-06-01"))
    with pytest.raises(PolicyBegun):
        load(session, checklist(2, "2026-03-10", supersedes=1))
    load(session, checklist(2, "2026-03-11", supersedes=1))
    assert first.last_day == date(2026, 3, 10)


def test_the_versions_of_the_day_rule_and_a_units_own_only_adds(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    team = archive.unit(bureau)
    load(session, checklist(valid_until="2026-05-31"))
    load(session, checklist(1, "2026-04-01", unit=bureau.code, gap=2))
    load(session, checklist(2, "2026-06-01", gap=60))

    def gap_on(day: date) -> int | None:
        ruling = find_ruling(checklists_on(session, team.id, day), "seizure")
        return None if ruling is None else ruling.rule.allowed_gap_seconds

    assert gap_on(date(2025, 12, 31)) is None
    assert gap_on(date(2026, 1, 1)) == 5
    assert gap_on(date(2026, 4, 1)) == 2
    assert gap_on(date(2026, 6, 1)) == 2
    assert find_ruling(checklists_on(session, team.id, date(2026, 6, 1)), "dancing") is None


def test_what_the_package_ships_is_loaded_once_and_rules_together(session: Session, archive: Any) -> None:
    assert load_shipped_checklists(session, NOW) == 4
    assert load_shipped_checklists(session, NOW) == 0
    assert [(row.jurisdiction, row.version) for row in list_checklists(session)] == [
        ("CN", 2),
        ("CN", 1),
        ("CN-CQ-jiangbei", 1),
        ("CN-CQ-jiangbei-duties", 1),
    ]
    held = checklists_on(session, archive.unit().id, date(2026, 3, 9))
    ruling = find_ruling(held, "service_left")
    assert ruling is not None
    # The nation lets a written reason stand, the district does not; and the nation wants two officers.
    assert (ruling.rule.written_reason, ruling.rule.officers, len(ruling.checklists)) == (False, 2, 3)
    assert [rule.code for rule in kinds_of(held)][:2] == ["on_site", "evidence"]


def test_an_archive_that_rules_those_days_itself_keeps_its_own(session: Session) -> None:
    load(session, checklist(7).replace(b"CN-test", b"CN-CQ-jiangbei"))
    assert load_shipped_checklists(session, NOW) == 3


def test_only_an_administrator_loads(session: Session, archive: Any) -> None:
    unit = archive.unit()
    with pytest.raises(RoleNotAllowed):
        load_checklist(session, archive.person(unit, "supervisor"), checklist(), NOW)
    assert load_checklist(session, archive.person(unit, "administrator"), checklist(), NOW).loaded_by is not None


def test_the_database_lets_nobody_change_a_loaded_version(database: Database, addresses: DatabaseAddresses) -> None:
    with database.transaction() as session:
        load_checklist(session, OPERATOR, checklist(valid_until="2026-12-31"), NOW)
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
        for statement in ("UPDATE recording_checklist SET rules = '{}'", "DELETE FROM recording_checklist"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE recording_checklist SET valid = '[2026-01-01,2026-06-01)'")
