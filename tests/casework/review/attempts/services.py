"""Attempts at services: what makes a decision known leaves by its own gate, and ends its own term."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from casework.deadlines.loading import load_shipped_terms
from casework.stages import enter_stage
from integrity.local_time import chinese_day
from storage.catalog.decisions import DecisionVersion
from tests.casework.documents.conftest import DECISION
from tests.casework.review.attempts.known import Strike, attempt, issued, passed, withdraw_pass
from tests.casework.review.attempts.papers import final_decision, issue_of, number_of, office_of, revoke, two_issued
from tests.casework.review.scene import Scene


def service_row(scene: Scene, **other: Any) -> dict[str, Any]:
    """A posted notice of a paper's number: what asks for no picture."""
    case, now = scene.bench.case, datetime.now(UTC)
    scene.do(lambda b: load_shipped_terms(b.session, now))
    ((rule_id,),) = scene.run("SELECT id FROM term_rule WHERE jurisdiction = 'CN-civil-procedure' AND version = 2")
    of = {"unit_id": case.unit_id, "case_id": case.id, "document_number": "江综执罚决字〔2026〕第7号", "addressee": "x"}
    how = {"method": "posted", "carrier": "x", "ground": "x", "rule_id": rule_id, "served_at": now}
    counts = {"counts_on": chinese_day(now) + timedelta(days=30)}
    return {**of, **how, **counts, "stated_by": scene.bench.officer.id, "stated_at": now, **other}


def issued_against(scene: Scene, party: str) -> DecisionVersion:
    def deed(bench: Any) -> DecisionVersion:
        version: DecisionVersion = bench.draft(bench.said(party=party))
        bench.review(version)
        bench.issue(version)
        return version

    return scene.do(deed)


def served(scene: Scene, version: DecisionVersion, **other: Any) -> Strike:
    names = {"decision_id": version.decision_id, "version_id": version.id}
    row = service_row(scene, **names, **other)
    return lambda: scene.insert("case_service", row)


@attempt("issued", "service_gate")
def service_of_what_is_not_issued(scene: Scene) -> Strike:
    return served(scene, scene.do(lambda b: b.draft(b.small())))


@attempt("issued_gate")
def service_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    version = issued(scene)
    withdraw_pass(scene, version)
    return served(scene, version)


@attempt("served_version")
def service_of_what_another_case_decided(scene: Scene) -> Strike:
    def deed(bench: Any) -> DecisionVersion:
        version: DecisionVersion = bench.draft(bench.small(), bench.another_case())
        bench.issue(version)
        return version

    return served(scene, scene.do(deed))


@attempt("service_stage_gate")
def service_of_a_number_while_nothing_is_issued(scene: Scene) -> Strike:
    passed(scene)
    row = service_row(scene)
    return lambda: scene.insert("case_service", row)


@attempt("service_document_gate")
def service_of_the_paper_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    document_id, version = final_decision(scene)
    withdraw_pass(scene, version)
    row = service_row(scene, document_id=document_id, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("served_document")
def service_of_a_paper_that_is_a_draft(scene: Scene) -> Strike:
    issued(scene, small=True)
    draft = scene.do(lambda b: office_of(b).begin("penalty_decision", DECISION).document.id)
    row = service_row(scene, document_id=draft)
    return lambda: scene.insert("case_service", row)


@attempt("unnamed_paper_served")
def service_of_a_paper_of_before_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    document_id, version = final_decision(scene)
    scene.run("UPDATE document SET issue_id = NULL", role="owner")
    withdraw_pass(scene, version)
    row = service_row(scene, document_id=document_id, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("unnamed_paper_unrevoked")
def service_of_a_paper_of_before_after_the_revocation(scene: Scene) -> Strike:
    document_id, version = final_decision(scene)
    scene.run("UPDATE document SET issue_id = NULL", role="owner")
    revoke(scene, version)
    row = service_row(scene, document_id=document_id, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("unnamed_paper_says")
def service_of_a_paper_of_before_that_states_no_decision_of_its_case(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    scene.run("UPDATE document SET issue_id = NULL", role="owner")
    scene.run("""UPDATE document_text SET fields = fields || '{"party": "别人"}'""", role="owner")
    row = service_row(scene, document_id=document_id, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("unnamed_paper_of_its_own")
def service_of_one_decision_by_a_paper_of_before_that_states_another(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    scene.run("UPDATE document SET issue_id = NULL", role="owner")
    other = issued_against(scene, "乙公司")
    return served(scene, other, document_id=document_id, document_number=number_of(scene, document_id))


@attempt("paper_still_says")
def service_of_a_paper_that_states_another_party_since(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    scene.run("""UPDATE document_text SET fields = fields || '{"party": "别人"}'""", role="owner")
    row = service_row(scene, document_id=document_id, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("number_unrevoked")
def service_of_a_number_alone_where_all_was_revoked(scene: Scene) -> Strike:
    version = issued(scene)
    revoke(scene, version)
    row = service_row(scene)
    return lambda: scene.insert("case_service", row)


@attempt("number_names")
def service_of_a_number_alone_where_one_of_two_was_revoked(scene: Scene) -> Strike:
    first, _ = two_issued(scene)
    revoke(scene, first)
    row = service_row(scene)
    return lambda: scene.insert("case_service", row)


@attempt("issued_before_led_back")
def service_of_a_number_alone_after_the_case_was_led_back(scene: Scene) -> Strike:
    version = issued(scene)
    scene.do(lambda b: enter_stage(b.session, b.supervisor, version.case_id, "investigation", "补充调查"))
    withdraw_pass(scene, version)
    row = service_row(scene)
    return lambda: scene.insert("case_service", row)


@attempt()
def service_of_a_number_alone_by_a_time_before_the_case_was_led_back(scene: Scene) -> Strike:
    version = issued(scene)
    served_at = datetime.now(UTC)
    for stage, reason in (("investigation", "补充调查"), ("decision", None)):
        scene.do(
            lambda b, stage=stage, reason=reason: enter_stage(b.session, b.supervisor, version.case_id, stage, reason)
        )
    withdraw_pass(scene, version)
    row = service_row(scene, served_at=served_at)
    return lambda: scene.insert("case_service", row)


@attempt()
def service_of_the_papers_number_in_other_brackets(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    written = number_of(scene, document_id).replace("〔", " [").replace("〕", "］")
    row = service_row(scene, document_number=written)
    return lambda: scene.insert("case_service", row)


@attempt("service_unrevoked")
def service_of_what_was_revoked(scene: Scene) -> Strike:
    version = issued(scene)
    revoke(scene, version)
    return served(scene, version)


@attempt()
def service_of_the_paper_of_what_was_revoked(scene: Scene) -> Strike:
    document_id, version = final_decision(scene)
    revoke(scene, version)
    row = service_row(scene, document_id=document_id, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("served_own_decision")
def service_of_one_decision_by_the_paper_of_another(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    other = issued(scene)
    return served(scene, other, document_id=document_id, document_number=number_of(scene, document_id))


@attempt("number_of_its_document")
def service_of_the_papers_number_without_the_paper(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    row = service_row(scene, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("term_of_what_was_served")
def the_term_of_one_party_by_what_was_served_on_the_other(scene: Scene) -> Strike:
    scene.do(lambda b: load_shipped_terms(b.session, datetime.now(UTC)))
    first, second = two_issued(scene)
    served(scene, first)()
    done = "done_on = %(day)s, done_by = %(by)s, done_at = now()"
    of_event = "SELECT e.id FROM case_event e WHERE e.issue_id = %(issue)s"
    day, by = chinese_day(datetime.now(UTC)), scene.bench.supervisor.id
    values = {"day": day, "by": by, "issue": issue_of(scene, second)}
    update = f"UPDATE case_term SET {done} WHERE kind = 'service' AND event_id = ({of_event})"
    return lambda: scene.run(update, values)
