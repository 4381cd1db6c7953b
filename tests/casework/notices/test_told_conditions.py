"""Each line of `told_refusals` is needed: taken out, what was missing is missing no more, or what was not is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from api.engines.roles import DatabaseAddresses
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionVersion
from storage.database import Database
from tests.casework.notices.conditions import hearings, notices
from tests.casework.notices.conditions.known import CASES, Stage, notice_of, offered, on_the_spot
from tests.sampling import some_of

CONDITIONS = (hearings, notices)
"""Whose cases are known once they are read."""
FUNCTIONS = """
    SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prosrc LIKE '%-- told: %'
"""
CONDITION = re.compile(r"-- told: (\w+)$", re.MULTILINE)


@pytest.fixture
def stage(database: Database, addresses: DatabaseAddresses, telling_in: Any, archive_in: Any) -> Stage:
    return Stage(database, addresses, telling_in, archive_in)


def conditions_of(stage: Stage) -> dict[str, str]:
    return {name: body for _, body in stage.sql(FUNCTIONS) for name in CONDITION.findall(body)}


def without(body: str, condition: str) -> str:
    """The function without the line that states this condition."""
    lines = body.split("\n")
    (place,) = [at for at, line in enumerate(lines) if line.endswith(f"-- told: {condition}")]
    stripped = lines[place].split("-- told:")[0].strip()
    if stripped.startswith("WHERE "):
        lines[place] = "WHERE TRUE"
    elif stripped.startswith(") THEN"):
        lines[place] = ") AND FALSE THEN"
    elif stripped.endswith(" THEN"):
        lines[place] = f"{stripped.split()[0]} FALSE THEN"
    elif stripped.startswith("IF "):
        lines[place] = "IF TRUE"
    else:
        lines[place] = ""
    return "\n".join(lines)


def test_every_line_has_its_case(stage: Stage) -> None:
    assert set(conditions_of(stage)) == set(CASES)


@pytest.mark.parametrize("condition", some_of(tuple(CASES), one_in=4))
def test_without_one_line_it_comes_out_otherwise(stage: Stage, condition: str) -> None:
    prepare, before, after = CASES[condition]
    version = prepare(stage)
    assert stage.missing(version) == before
    stage.sql(without(conditions_of(stage)[condition], condition))
    assert stage.missing(version) == after


def test_cases_of_before_go_on_without(stage: Stage) -> None:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    assert stage.missing(version) == ["untold"]
    stage.sql("UPDATE notice_began SET began_at = clock_timestamp()")
    assert stage.missing(version) == []


def test_an_archive_that_never_had_a_rule_owes_nothing(stage: Stage) -> None:
    """So that the release before works beside this one until the rules are loaded."""
    version: DecisionVersion = stage.do(lambda t: t.draft())
    stage.sql("DELETE FROM notice_rule")
    assert stage.missing(version) == []


@pytest.mark.parametrize(("party_kind", "amount_fen"), [("citizen", 20_000), ("organisation", 300_000)])
def test_on_the_spot_up_to_the_limit(stage: Stage, party_kind: str, amount_fen: int) -> None:
    """处罚法 51; what is split into two decisions is one."""
    said = {"party_kind": party_kind, "party": "陈强", "content": "罚款"}
    version = on_the_spot(stage, amount_fen=amount_fen, **said)
    assert stage.missing(version) == []
    stage.do(lambda t: t.draft(t.session.get_one(Case, version.case_id), **{**said, "amount_fen": 100}))
    assert stage.missing(version) == ["not_on_the_spot"]


def test_a_hearing_that_nobody_asked_for_ends_no_days(stage: Stage) -> None:
    version = offered(stage)
    stage.do(lambda t: t.hold_hearing())
    assert stage.missing(version) == ["hearing_days"]


def test_no_rule_shortens_what_the_law_leaves(stage: Stage) -> None:
    """Rules that say nothing of the days leave those of the law: written by whoever writes rows."""
    version = offered(stage)
    stage.do(lambda t: t.hear(notice_of(t), "hearing_requested"))
    stage.sql(
        "ALTER TABLE notice_rule DISABLE TRIGGER USER; UPDATE notice_rule SET rules = rules - 'request_days' || "
        """jsonb_build_object('procedures', '{"ordinary_penalty": {"notice": "written"}}'::jsonb)"""
    )
    assert stage.missing(version) == ["hearing_unheld"]
    stage.sql("DELETE FROM party_reply")
    assert stage.missing(version) == ["statement_days", "hearing_days"]
