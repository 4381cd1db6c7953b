"""Attempts at what comes after a decision: stage, event, service, term, entry of the ledger."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Any

from casework.deadlines.events import enter_event, withdraw_event
from casework.deadlines.loading import load_shipped_terms
from integrity.local_time import chinese_day
from tests.casework.review.attempts.known import Strike, attempt, issued, passed, withdraw_pass
from tests.casework.review.attempts.papers import final_decision, revoke
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


@attempt()
def execution_of_what_was_revoked_and_lost_its_pass(scene: Scene) -> Strike:
    version = issued(scene)
    withdraw_pass(scene, version)
    revoke(scene, version)
    return lambda: scene.execute_case(scene.bench.case)


@attempt()
def execution_of_what_was_decided_anew_and_lost_its_pass(scene: Scene) -> Strike:
    revoke(scene, issued(scene))
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


def result_of_a_check(scene: Scene, other_case: bool = False, day: date | None = None) -> Any:
    """Of today, unless `day` says another one; the id of its event."""

    def deed(bench: Any) -> Any:
        case, now = bench.another_case() if other_case else bench.case, datetime.now(UTC)
        of = bench.session, bench.officer, case.id, "inspection_concluded"
        return enter_event(*of, day or chinese_day(now), now).id

    return scene.do(deed)


def revocation(scene: Scene, day: date | None = None, **other: Any) -> Strike:
    row = scene.event_row(scene.bench.case, day or chinese_day(datetime.now(UTC)), kind="decision_revoked", **other)
    return lambda: scene.insert("case_event", row)


@attempt("result_of_its_own")
def revoking_the_result_of_another_case(scene: Scene) -> Strike:
    return revocation(scene, revokes_id=result_of_a_check(scene, other_case=True))


@attempt()
def revoking_a_result_before_its_day(scene: Scene) -> Strike:
    yesterday = chinese_day(datetime.now(UTC)) - timedelta(days=1)
    return revocation(scene, yesterday, revokes_id=result_of_a_check(scene))


@attempt()
def revoking_a_result_that_was_withdrawn(scene: Scene) -> Strike:
    result_id = result_of_a_check(scene)
    scene.do(lambda b: withdraw_event(b.session, b.supervisor, result_id, "误登"))
    return revocation(scene, revokes_id=result_id)


@attempt("revocation_names")
def a_revocation_that_names_no_result(scene: Scene) -> Strike:
    result_of_a_check(scene)
    return revocation(scene)


@attempt()
def another_event_that_revokes_a_result(scene: Scene) -> Strike:
    row = scene.event_row(
        scene.bench.case, chinese_day(datetime.now(UTC)), kind="hearing_held", revokes_id=result_of_a_check(scene)
    )
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


@attempt("paper_entry")
def the_ledger_says_that_its_paper_is_sealed(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    data = {"sealed_id": str(uuid.uuid4()), "pdf_sha256": "0" * 64}
    row = scene.entry_row("document.sealed", str(document_id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt()
def the_ledger_says_that_other_bytes_are_its_paper(scene: Scene) -> Strike:
    document_id, _ = final_decision(scene)
    ((final_id,),) = scene.run("SELECT id FROM final_document")
    data = {"final_id": str(final_id), "pdf_sha256": "0" * 64}
    row = scene.entry_row("document.finalised", str(document_id), data)
    return lambda: scene.insert("ledger_entry", row)


@attempt()
def the_ledger_says_that_a_paper_of_nothing_got_its_number(scene: Scene) -> Strike:
    row = scene.entry_row("document.numbered", str(uuid.uuid4()), {"number_id": str(uuid.uuid4())})
    return lambda: scene.insert("ledger_entry", row)


@attempt("issued_stays")
def another_amount_after_it_was_issued(scene: Scene) -> Strike:
    version = issued(scene)
    return lambda: scene.insert("decision_version", scene.version_row(version, amount_fen=90_000_000))
