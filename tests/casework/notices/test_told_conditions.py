"""Each line of `told_refusals` is needed: taken out, what was missing is missing no more, or what was not is."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.engines.roles import DatabaseAddresses
from casework.notices.rules import load_notice_rule
from casework.notices.telling import tell_by_document
from casework.notices.withdrawing import withdraw_notice
from casework.review.decisions import change_decision, withdraw_decision
from casework.service.serving import withdraw_service
from storage.catalog.casework import Case
from storage.catalog.decisions import DecisionVersion
from storage.catalog.notices import PartyNotice
from storage.catalog.service import CaseService
from storage.database import Database
from storage.ledger.append import Actor
from tests.casework.notices.told import Telling
from tests.casework.review.scene import Scene
from tests.sampling import some_of

FUNCTIONS = """
    SELECT p.proname, pg_get_functiondef(p.oid) FROM pg_proc p
    WHERE p.pronamespace = 'public'::regnamespace AND p.prosrc LIKE '%-- told: %'
"""
CONDITION = re.compile(r"-- told: (\w+)$", re.MULTILINE)
OWN = """
jurisdiction: {name}
version: 1
title: {{zh: 本区, en: ours}}
valid_from: {day}
{unit}procedures:
  ordinary_penalty: {{notice: written, days: 40, counted: working_days, law: [本区规定]}}
"""
LATER = (datetime.now(UTC) + timedelta(days=2)).date()
BACK = """
    ALTER TABLE case_service DISABLE TRIGGER USER;
    ALTER TABLE final_document DISABLE TRIGGER USER;
    ALTER TABLE party_notice DISABLE TRIGGER USER;
    UPDATE final_document SET finalised_at = finalised_at - interval '40 days';
    UPDATE case_service SET served_at = served_at - interval '30 days', counts_on = counts_on - 30;
    UPDATE party_notice SET stated_at = stated_at - interval '30 days', told_at = told_at - interval '1 day';
    ALTER TABLE case_service ENABLE TRIGGER USER;
    ALTER TABLE final_document ENABLE TRIGGER USER;
    ALTER TABLE party_notice ENABLE TRIGGER USER;
"""


class Stage:
    """A bench whose tellings are committed; `sql` is the owner's, who alone can put a day back."""

    def __init__(self, database: Database, addresses: DatabaseAddresses, telling_in: Any, archive_in: Any) -> None:
        self.scene, self.archive_in = Scene(database, addresses, telling_in, archive_in), archive_in

    def do(self, deed: Callable[[Telling], Any]) -> Any:
        with self.scene.database.transaction() as session:
            again = {"session": session, "archive": self.archive_in(session)}
            made = self.scene.bench
            return deed(Telling(dataclasses.replace(made.bench, **again), dataclasses.replace(made.office, **again)))

    def sql(self, statement: str, values: Mapping[str, Any] | None = None) -> Any:
        return self.scene.run(statement, values, role="owner")

    def missing(self, version: DecisionVersion) -> list[str]:
        ((found,),) = self.scene.run("SELECT told_refusals(%(id)s)", {"id": version.id})
        return list(found)


@pytest.fixture
def stage(database: Database, addresses: DatabaseAddresses, telling_in: Any, archive_in: Any) -> Stage:
    return Stage(database, addresses, telling_in, archive_in)


Prepare = Callable[[Stage], DecisionVersion]
CASES: dict[str, tuple[Prepare, list[str], list[str]]] = {}


def case(before: list[str], after: list[str], *conditions: str) -> Callable[[Prepare], Prepare]:
    """What is missing as it stands, and what once one of these lines is taken out."""

    def known(prepare: Prepare) -> Prepare:
        CASES.update(dict.fromkeys(conditions, (prepare, before, after)))
        return prepare

    return known


def told(stage: Stage, **said: Any) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft(**said)
        t.tell_all(version)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


def offered(stage: Stage) -> DecisionVersion:
    """Told of a large fine, and of the right to a hearing."""

    def deed(t: Telling) -> DecisionVersion:
        version = t.bench.draft()
        t.tell_all(version)
        t.offer_hearing(version)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


def changed(stage: Stage, version: DecisionVersion, **said: Any) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        new = t.bench.said(**{"amount_fen": version.amount_fen, "content": version.content, **said})
        return change_decision(t.session, t.bench.officer, version.decision_id, new, "另裁量", former=version.id)

    return stage.do(deed)  # type: ignore[no-any-return]


def own_rule(stage: Stage, unit: str = "", day: Any = LATER) -> None:
    name = "CQ-own" + (unit and "-unit")
    source = OWN.format(name=name, unit=unit and f"unit: {unit}\n", day=day).encode()
    stage.do(lambda t: load_notice_rule(t.session, Actor.system("admin"), source, datetime.now(UTC)))


@case([], ["statement_days"], "rule_days")
def a_rule_of_the_day_after_tomorrow(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    stage.do(lambda t: t.serve(t.tell(t.session.get_one(DecisionVersion, version.id))))
    stage.sql(BACK)
    own_rule(stage)
    return version


@case([], ["statement_days"], "rule_units")
def a_rule_of_another_unit(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    stage.do(lambda t: t.serve(t.tell(t.session.get_one(DecisionVersion, version.id))))
    stage.sql(BACK)
    own_rule(stage, stage.do(lambda t: t.bench.archive.unit().code))
    stage.sql(
        "ALTER TABLE notice_rule DISABLE TRIGGER USER; "
        "UPDATE notice_rule SET valid = daterange('2021-07-15', NULL) WHERE unit_id IS NOT NULL"
    )
    return version


@case([], ["hearing_untold"], "hearing_measures")
def a_warning_owes_no_hearing(stage: Stage) -> DecisionVersion:
    return told(stage, measures=("warning",), amount_fen=None, content="警告")


@case([], ["hearing_untold"], "hearing_amount")
def a_small_fine_owes_no_hearing(stage: Stage) -> DecisionVersion:
    return told(stage)


@case([], ["hearing_untold"], "hearing_party")
def what_is_large_for_a_citizen_alone(stage: Stage) -> DecisionVersion:
    return told(stage, amount_fen=600_000, content="罚款六千元")


@case(["told_less"], [], "same_party")
def somebody_else_is_punished(stage: Stage) -> DecisionVersion:
    return changed(stage, told(stage), party="重庆某建筑")


@case(["told_less"], [], "no_more_measures")
def one_measure_more(stage: Stage) -> DecisionVersion:
    return changed(stage, told(stage), measures=("fine", "warning"))


@case(["told_less"], [], "no_more_amount", "tells_of")
def a_yuan_more(stage: Stage) -> DecisionVersion:
    version = told(stage)
    return changed(stage, version, amount_fen=version.amount_fen + 100)  # type: ignore[operator]


@case(["told_less"], [], "no_other_words")
def other_words_for_the_same_amount(stage: Stage) -> DecisionVersion:
    return changed(stage, told(stage), content="罚款二百元，逾期每日加处")


@case(["notice_unserved"], [], "paper_stands")
def the_paper_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql(
        "UPDATE document SET withdrawn_at = now(), withdrawn_by = begun_by, withdraw_reason = 'x' "
        "WHERE kind = 'penalty_notice'"
    )
    return version


@case(["notice_unserved"], [], "service_stands", "served")
def the_service_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = told(stage)

    def deed(t: Telling) -> None:
        (service,) = t.session.query(CaseService).all()
        withdraw_service(t.session, t.bench.supervisor, service.id, "误登")

    stage.do(deed)
    return version


@case(["notice_unserved"], [], "served_once_final")
def served_before_it_was_final(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE final_document SET finalised_at = finalised_at + interval '2 hours'")
    return version


@case(["notice_unserved"], [], "served_on_party")
def served_on_a_passer_by(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE case_service SET addressee = '路人甲'")
    return version


@case(["notice_unserved"], [], "service_proven")
def left_without_its_picture(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql(
        "ALTER TABLE case_service DROP CONSTRAINT ck_case_service_left_with_its_proof; "
        "UPDATE case_service SET method = 'left'"
    )
    return version


@case(["notice_unserved"], [], "service_counts")
def a_public_notice_that_still_hangs(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE case_service SET counts_on = counts_on + 30")
    return version


@case(["no_notice_rule"], ["told_less"], "no_rule")
def no_rule_holds_today(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql(
        "ALTER TABLE notice_rule DISABLE TRIGGER USER; "
        "UPDATE notice_rule SET valid = daterange(lower(valid), '2022-01-01') WHERE valid @> '2022-01-01'::date"
    )
    return version


@case(["untold"], ["notice_unserved"], "untold")
def nobody_was_told(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    return version


@case(["untold"], [], "notice_kind")
def only_the_hearing_was_offered(stage: Stage) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft()
        t.hear(t.offer_hearing(version), "hearing_waived")
        return version

    version: DecisionVersion = stage.do(deed)
    stage.sql(BACK)
    return version


@case(["untold"], [], "own_decision")
def told_of_another_draft(stage: Stage) -> DecisionVersion:
    told(stage)
    version: DecisionVersion = stage.do(lambda t: t.draft())
    return version


@case(["untold"], [], "notice_stands")
def that_he_was_told_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = told(stage)

    def deed(t: Telling) -> None:
        (notice,) = t.session.query(PartyNotice).all()
        withdraw_notice(t.session, t.bench.supervisor, notice.id, "误登")

    stage.do(deed)
    return version


def on_the_spot(stage: Stage, kind: str | None = "statement_waived", **said: Any) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft(t.bench.another_case("simple_penalty"), **said)
        notice = t.tell_on_the_spot(version)
        if kind is not None:
            t.hear(notice, kind, proven=False)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


@case(["told_less"], ["notice_unserved"], "manner")
def told_by_word_of_mouth_where_a_paper_is_owed(stage: Stage) -> DecisionVersion:
    version: DecisionVersion = stage.do(lambda t: t.draft())
    stage.do(lambda t: t.tell_all(t.session.get_one(DecisionVersion, version.id)))
    stage.sql(
        "ALTER TABLE party_notice DISABLE TRIGGER USER; "
        "UPDATE party_notice SET document_id = NULL, days = NULL, told_by = stated_by, told_at = stated_at, place = 'x'"
    )
    return version


@case(["told_less"], [], "told_that_day")
def told_on_the_day_before(stage: Stage) -> DecisionVersion:
    version = on_the_spot(stage)
    stage.sql(BACK)
    return version


@case(["unheard"], [], "heard_on_the_spot")
def not_heard_on_the_spot(stage: Stage) -> DecisionVersion:
    return on_the_spot(stage, None)


@case(["statement_days"], [], "statement_days")
def the_days_run(stage: Stage) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.draft()
        t.serve(t.tell(version))
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


@case(["unanswered"], [], "answered")
def a_statement_without_an_answer(stage: Stage) -> DecisionVersion:
    version = told(stage)

    def deed(t: Telling) -> None:
        (notice,) = t.session.query(PartyNotice).all()
        t.hear(notice, "statement", "不是我摆的")

    stage.do(deed)
    return version


@case(["hearing_untold"], [], "hearing_procedure")
def a_small_fine_in_the_procedure_of_hearings(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql('ALTER TABLE "case" DISABLE TRIGGER USER; UPDATE "case" SET procedure = \'hearing_penalty\'')
    return version


@case(["hearing_untold"], [], "hearing_owed")
def a_large_fine(stage: Stage) -> DecisionVersion:
    def deed(t: Telling) -> DecisionVersion:
        version = t.bench.draft()
        t.tell_all(version)
        return version

    return stage.do(deed)  # type: ignore[no-any-return]


@case(["hearing_untold"], ["hearing_unserved"], "hearing_untold")
def a_large_fine_and_no_offer(stage: Stage) -> DecisionVersion:
    return a_large_fine(stage)


@case(["hearing_days"], [], "hearing_offered", "hearing_days")
def a_hearing_offered_that_was_not_owed(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.do(lambda t: t.offer_hearing(t.session.get_one(DecisionVersion, version.id)))
    return version


@case(["hearing_unserved"], ["hearing_days"], "hearing_served")
def the_offer_was_not_served(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.do(lambda t: t.tell(t.session.get_one(DecisionVersion, version.id), "hearing"))
    stage.sql(BACK)
    return version


@case(["hearing_untold"], [], "hearing_tells_of")
def the_offer_told_of_less(stage: Stage) -> DecisionVersion:
    version = offered(stage)
    stage.sql(BACK)
    harder = changed(stage, version, amount_fen=7_000_000, content="罚款七万元")
    stage.do(lambda t: t.tell_all(t.session.get_one(DecisionVersion, harder.id)))
    return harder


@case(["hearing_untold"], [], "hearing_kind")
def the_first_notice_is_no_offer(stage: Stage) -> DecisionVersion:
    version = a_large_fine(stage)
    stage.sql(BACK)
    return version


@case(["hearing_untold"], [], "hearing_own_decision")
def the_offer_was_of_another_draft(stage: Stage) -> DecisionVersion:
    offered(stage)
    version = a_large_fine(stage)
    stage.sql(BACK)
    return version


@case(["hearing_untold"], [], "hearing_notice_stands")
def the_offer_was_withdrawn(stage: Stage) -> DecisionVersion:
    version = offered(stage)

    def deed(t: Telling) -> None:
        notice = t.session.query(PartyNotice).where(PartyNotice.kind == "hearing").one()
        withdraw_notice(t.session, t.bench.supervisor, notice.id, "误登")

    stage.do(deed)
    stage.sql(BACK)
    return version


@case(["hearing_unheld"], [], "hearing_held")
def a_hearing_asked_for_and_not_held(stage: Stage) -> DecisionVersion:
    version = offered(stage)

    def deed(t: Telling) -> None:
        notice = t.session.query(PartyNotice).where(PartyNotice.kind == "hearing").one()
        t.hear(notice, "hearing_requested")

    stage.do(deed)
    return version


@case(["not_on_the_spot"], [], "on_the_spot")
def more_on_the_spot_than_the_law_allows(stage: Stage) -> DecisionVersion:
    return on_the_spot(stage, amount_fen=300_100, content="罚款三千零一元")


@case(["told_less"], [], "words_that_weigh")
def one_yuan_less_and_three_years_instead_of_three_days(stage: Stage) -> DecisionVersion:
    measures = ("fine", "licence_suspended")
    version = told(stage, measures=measures, content="罚款二百元，暂扣许可证三日")
    return changed(stage, version, measures=measures, amount_fen=19_900, content="罚款一百九十九元，暂扣许可证三年")


@case(["notice_unserved"], [], "counts_once_served")
def a_service_that_counts_before_it_was_done(stage: Stage) -> DecisionVersion:
    version = told(stage)
    stage.sql("UPDATE case_service SET counts_on = counts_on - 30")
    return version


@case(["unanswered"], [], "drafts_of_before")
def the_draft_against_which_he_spoke_is_made_anew(stage: Stage) -> DecisionVersion:
    """His statement does not go with the draft: the paper that told of it tells of the next."""

    def deed(t: Telling) -> DecisionVersion:
        first = t.draft()
        notice = t.tell_all(first)
        t.hear(notice, "statement", "不是我摆的")
        withdraw_notice(t.session, t.bench.supervisor, notice.id, "另行拟定")
        withdraw_decision(t.session, t.bench.supervisor, first.decision_id, "另行拟定")
        second = t.draft()
        assert notice.document_id is not None
        again = tell_by_document(t.session, t.bench.officer, second.decision_id, "penalty", notice.document_id)
        t.hear(again, "statement_waived")
        return second

    return stage.do(deed)  # type: ignore[no-any-return]


@case(["hearing_unheld"], [], "held_once_asked")
def a_hearing_that_was_held_before_he_asked(stage: Stage) -> DecisionVersion:
    version = offered(stage)

    def deed(t: Telling) -> None:
        notice = t.session.query(PartyNotice).where(PartyNotice.kind == "hearing").one()
        t.hold_hearing()
        t.hear(notice, "hearing_requested")

    stage.do(deed)
    stage.sql(
        "ALTER TABLE case_event DISABLE TRIGGER USER; UPDATE case_event SET day = day - 1 WHERE kind = 'hearing_held'"
    )
    return version


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
    stage.do(
        lambda t: t.hear(t.session.query(PartyNotice).where(PartyNotice.kind == "hearing").one(), "hearing_requested")
    )
    stage.sql(
        "ALTER TABLE notice_rule DISABLE TRIGGER USER; UPDATE notice_rule SET rules = rules - 'request_days' || "
        """jsonb_build_object('procedures', '{"ordinary_penalty": {"notice": "written"}}'::jsonb)"""
    )
    assert stage.missing(version) == ["hearing_unheld"]
    stage.sql("DELETE FROM party_reply")
    assert stage.missing(version) == ["statement_days", "hearing_days"]
