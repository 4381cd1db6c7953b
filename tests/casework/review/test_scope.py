"""Which decisions need a review: each ground, by rules that share no code with what computes it."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from casework.review.decisions import change_decision, withdraw_decision
from casework.review.errors import DecisionSettled, DecisionUnusable, GateShut
from casework.review.scope_file import FIELDS, SHIPPED, read_scope
from casework.review.scopes import explain_scopes, is_of_its_source, list_scopes, load_scope
from casework.rules.errors import PolicyBegun, RuleFileUnusable
from casework.stages import enter_stage
from integrity.local_time import chinese_day
from storage.catalog.decisions import FACTS, LEVELS, MEASURES, MEASURES_OF, WITH_AMOUNT
from tests.casework.sample_archive import OPERATOR


def codes(version: Any) -> set[tuple[str, str]]:
    return {(each["jurisdiction"], each["code"]) for each in version.scope}


@pytest.mark.parametrize(
    ("said", "ground"),
    [
        ({"facts": ("public_interest",)}, "public_interest"),
        ({"facts": ("social_risk",)}, "social_risk"),
        ({"affected": 10}, "social_risk"),
        ({"facts": ("major_rights",)}, "major_rights"),
        ({"amount_fen": 5_000_000}, "major_rights"),
        ({"amount_fen": 500_000, "party_kind": "citizen"}, "major_rights"),
        ({"measures": ("licence_revoked",), "amount_fen": None}, "major_rights"),
        ({"facts": ("after_hearing",)}, "hearing"),
        ({"facts": ("complex",)}, "complex"),
        ({"facts": ("several_relations",)}, "complex"),
    ],
    ids=str,
)
def test_each_ground_asks_for_a_review(bench: Any, said: dict[str, Any], ground: str) -> None:
    assert bench.draft(bench.small()).scope == []
    version = bench.draft(bench.small(**said), bench.another_case())
    (met,) = explain_scopes(bench.session, [version.scope])
    assert ground in {each.trigger.ground for each in met}
    assert all(each.trigger.law and each.trigger.name_zh for each in met)


@pytest.mark.parametrize(
    "said",
    [
        {"amount_fen": 4_999_999},
        {"amount_fen": 499_999, "party_kind": "citizen"},
        {"affected": 9},
        {"measures": ("seizure",), "kind": "coercion", "amount_fen": None},
    ],
    ids=str,
)
def test_what_is_short_of_every_line_needs_none(bench: Any, said: dict[str, Any]) -> None:
    version = bench.draft(bench.small(**said))
    assert version.scope == []


def expected(said: Any, case_facts: set[str]) -> set[tuple[str, str]]:
    """By the YAML itself, in Python."""
    found = set()
    for path in SHIPPED.glob("*.yaml"):
        file = yaml.safe_load(path.read_text("utf-8"))
        for line in file["triggers"]:
            when = line["when"]
            holds = [
                said.kind in when.get("kinds", [said.kind]),
                bool({*said.measures} & {*when.get("measures", said.measures)}),
                said.level in when.get("levels", LEVELS),
                said.field in when.get("fields", FIELDS),
                said.party_kind == when.get("party", said.party_kind),
                (said.amount_fen or 0) >= when.get("amount_from_fen", 0),
                said.affected >= when.get("affected_from", 0),
                "facts" not in when or bool({*said.facts, *case_facts} & {*when["facts"]}),
            ]
            if all(holds):
                found.add((file["jurisdiction"], line["code"]))
    return found


def test_scope_is_what_the_lists_say_of_many_decisions(bench: Any) -> None:
    dice = random.Random(58)
    for _ in range(60):
        kind = dice.choice(("penalty", "coercion"))
        # What stands alone, or beside a fine that was issued, has tests of its own.
        known = tuple(each for each in MEASURES_OF[kind] if each not in ("no_penalty", "additional_fine"))
        measures = tuple(dice.sample(known, dice.randint(1, 3)))
        has_amount = bool({*measures} & {*WITH_AMOUNT})
        said = bench.said(
            kind=kind,
            measures=measures,
            level=dice.choice(LEVELS),
            field=dice.choice(FIELDS),
            party_kind=dice.choice(("citizen", "organisation")),
            amount_fen=dice.choice((0, 499_999, 500_000, 4_999_999, 5_000_000, 10**12)) if has_amount else None,
            affected=dice.choice((0, 9, 10, 500)),
            facts=tuple(dice.sample(FACTS, dice.choice((0, 0, 0, 1, 2)))),
        )
        assert codes(bench.draft(said, bench.another_case(stage="investigation"))) == expected(said, set()), said


def test_the_lists_of_the_day_are_kept_with_version_and_issue(bench: Any) -> None:
    version = bench.draft()
    bench.review(version)
    issue = bench.issue(version)
    by_id = {row.id: row for row in list_scopes(bench.session)}
    kept = {(each["jurisdiction"], each["version"], each["code"]) for each in version.scope}
    assert kept == {("CN-CQ-jiangbei", 1, "fine_organisation")}
    assert {each["rule_id"] for each in version.scope} <= {str(row_id) for row_id in by_id}
    # Of the day it was stated and of the day it is issued: here the same, each said once by either.
    assert {each["code"] for each in issue.scope} == {"fine_organisation"}
    assert issue.issued_on == chinese_day(datetime.now(UTC))
    entry = bench.archive.last_entry("decision.issued")
    assert (entry.data["scope"], entry.data["review_id"]) == (issue.scope, str(issue.review_id))


def test_a_version_of_the_list_begins_tomorrow_and_is_named_by_line_and_field(bench: Any) -> None:
    tomorrow = chinese_day(datetime.now(UTC)) + timedelta(days=1)
    file = (SHIPPED / "cq-jiangbei-1.yaml").read_text("utf-8")
    later = file.replace("version: 1", "version: 2\nsupersedes: 1").replace("2019-11-27", tomorrow.isoformat())
    row = load_scope(bench.session, OPERATOR, later.encode(), datetime.now(UTC))
    assert (row.version, row.valid_from, is_of_its_source(row)) == (2, tomorrow, True)
    former = next(
        each for each in list_scopes(bench.session) if (each.jurisdiction, each.version) == ("CN-CQ-jiangbei", 1)
    )
    assert former.last_day == tomorrow - timedelta(days=1)
    early = file.replace("version: 1", "version: 3\nsupersedes: 2").replace("2019-11-27", "2026-01-01")
    with pytest.raises(PolicyBegun):
        load_scope(bench.session, OPERATOR, early.encode(), datetime.now(UTC))
    for wrong, where in (
        ("ground: hearing", "ground: heering"),
        ("facts: [after_hearing]", "facts: [after_heering]"),
        ("affected_from: 10", "affected_from: many"),
        ("      party: citizen", "      partie: citizen"),
        ("code: demolition\n", "code: licence\n"),
    ):
        with pytest.raises(RuleFileUnusable, match=r"line [0-9]+: triggers"):
            read_scope(file.replace(wrong, where).encode())


def test_the_fines_of_two_parties_are_two_and_those_of_one_are_one(bench: Any) -> None:
    shares = {"party_kind": "citizen", "amount_fen": 300_000}
    first = bench.draft(bench.said(party="张三", **shares))
    bench.issue(first)
    assert bench.draft(bench.said(party="李四", **shares)).scope == []
    # What was issued goes on: the fine of another made it none that needs a review.
    assert bench.session.scalar(select(func.gate_refusals(first.id))) == []
    for written in ("张三", "张　三", "张三（个体工商户）", "「张三」"):
        version = bench.draft(bench.said(party=written, **shares))
        assert "fine_citizen" in {code for _, code in codes(version)}, written
        withdraw_decision(bench.session, bench.officer, version.decision_id, "另行处理")


def test_what_does_not_fit_together_is_refused(bench: Any) -> None:
    for said, problem in (
        (bench.said(amount_fen=None), "amount_missing"),
        (bench.said(measures=("warning",)), "amount_of_nothing"),
        (bench.said(amount_fen=-1), "amount_out_of_range"),
        (bench.said(measures=()), "measures_missing"),
        (bench.said(kind="inspection"), "other_kind"),
        (bench.said(kind="coercion"), "other_measures"),
        (bench.said(measures=("fine", "seizure")), "other_measures"),
        (bench.said(measures=("no_penalty", "fine")), "no_penalty_alone"),
        (bench.said(kind="coercion", measures=("additional_fine",)), "added_to_no_fine"),
        (bench.said(affected=-1), "affected_out_of_range"),
    ):
        with pytest.raises(DecisionUnusable) as caught:
            bench.draft(said)
        assert caught.value.problem == problem


@pytest.mark.parametrize("procedure", ["routine_check", "random_check"])
def test_a_check_orders_no_penalty(bench: Any, procedure: str) -> None:
    case = bench.another_case(procedure)
    for measure in (each for each in MEASURES if each != "correction"):
        said = bench.said(
            kind="inspection", measures=(measure,), amount_fen=60_000_000 if measure in WITH_AMOUNT else None
        )
        with pytest.raises(DecisionUnusable, match="inspection orders correction alone"):
            bench.draft(said, case)
    bench.draft(bench.said(kind="inspection", measures=("correction",), amount_fen=None, content="责令改正"), case)


def test_a_coercion_takes_no_check_to_its_execution(bench: Any) -> None:
    case = bench.another_case("routine_check")
    bench.issue(bench.draft(bench.said(kind="coercion", measures=("seizure",), amount_fen=None, content="扣押"), case))
    with pytest.raises(GateShut) as caught:
        enter_stage(bench.session, bench.supervisor, case.id, "execution")
    assert caught.value.refusals == ("not_issued",)


def test_an_additional_fine_is_no_more_than_the_fine_that_was_issued(bench: Any) -> None:
    bench.issue(bench.draft(bench.small()))
    added = {"kind": "coercion", "measures": ("additional_fine",), "content": "加处罚款"}
    bench.issue(bench.draft(bench.small(**added, amount_fen=15_000)))
    with pytest.raises(DecisionUnusable, match="no more than the fine"):
        bench.draft(bench.small(**added, amount_fen=5_001))
    bench.draft(bench.small(**added, amount_fen=5_000))


def test_of_two_who_change_it_the_second_is_told(bench: Any) -> None:
    version = bench.draft()
    change_decision(bench.session, bench.officer, version.decision_id, bench.small(), "从轻", former=version.id)
    with pytest.raises(DecisionSettled, match="somebody changed it"):
        change_decision(bench.session, bench.supervisor, version.decision_id, bench.said(), "从重", former=version.id)


def test_a_national_list_is_of_its_days() -> None:
    days = {path.stem: read_scope(path.read_bytes()).valid_from for path in SHIPPED.glob("*.yaml")}
    assert days == {
        "cn-law-1": date(2021, 7, 15),
        "cn-opinion-1": date(2019, 1, 1),
        "cq-jiangbei-1": date(2019, 11, 27),
    }
