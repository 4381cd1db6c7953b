"""Attempts at what comes after a decision: stage, event, service, term, entry of the ledger."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.loading import load_shipped_terms
from casework.documents.issuers import name_issuer
from casework.documents.templates import load_shipped_templates
from integrity.local_time import chinese_day
from storage.catalog.decisions import DecisionVersion
from tests.casework.documents.conftest import DECISION, OPERATOR, Office, word_of
from tests.casework.review.attempts.known import Strike, attempt, issued, passed, withdraw_pass
from tests.casework.review.scene import Scene


@attempt("undecided", "stage_gate")
def execution_of_what_nobody_decided(scene: Scene) -> Strike:
    return lambda: scene.execute_case(scene.bench.case)


@attempt()
def execution_of_a_draft(scene: Scene) -> Strike:
    passed(scene)
    return lambda: scene.execute_case(scene.bench.case)


@attempt("issued_passes")
def execution_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    withdraw_pass(scene, issued(scene))
    return lambda: scene.execute_case(scene.bench.case)


@attempt("issued_kind")
def execution_of_a_penalty_by_a_seizure(scene: Scene) -> Strike:
    def deed(bench: Any) -> None:
        version = bench.draft(bench.said(kind="coercion", measures=("seizure",), amount_fen=None))
        bench.issue(version)

    scene.do(deed)
    return lambda: scene.execute_case(scene.bench.case)


def of_before(scene: Scene) -> None:
    scene.run("UPDATE gate_began SET began_at = 'infinity'", role="owner")


@attempt("not_issued")
def execution_of_a_draft_in_a_case_of_before(scene: Scene) -> Strike:
    of_before(scene)
    scene.do(lambda b: b.draft())
    return lambda: scene.execute_case(scene.bench.case)


@attempt("old_in_scope")
def execution_of_a_case_of_before_with_a_hearing(scene: Scene) -> Strike:
    of_before(scene)
    scene.act_row(scene.bench.case, "hearing", datetime.now(UTC) - timedelta(days=3))
    return lambda: scene.execute_case(scene.bench.case)


@attempt()
def the_stage_without_its_row(scene: Scene) -> Strike:
    passed(scene)
    return lambda: scene.run("UPDATE \"case\" SET stage = 'execution'")


@attempt("event_gate")
def the_event_of_what_nobody_decided(scene: Scene) -> Strike:
    today = chinese_day(datetime.now(UTC))
    return lambda: scene.insert("case_event", scene.event_row(scene.bench.case, today))


@attempt("issued_day")
def the_event_of_another_day(scene: Scene) -> Strike:
    issued(scene)
    earlier = chinese_day(datetime.now(UTC)) - timedelta(days=30)
    return lambda: scene.insert("case_event", scene.event_row(scene.bench.case, earlier))


@attempt("event_names")
def a_second_event_of_what_was_decided(scene: Scene) -> Strike:
    """It names no decision, as that of a case which has none."""
    issued(scene)
    today = chinese_day(datetime.now(UTC))
    return lambda: scene.insert("case_event", scene.event_row(scene.bench.case, today))


@attempt("event_of_its_own")
def revoking_the_decision_of_another_case(scene: Scene) -> Strike:
    issue_id = scene.do(lambda b: b.issue(b.draft(b.small(), b.another_case())).id)
    today = chinese_day(datetime.now(UTC))
    row = scene.event_row(scene.bench.case, today, kind="decision_revoked", issue_id=issue_id)
    return lambda: scene.insert("case_event", row)


@attempt()
def a_hearing_of_a_decision(scene: Scene) -> Strike:
    issue_id = scene.do(lambda b: b.issue(b.draft(b.small(), b.another_case())).id)
    today = chinese_day(datetime.now(UTC))
    row = scene.event_row(scene.bench.case, today, kind="hearing_held", issue_id=issue_id)
    return lambda: scene.insert("case_event", row)


@attempt()
def the_event_of_a_coercion_nobody_decided(scene: Scene) -> Strike:
    today = chinese_day(datetime.now(UTC))
    row = scene.event_row(scene.bench.case, today, kind="coercion_decided")
    return lambda: scene.insert("case_event", row)


@attempt("act_gate")
def an_act_of_service_of_what_is_not_issued(scene: Scene) -> Strike:
    passed(scene)
    return lambda: scene.act_row(scene.bench.case, "service", datetime.now(UTC))


@attempt()
def an_act_of_service_by_leaving_it(scene: Scene) -> Strike:
    scene.do(lambda b: b.draft())
    return lambda: scene.act_row(scene.bench.case, "service_left", datetime.now(UTC))


def service_row(scene: Scene, **other: Any) -> dict[str, Any]:
    """A posted notice of a paper's number: what asks for no picture."""
    case, now = scene.bench.case, datetime.now(UTC)
    scene.do(lambda b: load_shipped_terms(b.session, now))
    ((rule_id,),) = scene.run("SELECT id FROM term_rule WHERE jurisdiction = 'CN-civil-procedure' AND version = 2")
    of = {"unit_id": case.unit_id, "case_id": case.id, "document_number": "江综执罚决字〔2026〕第7号", "addressee": "x"}
    how = {"method": "posted", "carrier": "x", "ground": "x", "rule_id": rule_id, "served_at": now}
    counts = {"counts_on": chinese_day(now) + timedelta(days=30)}
    return {**of, **how, **counts, "stated_by": scene.bench.officer.id, "stated_at": now, **other}


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


def office_of(bench: Any) -> Office:
    """Where the bench's case writes its documents."""
    now = datetime.now(UTC)
    for load in (load_shipped_checklists, load_shipped_terms, load_shipped_templates):
        load(bench.session, now)
    name_issuer(bench.session, OPERATOR, bench.bureau.id, name="重庆市江北区城市管理局", word=word_of(bench.bureau))
    people = (*bench.handlers, bench.supervisor, bench.reviewer)
    return Office(bench.session, bench.archive, bench.bureau, bench.unit, *people, bench.case)


def final_decision(scene: Scene) -> Any:
    """处罚决定书, final, of a decision that was issued with its pass; and the decision's version."""

    def deed(bench: Any) -> Any:
        version = bench.draft()
        bench.review(version)
        bench.issue(version)
        return office_of(bench).finish("penalty_decision", DECISION).document_id, version

    return scene.do(deed)


@attempt("service_document_gate")
def service_of_the_paper_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    document_id, version = final_decision(scene)
    withdraw_pass(scene, version)
    row = service_row(scene, document_id=document_id, document_number=number_of(scene, document_id))
    return lambda: scene.insert("case_service", row)


@attempt("served_document")
def service_of_a_paper_that_is_a_draft(scene: Scene) -> Strike:
    draft = scene.do(lambda b: office_of(b).begin("penalty_decision", DECISION).document.id)
    row = service_row(scene, document_id=draft)
    return lambda: scene.insert("case_service", row)


def number_of(scene: Scene, document_id: Any) -> str:
    written = (
        "SELECT word || '字〔' || year || '〕第' || number || '号' FROM document_number WHERE document_id = %(id)s"
    )
    return str(scene.run(written, {"id": document_id})[0][0])


@attempt("term_gate")
def a_term_that_is_met_after_the_pass_is_withdrawn(scene: Scene) -> Strike:
    scene.do(lambda b: load_shipped_terms(b.session, datetime.now(UTC)))
    withdraw_pass(scene, issued(scene))
    done = "done_on = %(day)s, done_by = %(by)s, done_at = now()"
    values = {"day": chinese_day(datetime.now(UTC)), "by": scene.bench.supervisor.id}
    return lambda: scene.run(f"UPDATE case_term SET {done} WHERE kind = 'publish_penalty'", values)


@attempt("issued_entry")
def the_ledger_says_it_is_issued(scene: Scene) -> Strike:
    version = passed(scene)
    data = {"version_id": str(version.id), "issue_id": str(uuid.uuid4())}
    row = scene.entry_row("decision.issued", str(version.decision_id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt("service_entry")
def the_ledger_says_it_is_served(scene: Scene) -> Strike:
    version = passed(scene)
    data = {"service_id": str(uuid.uuid4()), "version_id": str(version.id)}
    row = scene.entry_row("case.service_stated", str(scene.bench.case.id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt("event_entry")
def the_ledger_says_that_it_was_decided(scene: Scene) -> Strike:
    data = {"event_id": str(uuid.uuid4()), "kind": "penalty_decided", "day": "2026-03-09"}
    row = scene.entry_row("case.event_entered", str(scene.bench.case.id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt("stage_entry")
def the_ledger_says_that_it_is_executed(scene: Scene) -> Strike:
    data = {"from": "decision", "to": "execution", "ordinal": 4}
    row = scene.entry_row("case.stage_entered", str(scene.bench.case.id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt("issued_stays")
def another_amount_after_it_was_issued(scene: Scene) -> Strike:
    version = issued(scene)
    return lambda: scene.insert("decision_version", scene.version_row(version, amount_fen=90_000_000))
