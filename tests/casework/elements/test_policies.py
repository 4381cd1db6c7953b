"""Versions of the policy: loaded once, never changed, superseded from a day that has not come."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.elements.errors import (
    NothingToSupersede,
    PolicyBegun,
    PolicyOverlaps,
    PolicyUnusable,
    PolicyVersionTaken,
)
from casework.elements.policies import (
    come_into_force,
    demands_on,
    fetch_policies,
    list_policies,
    load_policy,
    load_shipped_policies,
)
from casework.errors import RoleNotAllowed
from storage.catalog.elements import ElementPolicy
from storage.database import Database
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def policy(
    version: int = 1,
    valid_from: str = "2026-01-01",
    *,
    until: str | None = None,
    unit: str | None = None,
    supersedes: int | None = None,
    elements: str = "act: {required: always}",
    jurisdiction: str = "CN-test",
) -> bytes:
    more = {"valid_until": until, "unit": unit, "supersedes": supersedes}
    lines = [f"{name}: {value}" for name, value in more.items() if value is not None]
    head = [f"jurisdiction: {jurisdiction}", f"version: {version}", "title: {zh: 试行, en: trial}"]
    return "\n".join([*head, f"valid_from: {valid_from}", *lines, "elements:", f"  {elements}"]).encode()


def load(session: Session, content: bytes, now: datetime = NOW) -> ElementPolicy:
    return load_policy(session, OPERATOR, content, now)


def test_a_loaded_version_is_entered_and_comes_into_force_on_its_day(session: Session, archive: Any) -> None:
    row = load(session, policy(valid_from="2026-03-12"))
    assert archive.last_entry("policy.loaded").data == {
        "jurisdiction": "CN-test",
        "version": 1,
        "valid_from": "2026-03-12",
        "last_day": None,
        "source_sha256": row.source_sha256.hex(),
    }
    assert archive.entries("policy.came_into_force") == []
    # 16:00 UTC is midnight in China.
    assert come_into_force(session, datetime(2026, 3, 11, 15, 59, tzinfo=UTC)) == 0
    assert come_into_force(session, datetime(2026, 3, 11, 16, 0, tzinfo=UTC)) == 1
    assert come_into_force(session, NOW + timedelta(days=9)) == 0
    (entered,) = archive.entries("policy.came_into_force")
    assert (entered.subject_id, entered.data["valid_from"]) == (str(row.id), "2026-03-12")


def test_the_same_file_again_changes_nothing_and_another_under_its_number_is_refused(
    session: Session, archive: Any
) -> None:
    first = load(session, policy())
    assert load(session, policy()).id == first.id
    assert len(archive.entries("policy.loaded")) == 1
    with pytest.raises(PolicyVersionTaken):
        load(session, policy(elements="case: {required: always}"))


def test_versions_that_overlap_are_refused_with_the_way_out(session: Session) -> None:
    load(session, policy())
    with pytest.raises(PolicyOverlaps, match="supersedes: 1"):
        load(session, policy(2, "2026-06-01"))
    load(session, policy(3, "2025-01-01", until="2025-12-31"))
    with pytest.raises(PolicyOverlaps):
        load(session, policy(4, "2025-12-31", until="2025-12-31"))
    load(session, policy(1, jurisdiction="CN-other"))


def test_a_new_version_ends_the_one_it_supersedes_from_tomorrow_on_at_the_earliest(
    session: Session, archive: Any
) -> None:
    first = load(session, policy())
    for day in ("2026-03-10", "2025-01-01"):
        with pytest.raises(PolicyBegun, match="2026-03-11"):
            load(session, policy(2, day, supersedes=1))
    with pytest.raises(NothingToSupersede):
        load(session, policy(2, "2026-03-11", supersedes=7))
    second = load(session, policy(2, "2026-03-11", supersedes=1))
    assert (first.last_day, second.last_day) == (date(2026, 3, 10), None)
    assert archive.last_entry("policy.superseded").data == {"last_day": "2026-03-10"}
    with pytest.raises(NothingToSupersede):
        load(session, policy(3, "2026-05-01", supersedes=1))


def test_the_version_of_the_day_and_of_the_nearest_unit_counts(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    team = archive.unit(bureau)
    load(session, policy(1, "2025-01-01", until="2025-12-31"))
    load(session, policy(2, "2026-01-01", elements="case: {required: always}"))
    load(session, policy(1, "2026-02-01", unit=team.code, elements="place: {required: always}"))
    load(session, policy(1, "2026-01-01", jurisdiction="CN-base", elements="officer: {required: always}"))
    policies = fetch_policies(session)

    def demanded(line: list[uuid.UUID], day: date) -> set[str]:
        found = demands_on(policies, line, day)
        return {name for name in ("officer", "place", "act", "case") if found.demand(name, None)}

    assert demanded([team.id, bureau.id], date(2025, 5, 1)) == {"act"}
    assert demanded([team.id, bureau.id], date(2026, 1, 31)) == {"case", "officer"}
    assert demanded([team.id, bureau.id], date(2026, 2, 1)) == {"place", "officer"}
    assert demanded([bureau.id], date(2026, 2, 1)) == {"case", "officer"}
    assert demanded([team.id, bureau.id], date(2024, 1, 1)) == set()


def test_what_the_package_ships_is_loaded_once_and_left_alone_afterwards(session: Session, archive: Any) -> None:
    assert load_shipped_policies(session, NOW) == 3
    assert load_shipped_policies(session, NOW) == 0
    assert [(row.jurisdiction, row.version) for row in list_policies(session)] == [
        ("CN", 2),
        ("CN", 1),
        ("CN-plain", 1),
    ]
    load(session, policy(2, "2026-04-01", supersedes=1, jurisdiction="CN-plain"))
    assert load_shipped_policies(session, NOW) == 0
    demands = demands_on(fetch_policies(session), [], date(2026, 3, 10))
    assert [(each.jurisdiction, each.version) for each in demands.policies] == [("CN", 2), ("CN-plain", 1)]
    assert demands.demand("place", "seizure")
    assert not demands.demand("place", "questioning")
    assert not demands.demand("place", None)


def test_a_bureau_that_wrote_its_own_before_keeps_it(session: Session) -> None:
    load(session, policy(9, "2018-01-01", jurisdiction="CN-plain"))
    assert load_shipped_policies(session, NOW) == 2


def test_only_administrators_load_and_a_unit_that_is_none_is_named(session: Session, archive: Any) -> None:
    unit = archive.unit()
    with pytest.raises(RoleNotAllowed):
        load_policy(session, archive.person(unit, "supervisor"), policy(), NOW)
    row = load_policy(session, archive.person(unit, "administrator"), policy(), NOW)
    assert row.loaded_by is not None
    with pytest.raises(PolicyUnusable, match="nowhere"):
        load(session, policy(unit="nowhere"))


def test_the_database_refuses_to_change_a_version(addresses: DatabaseAddresses, database: Database) -> None:
    with database.transaction() as session:
        load(session, policy(until="2026-12-31"))
    with psycopg.connect(addresses.app, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE element_policy SET rules = '{}'")
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE element_policy SET valid = '[2026-01-01,2026-06-01)'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM element_policy")


def test_two_that_load_at_once_never_both_hold(database: Database) -> None:
    outcomes: list[str] = []

    def run(version: int) -> None:
        try:
            with database.transaction() as session:
                load(session, policy(version))
            outcomes.append("loaded")
        except (PolicyOverlaps, IntegrityError, ProgrammingError) as error:
            outcomes.append(type(error).__name__)

    threads = [threading.Thread(target=run, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["PolicyOverlaps", "loaded"]
