"""Rules of retrieval: what the package ships is the district's practice, and nonsense is refused by line and name."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy.orm import Session

from casework.errors import RoleNotAllowed
from casework.retrieval.errors import NoWay
from casework.retrieval.rule_file import SHIPPED, read_retrieval
from casework.retrieval.rules import (
    find_way,
    is_of_its_source,
    list_retrieval_rules,
    load_retrieval_rules,
    load_shipped_retrieval_rules,
    require_way,
)
from casework.rules.errors import RuleFileUnusable
from casework.units import line_of
from storage.catalog.access import ACCESS_KINDS, ASKERS
from storage.ledger.append import Actor

OPERATOR = Actor.system("admin")
NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)
DAY = date(2026, 3, 10)
# By hand, from the local practice that field.md has under S19 to S22.
PRACTICE = {
    ("handler", "view"): ("none", ()),
    ("handler", "copy"): ("head_of_legal", ()),
    ("staff", "view"): ("chief", ()),
    ("staff", "copy"): ("head_of_legal", ()),
    **{(who, "view"): ("chief", ("letter", "identity")) for who in ("organ", "lawyer", "party")},
    **{(who, "copy"): ("head_of_legal", ("letter", "identity")) for who in ("organ", "lawyer", "party")},
}
WAY = "{who: staff, kind: view, approval: chief, longest_hours: 24, law: [试行]}"


def rules(*ways: str, version: int = 1, rank: int = 30, jurisdiction: str = "CN-test", **more: object) -> bytes:
    head = {"jurisdiction": jurisdiction, "version": version, "rank": rank, "title": "{zh: 试行, en: trial}"}
    lines = [f"{name}: {value}" for name, value in {**head, "valid_from": "2026-01-01", **more}.items()]
    return "\n".join([*lines, "ways:", *(f"  - {way}" for way in ways)]).encode()


def test_the_package_ships_the_local_practice_with_its_law(session: Session, archive: Any) -> None:
    assert load_shipped_retrieval_rules(session, NOW) == 1
    assert load_shipped_retrieval_rules(session, NOW) == 0
    known, line = list_retrieval_rules(session), line_of(session, archive.unit().id)
    assert all(is_of_its_source(row) for row in known)
    found = {(who, kind): find_way(known, line, who, kind, DAY) for who in ASKERS for kind in ACCESS_KINDS}
    assert {key: (each.way.approval, each.way.needs) for key, each in found.items() if each} == PRACTICE
    assert all(each is not None and each.way.law for each in found.values())
    assert find_way(known, line, "staff", "view", date(2019, 11, 26)) is None
    assert archive.last_entry("retrieval.loaded").data["jurisdiction"] == "CN-CQ-jiangbei"
    assert len(archive.entries("retrieval.came_into_force")) == 1


def test_a_unit_with_stricter_rules_of_its_own_follows_these(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    team = archive.unit(bureau)
    load_shipped_retrieval_rules(session, NOW)
    own = rules(
        "{who: handler, kind: view, approval: chief, longest_hours: 2, law: [本大队规定]}",
        unit=team.code,
        valid_from="2026-03-12",
    )
    load_retrieval_rules(session, OPERATOR, own, NOW)
    later = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
    assert require_way(session, team.id, "handler", "view", later).way.approval == "chief"
    assert require_way(session, bureau.id, "handler", "view", later).way.approval == "none"
    assert require_way(session, team.id, "handler", "view", NOW).way.approval == "none"


def test_where_no_rule_says_how_nobody_is_let_in(session: Session, archive: Any) -> None:
    load_retrieval_rules(session, OPERATOR, rules(WAY), NOW)
    with pytest.raises(NoWay):
        require_way(session, archive.unit().id, "lawyer", "view", NOW)


def test_only_administrators_load_rules(session: Session, archive: Any) -> None:
    with pytest.raises(RoleNotAllowed):
        load_retrieval_rules(session, archive.person(archive.unit(), "supervisor"), rules(WAY), NOW)


@pytest.mark.parametrize(
    ("way", "where", "problem"),
    [
        (WAY.replace("chief", "none"), "ways[1].approval", "not_without_approval"),
        (WAY.replace("staff", "handler").replace("view", "copy").replace("chief", "none"), "approval", "not_without"),
        (WAY.replace("staff", "everybody"), "ways[1].who everybody", "unknown"),
        (WAY.replace("24", "4321"), "ways[1].longest_hours", "too_many_hours"),
        (WAY.replace("24", "0"), "ways[1].longest_hours", "too_many_hours"),
        (WAY.replace("[试行]", "[]"), "ways[1].law", "empty"),
        (WAY.replace("staff", "lawyer"), "ways[1].needs", "missing"),
        (WAY.replace("staff", "lawyer").replace("law:", "needs: [letter], law:"), "ways[1].needs", "no_identity"),
        (WAY.replace("law:", "needs: [identity], law:"), "ways[1].needs", "no_papers"),
        (WAY.replace("kind:", "kin:"), "ways[1].kin", "unknown"),
    ],
)
def test_nonsense_is_refused_by_name(way: str, where: str, problem: str) -> None:
    with pytest.raises(RuleFileUnusable) as refused:
        read_retrieval(rules(way))
    assert where in refused.value.where
    assert refused.value.problem.startswith(problem)
    assert refused.value.line == 8 - 1


def test_one_way_twice_and_two_series_of_one_rank_are_refused(session: Session) -> None:
    with pytest.raises(RuleFileUnusable, match="twice"):
        read_retrieval(rules(WAY, WAY))
    load_retrieval_rules(session, OPERATOR, rules(WAY), NOW)
    with pytest.raises(RuleFileUnusable, match="with one rank"):
        load_retrieval_rules(session, OPERATOR, rules(WAY, jurisdiction="CN-other"), NOW)


def test_every_shipped_file_reads() -> None:
    assert [read_retrieval(path.read_bytes()).jurisdiction for path in SHIPPED.glob("*.yaml")] == ["CN-CQ-jiangbei"]
