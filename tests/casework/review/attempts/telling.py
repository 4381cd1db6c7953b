"""A penalty of which its party was not told, or not heard: by any route."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from casework.notices.rules import load_shipped_notice_rules
from casework.notices.withdrawing import withdraw_reply
from casework.review.decisions import change_decision
from storage.catalog.decisions import DecisionVersion
from storage.catalog.notices import PartyReply
from tests.casework.review.attempts.known import Strike, attempt, issue
from tests.casework.review.scene import Scene


def under_rules(scene: Scene, deed: Callable[[Any], Any]) -> Any:
    """Done by `Telling`, under the shipped rules of notices."""
    from tests.casework.notices.told import Telling
    from tests.casework.review.attempts.papers import office_of

    def done(bench: Any) -> Any:
        load_shipped_notice_rules(bench.session, datetime.now(UTC))
        return deed(Telling(bench, office_of(bench)))

    return scene.do(done)


def told(telling: Any) -> DecisionVersion:
    version: DecisionVersion = telling.draft()
    telling.tell_all(version)
    return version


@attempt("told_first")
def a_penalty_of_which_nobody_was_told(scene: Scene) -> Strike:
    return issue(scene, under_rules(scene, lambda t: t.draft()))


@attempt()
def a_penalty_harder_than_what_was_told(scene: Scene) -> Strike:
    def deed(telling: Any) -> DecisionVersion:
        version, bench = told(telling), telling.bench
        more = bench.small(amount_fen=30_000, content="罚款三百元")
        return change_decision(bench.session, bench.officer, version.decision_id, more, "加重", former=version.id)

    return issue(scene, under_rules(scene, deed))


@attempt()
def a_penalty_while_the_partys_days_run(scene: Scene) -> Strike:
    def deed(telling: Any) -> DecisionVersion:
        version: DecisionVersion = telling.draft()
        telling.serve(telling.tell(version))
        return version

    return issue(scene, under_rules(scene, deed))


@attempt()
def a_penalty_before_the_statement_is_answered(scene: Scene) -> Strike:
    def deed(telling: Any) -> DecisionVersion:
        version: DecisionVersion = telling.draft()
        telling.hear(telling.tell_all(version), "statement", "不是我摆的")
        return version

    return issue(scene, under_rules(scene, deed))


@attempt()
def a_large_fine_without_the_offer_of_a_hearing(scene: Scene) -> Strike:
    def deed(telling: Any) -> DecisionVersion:
        version: DecisionVersion = telling.bench.draft()
        telling.tell_all(version)
        telling.bench.review(version)
        return version

    return issue(scene, under_rules(scene, deed))


@attempt()
def the_execution_once_what_he_gave_up_was_withdrawn(scene: Scene) -> Strike:
    def deed(telling: Any) -> None:
        version, bench = told(telling), telling.bench
        bench.issue(version)
        (reply,) = bench.session.query(PartyReply).all()
        withdraw_reply(bench.session, bench.supervisor, reply.id, "误登")

    under_rules(scene, deed)
    return lambda: scene.execute_case(scene.bench.case)


def notice_row(scene: Scene, version: DecisionVersion, document: uuid.UUID, **other: Any) -> dict[str, Any]:
    of = {"unit_id": version.unit_id, "case_id": version.case_id, "decision_id": version.decision_id}
    by = {"stated_by": scene.bench.officer.id, "stated_at": datetime.now(UTC)}
    return {**of, "version_id": version.id, "kind": "penalty", "document_id": document, **by, **other}


@attempt()
def a_notice_whose_paper_says_another_amount(scene: Scene) -> Strike:
    def deed(telling: Any) -> tuple[DecisionVersion, uuid.UUID]:
        version: DecisionVersion = telling.draft()
        return version, telling.paper(version, amount="1.00")

    version, document = under_rules(scene, deed)
    return lambda: scene.insert("party_notice", notice_row(scene, version, document))


@attempt()
def a_paper_of_this_kind_for_a_notice_of_that(scene: Scene) -> Strike:
    def deed(telling: Any) -> tuple[DecisionVersion, uuid.UUID]:
        version: DecisionVersion = telling.draft()
        return version, telling.paper(version)

    version, document = under_rules(scene, deed)
    return lambda: scene.insert("party_notice", notice_row(scene, version, document, kind="hearing"))


@attempt()
def something_given_up_that_nothing_shows(scene: Scene) -> Strike:
    def deed(telling: Any) -> Any:
        notice = telling.tell(telling.draft())
        telling.serve(notice)
        return notice

    notice = under_rules(scene, deed)
    of = {"unit_id": notice.unit_id, "case_id": notice.case_id, "notice_id": notice.id, "kind": "statement_waived"}
    now, officer = datetime.now(UTC), scene.bench.officer.id
    by = {"said_at": now, "heard_by": officer, "stated_by": officer, "stated_at": now}
    return lambda: scene.insert("party_reply", {**of, **by})


def tampering(name: str, statement: str) -> None:
    def prepare(scene: Scene) -> Strike:
        under_rules(scene, told)
        return lambda: scene.run(statement)

    prepare.__name__ = name
    attempt()(prepare)


for name, statement in {
    "the_days_of_a_notice_are_shortened": "UPDATE party_notice SET days = 0",
    "what_was_said_is_changed": "UPDATE party_reply SET kind = 'statement_waived'",
    "an_answer_is_deleted": "DELETE FROM reply_answer",
    "the_rules_of_notices_are_deleted": "DELETE FROM notice_rule",
    "the_rules_of_notices_end_today": "UPDATE notice_rule SET valid = daterange(lower(valid), CURRENT_DATE)",
    "cases_owe_notices_from_tomorrow_on": "UPDATE notice_began SET began_at = now() + interval '1 day'",
    "the_question_is_answered_otherwise": "CREATE OR REPLACE FUNCTION told_refusals(of_version uuid) RETURNS text[] "
    "LANGUAGE sql AS 'SELECT NULL::text[]'",
}.items():
    tampering(name, statement)
