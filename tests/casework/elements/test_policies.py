"""Versions of the policy: loaded once, never changed, superseded from a day that has not come."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from api.engines.roles import DatabaseAddresses
from casework.elements.policies import (
    come_into_force,
    demands_on,
    fetch_policies,
    is_of_its_source,
    list_policies,
    load_policy,
    load_shipped_policies,
    lost_demands,
)
from casework.elements.policy_file import read_policy
from casework.errors import RoleNotAllowed
from casework.rules.errors import (
    NothingToSupersede,
    PolicyBegun,
    PolicyOverlaps,
    PolicyVersionTaken,
    RuleFileUnusable,
)
from storage.catalog.elements import ElementPolicy
from storage.database import Database
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
AS_SHIPPED_BEFORE = Path(__file__).parent / "plain-1-of-the-first-release.yaml"


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
        load(session, policy(9, "2026-03-11", supersedes=7))
    second = load(session, policy(2, "2026-03-11", supersedes=1))
    assert (first.last_day, second.last_day) == (date(2026, 3, 10), None)
    assert archive.last_entry("policy.superseded").data == {"last_day": "2026-03-10"}
    with pytest.raises(NothingToSupersede):
        load(session, policy(3, "2026-05-01", supersedes=1))


def test_the_version_of_the_day_counts_and_a_units_own_only_adds(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    team = archive.unit(bureau)
    load(session, policy(1, "2025-01-01", until="2025-12-31"))
    load(session, policy(2, "2026-01-01", elements="case: {required: always}"))
    load(session, policy(1, "2026-02-01", unit=team.code, elements="place: {required: always}"), BEFORE)
    load(session, policy(1, "2026-02-01", unit=bureau.code, elements="case: {required: never}"), BEFORE)
    load(session, policy(1, "2026-01-01", jurisdiction="CN-base", elements="officer: {required: always}"))
    policies = fetch_policies(session)

    def demanded(line: list[uuid.UUID], day: date) -> set[str]:
        found = demands_on(policies, line, day)
        return {name for name in ("officer", "place", "act", "case") if found.demand(name, None)}

    assert demanded([team.id, bureau.id], date(2025, 5, 1)) == {"act"}
    assert demanded([team.id, bureau.id], date(2026, 1, 31)) == {"case", "officer"}
    assert demanded([team.id, bureau.id], date(2026, 2, 1)) == {"case", "place", "officer"}
    assert demanded([bureau.id], date(2026, 2, 1)) == {"case", "officer"}
    assert demanded([team.id, bureau.id], date(2024, 1, 1)) == set()


def test_what_the_package_ships_is_loaded_once_and_left_alone_afterwards(session: Session, archive: Any) -> None:
    assert load_shipped_policies(session, NOW) == 4
    assert load_shipped_policies(session, NOW) == 0
    assert [(row.jurisdiction, row.version) for row in list_policies(session)] == [
        ("CN", 2),
        ("CN", 1),
        ("CN-plain", 2),
        ("CN-plain", 1),
    ]
    load(session, policy(3, "2026-04-01", supersedes=2, jurisdiction="CN-plain"))
    assert load_shipped_policies(session, NOW) == 0
    demands = demands_on(fetch_policies(session), [], date(2026, 3, 10))
    assert [(each.jurisdiction, each.version) for each in demands.policies] == [("CN", 2), ("CN-plain", 2)]
    assert demands.demand("place", "seizure")
    assert not demands.demand("place", "questioning")
    assert not demands.demand("place", None)


def test_a_bureau_that_wrote_its_own_before_keeps_it(session: Session) -> None:
    load(session, policy(9, "2018-01-01", jurisdiction="CN-plain"))
    assert load_shipped_policies(session, NOW) == 2


def test_what_was_shipped_mistaken_is_superseded_from_tomorrow_and_judges_what_came_before(session: Session) -> None:
    load(session, AS_SHIPPED_BEFORE.read_bytes())
    assert load_shipped_policies(session, NOW) == 3
    assert load_shipped_policies(session, NOW + timedelta(days=9)) == 0
    second, first = (row for row in list_policies(session) if row.jurisdiction == "CN-plain")
    assert (first.valid_from, first.last_day) == (date(2019, 1, 1), date(2026, 3, 10))
    assert (second.version, second.valid_from, second.last_day) == (2, date(2026, 3, 11), None)
    assert "supersedes: 1" in second.source
    assert is_of_its_source(first)
    assert is_of_its_source(second)


def test_no_law_is_cited_for_days_before_it_was_in_force(session: Session) -> None:
    load_shipped_policies(session, NOW)
    shipped = {(row.jurisdiction, row.version): row for row in list_policies(session)}
    notice, revised = date(2019, 11, 27), date(2021, 7, 15)
    assert shipped["CN-plain", 1].valid_from == notice
    assert (shipped["CN-plain", 1].last_day, shipped["CN-plain", 2].valid_from) == (
        revised - timedelta(days=1),
        revised,
    )
    for (_, version), row in shipped.items():
        assert "82号 S" not in row.source
        assert ("行政处罚法（2017 年修正）" in row.source) == (version == 1 and row.jurisdiction == "CN-plain")
    rules = {act["code"]: act["law"] for act in shipped["CN-plain", 1].rules["acts"]}
    assert rules["preservation"] == ["行政处罚法（2017 年修正） 第三十七条"]
    assert rules["hearing"][0] == "行政处罚法（2017 年修正） 第四十二条"


def test_a_unit_wishes_nothing_away_and_not_for_days_that_have_come(session: Session, archive: Any) -> None:
    load_shipped_policies(session, NOW)
    unit = archive.unit()
    before = demands_on(fetch_policies(session), [unit.id], date(2026, 3, 11))
    for jurisdiction in ("CN", "CN-plain"):
        never = {"jurisdiction": jurisdiction, "unit": unit.code, "elements": "officer: {required: never}"}
        for day in ("2000-01-01", "2026-03-10"):
            with pytest.raises(PolicyBegun, match="2026-03-11"):
                load(session, policy(1, day, **never))
        load(session, policy(1, "2026-03-11", **never))
    after = demands_on(fetch_policies(session), [unit.id], date(2026, 3, 11))
    for element in ("unit", "officer", "device", "time", "place", "act", "case"):
        stays = {each.id for each in after.demand(element, "seizure")}
        assert {each.id for each in before.demand(element, "seizure")} <= stays


def test_a_series_has_one_spelling(session: Session) -> None:
    load_shipped_policies(session, NOW)
    for other in ("cn", "Cn", "CN-Plain"):
        with pytest.raises(RuleFileUnusable, match="written otherwise"):
            load(session, policy(jurisdiction=other))


def test_nonsense_is_not_loaded(session: Session, archive: Any) -> None:
    with pytest.raises(RuleFileUnusable, match="ground of something"):
        load(session, policy(elements="act: {required: never, law: [某法]}"))
    assert archive.entries("policy.loaded") == []


def test_what_a_version_takes_away_is_told() -> None:
    act = "\nacts:\n  - {code: a, name: {zh: 甲, en: A}, demands: [place]}\n  - {code: b, name: {zh: 乙, en: B}"
    before = read_policy(
        policy(elements="case: {required: always}\n  place: {required: for_acts}" + act + ", demands: [place]}\n")
    ).rules
    after = read_policy(
        policy(elements="officer: {required: always}\n  place: {required: for_acts}" + act + "}\n")
    ).rules
    assert lost_demands(before, after) == (("place", "b"), ("case", None))
    assert lost_demands(after, before) == (("officer", None),)


def test_only_administrators_load_and_a_unit_that_is_none_is_named(session: Session, archive: Any) -> None:
    unit = archive.unit()
    with pytest.raises(RoleNotAllowed):
        load_policy(session, archive.person(unit, "supervisor"), policy(), NOW)
    row = load_policy(session, archive.person(unit, "administrator"), policy(), NOW)
    assert row.loaded_by is not None
    with pytest.raises(RuleFileUnusable, match="nowhere"):
        load(session, policy(unit="nowhere"))


def test_the_database_refuses_to_change_a_version(addresses: DatabaseAddresses, database: Database) -> None:
    with database.transaction() as session:
        load(session, policy(until="2026-12-31"))
    with psycopg.connect(addresses.worker, autocommit=True) as connection:
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
