"""Attempts at papers that state a decision: number, final form and seal are of the decision that the paper names."""

from __future__ import annotations

import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from casework.checklists.checklists import load_shipped_checklists
from casework.deadlines.events import enter_event
from casework.deadlines.loading import load_shipped_terms
from casework.documents.issuers import name_issuer
from casework.documents.templates import load_shipped_templates
from integrity.local_time import chinese_day
from storage.catalog.decisions import DecisionIssue, DecisionVersion
from tests.casework.documents.conftest import DECISION, OPERATOR, Office, word_of
from tests.casework.review.attempts.known import Strike, attempt, issued, withdraw_pass
from tests.casework.review.scene import Scene

FIRST = {"party": "甲公司", "content": "罚款二百元", "amount_fen": 20_000}
SECOND = {"party": "乙公司", "content": "罚款九百元", "amount_fen": 90_000}
SIGNED = """
    INSERT INTO document_signature (id, unit_id, case_id, document_id, text_id, role, person_id, name, outcome,
        signed_at, stated_by, stated_at)
    SELECT gen_random_uuid(), t.unit_id, t.case_id, t.document_id, t.id, 'approver', %(by)s, 'x', 'signed', now(),
        %(by)s, now()
    FROM document_text t WHERE t.document_id = %(document)s ORDER BY t.ordinal DESC LIMIT 1
"""
SAID = """
    INSERT INTO document_text (id, unit_id, case_id, document_id, ordinal, fields, facts, sha256, saved_by, saved_at)
    SELECT gen_random_uuid(), t.unit_id, t.case_id, t.document_id, 2, t.fields || %(fields)s, t.facts || %(facts)s,
        t.sha256, t.saved_by, now()
    FROM document_text t WHERE t.document_id = %(document)s AND t.ordinal = 1
"""
NUMBERED = """
    INSERT INTO document_number (id, unit_id, document_id, word, year, number, drawn_by, drawn_at)
    SELECT %(number)s, i.unit_id, d.id, i.word || (t.rules ->> 'word'), extract(YEAR FROM chinese_day(now())),
        1 + (SELECT count(*) FROM document_number n WHERE n.unit_id = i.unit_id), %(by)s, now()
    FROM document d JOIN document_template t ON t.id = d.template_id
    JOIN document_issuer i ON i.unit_id = %(bureau)s AND i.ended_at IS NULL WHERE d.id = %(document)s
"""
FINAL = """
    INSERT INTO final_document (id, unit_id, case_id, document_id, text_id, number_id, dated_on, pdf, sha256,
        size_bytes, rendered_with, finalised_by, finalised_at)
    SELECT gen_random_uuid(), t.unit_id, t.case_id, t.document_id, t.id, %(number)s, chinese_day(now()), %(pdf)s,
        sha256(%(pdf)s), octet_length(%(pdf)s), '{}', %(by)s, now()
    FROM document_text t WHERE t.document_id = %(document)s ORDER BY t.ordinal DESC LIMIT 1
"""


def office_of(bench: Any) -> Office:
    """Where the bench's case writes its documents."""
    now = datetime.now(UTC)
    for load in (load_shipped_checklists, load_shipped_terms, load_shipped_templates):
        load(bench.session, now)
    name_issuer(bench.session, OPERATOR, bench.bureau.id, name="重庆市江北区城市管理局", word=word_of(bench.bureau))
    people = (*bench.handlers, bench.supervisor, bench.reviewer)
    return Office(bench.session, bench.archive, bench.bureau, bench.unit, *people, bench.case)


def two_issued(scene: Scene) -> tuple[DecisionVersion, DecisionVersion]:
    """Two parties are punished in one case on one day, each by a decision of his own."""

    def deed(bench: Any) -> tuple[DecisionVersion, DecisionVersion]:
        first, second = bench.draft(bench.small(**FIRST)), bench.draft(bench.small(**SECOND))
        for each in (first, second):
            bench.issue(each)
        return first, second

    return scene.do(deed)


def begun(scene: Scene, version: DecisionVersion) -> uuid.UUID:
    """The draft of a 处罚决定书 of this decision; its id."""
    named = {"decision_id": version.decision_id}
    return scene.do(lambda b: office_of(b).begin("penalty_decision", DECISION, **named).document.id)


def revoke(scene: Scene, version: DecisionVersion) -> uuid.UUID:
    """The event's id."""
    now = datetime.now(UTC)

    def deed(bench: Any) -> uuid.UUID:
        of = bench.session, bench.supervisor, bench.case.id, "decision_revoked", chinese_day(now), now
        return enter_event(*of, decision_id=version.decision_id).id

    return scene.do(deed)


def by_rows(scene: Scene, document: uuid.UUID, **facts: Any) -> Strike:
    """Signed, numbered and made final as the application's role, without any of casework: what the text says is said
    otherwise first, where `facts` (or `fields`) are given."""
    values = {"document": document, "by": scene.bench.supervisor.id, "bureau": scene.bench.bureau.id}
    values |= {"number": uuid.uuid4(), "pdf": b"x", "fields": Jsonb(facts.pop("fields", {})), "facts": Jsonb(facts)}
    if facts or values["fields"].obj:
        scene.run(SAID, values)
    scene.run(SIGNED, values)

    def strike() -> None:
        with psycopg.connect(scene.addresses.worker) as connection:
            for statement in (NUMBERED, FINAL):
                connection.execute(statement.encode(), values)

    return strike


def paper_row(scene: Scene, issue_id: uuid.UUID | None, **other: Any) -> dict[str, Any]:
    case = scene.bench.case
    kind = other.get("kind", "penalty_decision")
    scene.do(lambda b: load_shipped_templates(b.session, datetime.now(UTC)))
    found = scene.run("SELECT id FROM document_template WHERE rules ->> 'kind' = %(kind)s", {"kind": kind})
    of = {"unit_id": case.unit_id, "case_id": case.id, "stage": "decision", "kind": kind, "issues_decision": True}
    by = {"begun_by": scene.bench.officer.id, "begun_at": datetime.now(UTC), "template_id": found[0][0]}
    return {**of, **by, "issue_id": issue_id, **other}


def issue_of(scene: Scene, version: DecisionVersion) -> uuid.UUID:
    ((found,),) = scene.run("SELECT id FROM decision_issue WHERE version_id = %(id)s", {"id": version.id})
    return uuid.UUID(str(found))


def final_decision(scene: Scene) -> Any:
    """处罚决定书, final, of a decision that was issued with its pass; and the decision's version."""

    def deed(bench: Any) -> Any:
        version = bench.draft()
        bench.review(version)
        bench.issue(version)
        return office_of(bench).finish("penalty_decision", DECISION).document_id, version

    return scene.do(deed)


def number_of(scene: Scene, document_id: Any) -> str:
    written = (
        "SELECT word || '字〔' || year || '〕第' || number || '号' FROM document_number WHERE document_id = %(id)s"
    )
    return str(scene.run(written, {"id": document_id})[0][0])


@attempt("paper_of_its_own")
def a_paper_of_what_another_case_decided(scene: Scene) -> Strike:
    issue: DecisionIssue = scene.do(lambda b: b.issue(b.draft(b.small(), b.another_case())))
    row = paper_row(scene, issue.id)
    return lambda: scene.insert("document", row)


@attempt()
def a_paper_of_no_decision(scene: Scene) -> Strike:
    issued(scene, small=True)
    row = paper_row(scene, None)
    return lambda: scene.insert("document", row)


@attempt()
def a_seizures_paper_of_a_penalty(scene: Scene) -> Strike:
    row = paper_row(scene, issue_of(scene, issued(scene, small=True)), kind="seizure_decision")
    return lambda: scene.insert("document", row)


@attempt()
def another_decision_for_a_paper_that_was_begun(scene: Scene) -> Strike:
    first, second = two_issued(scene)
    values = {"document": begun(scene, first), "issue": issue_of(scene, second)}
    return lambda: scene.run("UPDATE document SET issue_id = %(issue)s WHERE id = %(document)s", values)


@attempt("paper_names")
def the_number_of_a_paper_of_before_that_names_none(scene: Scene) -> Strike:
    document = begun(scene, issued(scene))
    scene.run("UPDATE document SET issue_id = NULL", role="owner")
    return by_rows(scene, document)


@attempt("own_party", "paper_says")
def one_partys_paper_for_the_other(scene: Scene) -> Strike:
    first, second = two_issued(scene)
    return by_rows(scene, begun(scene, first), party=second.party)


@attempt()
def a_party_that_somebody_typed_beside_it(scene: Scene) -> Strike:
    first, second = two_issued(scene)
    return by_rows(scene, begun(scene, first), fields={"party": second.party})


@attempt("own_amount")
def one_partys_paper_with_the_others_amount(scene: Scene) -> Strike:
    first, _ = two_issued(scene)
    return by_rows(scene, begun(scene, first), amount="900.00")


@attempt("own_content")
def one_partys_paper_with_the_others_content(scene: Scene) -> Strike:
    first, second = two_issued(scene)
    return by_rows(scene, begun(scene, first), decided=second.content)


@attempt("own_performance")
def a_large_fine_in_what_the_paper_of_a_small_one_wants_performed(scene: Scene) -> Strike:
    version = issued(scene, small=True)
    return by_rows(scene, begun(scene, version), fields={"performance": "罚款六十万元，十五日内缴纳。"})


@attempt()
def all_of_the_heavier_decision_under_the_lighter_ones_name(scene: Scene) -> Strike:
    first, second = two_issued(scene)
    return by_rows(scene, begun(scene, first), party=second.party, amount="900.00", decided=second.content)


@attempt("paper_leaves", "leaves_with_its_pass")
def the_number_of_a_paper_after_its_pass_is_withdrawn(scene: Scene) -> Strike:
    version = issued(scene)
    strike = by_rows(scene, begun(scene, version))
    withdraw_pass(scene, version)
    return strike


@attempt("unrevoked", "leaves_unrevoked")
def the_number_of_a_paper_of_what_was_revoked(scene: Scene) -> Strike:
    version = issued(scene)
    strike = by_rows(scene, begun(scene, version))
    revoke(scene, version)
    return strike


@attempt()
def the_seal_on_a_paper_of_what_was_revoked(scene: Scene) -> Strike:
    document, version = final_decision(scene)
    revoke(scene, version)
    seal = {"unit_id": scene.bench.bureau.id, "name": "x", "certificate": b"x", "chain": "x"}
    digest = {"certificate_sha256": hashlib.sha256(b"x").digest(), "registered_at": datetime.now(UTC)}
    values = {"document": document, "seal": scene.insert("unit_seal", {**seal, **digest})}
    sealed = """
        INSERT INTO sealed_document (id, unit_id, case_id, document_id, final_id, seal_id, pdf, sha256, size_bytes,
            sealed_by, sealed_at)
        SELECT gen_random_uuid(), f.unit_id, f.case_id, f.document_id, f.id, %(seal)s, f.pdf || 'x'::bytea,
            sha256(f.pdf || 'x'::bytea), f.size_bytes + 1, f.finalised_by, now()
        FROM final_document f WHERE f.document_id = %(document)s
    """
    return lambda: scene.run(sealed, values)
