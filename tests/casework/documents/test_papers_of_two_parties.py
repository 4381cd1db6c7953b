"""Two parties are punished in one case on one day: each paper is of its own decision, says what that one says, and goes
out by its leave alone."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from casework.deadlines.errors import EventWithdrawn
from casework.deadlines.events import enter_event, fulfil_term, withdraw_event
from casework.documents.drafts import latest_text, withdraw_document
from casework.documents.errors import DecisionUnfit, DecisionUnnamed, FieldUnusable
from casework.documents.finalising import finalise_document, make_page
from casework.documents.listing import find_document
from casework.documents.pdf_signature import sign_pdf
from casework.documents.reading import read_document
from casework.documents.sealing import prepare_sealing, record_sealing
from casework.documents.template_file import read_template
from casework.documents.templates import SHIPPED, TEMPLATES, load_template
from casework.review.errors import GateShut
from casework.review.reviewing import withdraw_review
from casework.rules.errors import RuleFileUnusable
from casework.rules.versions import LOADER
from casework.search.found import Asked, find_documents
from casework.search.words import Words
from casework.service.errors import NotServed, ServedUnusable
from casework.stages import enter_stage
from integrity.local_time import chinese_day
from storage.catalog.deadlines import CaseEvent, CaseTerm
from storage.catalog.decisions import DecisionIssue
from storage.catalog.documents import Document, DocumentTemplate
from storage.seal_keys import SealKeys
from tests.casework.documents.conftest import DECISION, NOTICE, OPERATOR, Office, make_office, now
from tests.casework.review.serving import serve
from tests.casework.sample_archive import REVIEW_KEYS

LIGHT = {"party": "甲商店", "content": "罚款二百元", "measures": ("fine",), "amount_fen": 20_000}
HEAVY = {"party": "乙建筑公司", "content": "罚款六万元", "measures": ("fine",), "amount_fen": 6_000_000}
Pair = tuple[DecisionIssue, DecisionIssue]


@pytest.fixture
def office(session: Any, archive: Any) -> Office:
    office = make_office(session, archive)
    enter_stage(session, office.officer, office.case.id, "decision")
    return office


@pytest.fixture
def issued(office: Office) -> Pair:
    # The heavy one first: by what the case comes to then, the light one is reviewed as well.
    heavy, light = (office.archive.decide(office.case, office.supervisor, **said) for said in (HEAVY, LIGHT))
    return light, heavy


def finish(office: Office, issue: DecisionIssue) -> Document:
    with office.session.begin_nested():
        final = office.finish("penalty_decision", DECISION, decision_id=issue.decision_id)
    return office.session.get_one(Document, final.document_id)


def seal(office: Office, keys: SealKeys, document: Document) -> None:
    prepared = prepare_sealing(office.session, office.officer, document.id, now(), REVIEW_KEYS)
    pdf = sign_pdf(prepared, keys.load(prepared.seal_id), None)
    record_sealing(office.session, office.officer, prepared, pdf, now(), None, REVIEW_KEYS)


def revoke(office: Office, issue: DecisionIssue) -> Any:
    of = office.session, office.supervisor, office.case.id, "decision_revoked", chinese_day(now()), now()
    return enter_event(*of, decision_id=issue.decision_id)


def withdraw_pass(office: Office, issue: DecisionIssue) -> None:
    withdraw_review(office.session, office.archive.reviewer(office.unit), issue.review_id, "新证据")


def test_of_several_decisions_one_is_named_and_the_last_one_left_is_clear(office: Office, issued: Pair) -> None:
    light, heavy = issued
    with pytest.raises(DecisionUnnamed, match="any of 2 decisions of the case: name the one") as unclear:
        office.begin("penalty_decision", DECISION)
    assert unclear.value.count == 2
    first = office.begin("penalty_decision", DECISION, decision_id=heavy.decision_id)
    assert first.document.issue_id == heavy.id
    assert office.archive.last_entry("document.begun").data["issue_id"] == str(heavy.id)
    # Only one has no paper yet: it is meant.
    second = office.begin("penalty_decision", DECISION)
    assert second.document.issue_id == light.id
    with pytest.raises(DecisionUnnamed):
        office.begin("penalty_decision", DECISION)
    withdraw_document(office.session, office.officer, first.document.id, "写错")
    assert office.begin("penalty_decision", DECISION).document.issue_id == heavy.id
    seen = find_document(office.session, office.officer, second.document.id)
    assert seen.issue is not None
    assert seen.issue.id == light.id


def test_each_paper_says_what_its_own_decision_says(office: Office, issued: Pair) -> None:
    for issue, said in zip(issued, (LIGHT, HEAVY), strict=True):
        facts = latest_text(office.session, finish(office, issue).id).facts
        assert (facts["party"], facts["decided"]) == (said["party"], said["content"])
        assert facts["amount"] == f"{said['amount_fen'] // 100}.00"


def test_a_document_names_a_decision_of_its_kind_that_was_issued_in_its_case(office: Office, issued: Pair) -> None:
    bench, begin = office.archive, office.begin
    seizure = bench.decide(office.case, office.supervisor, kind="coercion", measures=("seizure",), content="扣押")
    for kind, fields, decision_id in (
        ("penalty_decision", DECISION, seizure.decision_id),
        ("seizure_decision", {}, issued[0].decision_id),
        ("penalty_decision", DECISION, uuid.uuid4()),
        ("correction_notice", NOTICE, issued[0].decision_id),
    ):
        with pytest.raises(DecisionUnfit):
            begin(kind, fields, decision_id=decision_id)
    assert begin("seizure_decision", {}).document.issue_id == seizure.id
    assert begin("correction_notice", NOTICE).document.issue_id is None


def test_a_decision_that_was_not_issued_has_no_paper(office: Office) -> None:
    with pytest.raises(GateShut) as nothing:
        office.begin("penalty_decision", DECISION)
    assert nothing.value.refusals == ("not_issued",)
    assert office.session.scalars(select(Document).where(Document.kind == "penalty_decision")).all() == []


def test_one_decision_without_a_pass_keeps_no_paper_of_another_back(office: Office, issued: Pair) -> None:
    light, heavy = issued
    withdraw_pass(office, heavy)
    paper = finish(office, light)
    assert serve(office, document_id=paper.id).version_id == light.version_id
    with pytest.raises(GateShut) as caught:
        finish(office, heavy)
    assert caught.value.refusals == ("no_pass",)


def test_nothing_of_a_revoked_decision_goes_out_while_the_revocation_stands(
    office: Office, issued: Pair, seal_keys: SealKeys
) -> None:
    light, heavy = issued
    office.seal_with(seal_keys)
    draft = office.begin("penalty_decision", DECISION, decision_id=heavy.decision_id)
    office.sign(draft)
    paper = finish(office, light)
    events = [revoke(office, each) for each in issued]

    def number() -> None:
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)

    deeds = (
        number,
        lambda: seal(office, seal_keys, paper),
        lambda: serve(office, document_id=paper.id),
        lambda: serve(office, decision_id=light.decision_id),
        lambda: office.begin("penalty_decision", DECISION, decision_id=heavy.decision_id),
        lambda: office.begin("penalty_decision", DECISION),
    )
    for deed in deeds:
        with pytest.raises(GateShut, match="the decision was revoked") as caught:
            deed()
        assert caught.value.refusals == ("revoked",)
    # What says that it was revoked is another paper.
    notice = office.finish("correction_notice", NOTICE)
    assert serve(office, document_id=notice.document_id).version_id is None
    for event in events:
        withdraw_event(office.session, office.supervisor, event.id, "误登")
    number()
    seal(office, seal_keys, paper)
    assert serve(office, document_id=paper.id).version_id == light.version_id
    with pytest.raises(EventWithdrawn):
        withdraw_event(office.session, office.supervisor, events[0].id, "再次")


def test_the_database_refuses_what_was_revoked_whoever_does_not_ask(
    office: Office, issued: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    light, heavy = issued
    draft = office.begin("penalty_decision", DECISION, decision_id=heavy.decision_id)
    office.sign(draft)
    paper = finish(office, light)
    for each in issued:
        revoke(office, each)
    monkeypatch.setattr("casework.documents.finalising.ask_gate", lambda *_: None)
    monkeypatch.setattr("casework.service.serving.ask_leave", lambda *_: None)
    with pytest.raises(GateShut) as asked, office.session.begin_nested():
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert isinstance(asked.value.__cause__, DBAPIError)
    assert asked.value.refusals == ("revoked",)
    for what in ({"document_id": paper.id}, {"decision_id": light.decision_id}):
        with pytest.raises(GateShut) as caught:
            serve(office, **what)
        assert caught.value.refusals == ("revoked",)


def test_a_paper_is_served_as_what_it_states_and_its_number_is_the_paper(office: Office, issued: Pair) -> None:
    light, heavy = issued
    paper = finish(office, light)
    number = find_document(office.session, office.officer, paper.id).number
    assert number is not None
    with pytest.raises(ServedUnusable, match="not of that decision"):
        serve(office, document_id=paper.id, decision_id=heavy.decision_id)
    with pytest.raises(ServedUnusable, match="not of that decision"):
        serve(office, decision_id=heavy.decision_id, document_number=number.written)
    row = serve(office, document_number=number.written)
    assert (row.document_id, row.version_id) == (paper.id, light.version_id)


def written_otherwise(number: str) -> tuple[str, ...]:
    year = number.split("〔")[1].split("〕")[0]
    ways = (f"[{year}]", f" ［{year}］ ", f"({year})", f"（{year}）", f"【{year}】", f"〔{year} 〕")
    return tuple(number.replace(f"〔{year}〕", each) for each in ways)


def term_of(office: Office, issue: DecisionIssue) -> CaseTerm:
    of_event = CaseTerm.event_id == CaseEvent.id, CaseEvent.issue_id == issue.id, CaseTerm.kind == "service"
    return office.session.scalars(select(CaseTerm).where(*of_event)).one()


@pytest.mark.parametrize("asked", [True, False])
def test_a_number_is_its_paper_however_it_is_written(
    office: Office, issued: Pair, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    light, _ = issued
    paper = finish(office, light)
    number = find_document(office.session, office.officer, paper.id).number
    assert number is not None
    event = revoke(office, light)
    if not asked:
        monkeypatch.setattr("casework.service.leave._bare", lambda number: number)
    for written in written_otherwise(number.written):
        with pytest.raises(GateShut) as caught:
            serve(office, document_number=written)
        # Whoever does not ask whose number it is has named no decision, where one of two is revoked.
        assert caught.value.refusals == (("revoked",) if asked else ("names_none",))
    withdraw_event(office.session, office.supervisor, event.id, "误登")
    if asked:
        row = serve(office, document_number=written_otherwise(number.written)[0])
        assert (row.document_id, row.document_number) == (paper.id, number.written)
    else:
        for written in written_otherwise(number.written):
            with pytest.raises(DBAPIError):
                serve(office, document_number=written)


@pytest.mark.parametrize("asked", [True, False])
def test_no_number_alone_is_served_where_anything_that_was_decided_is_revoked(
    office: Office, issued: Pair, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    light, heavy = issued
    if not asked:
        monkeypatch.setattr("casework.service.serving.ask_leave", lambda *_: None)

    def refusals() -> tuple[str, ...]:
        with pytest.raises(GateShut) as caught:
            serve(office)
        return tuple(caught.value.refusals)

    first = revoke(office, light)
    assert refusals() == ("names_none",)
    assert serve(office, decision_id=heavy.decision_id).version_id == heavy.version_id
    second = revoke(office, heavy)
    assert refusals() == ("revoked",)
    withdraw_event(office.session, office.supervisor, second.id, "误登")
    assert refusals() == ("names_none",)
    withdraw_event(office.session, office.supervisor, first.id, "误登")
    assert serve(office, document_number="另一号").version_id is None


def test_what_was_served_by_its_number_ends_no_term_of_what_was_revoked(office: Office) -> None:
    issue = office.archive.decide(office.case, office.supervisor, **LIGHT)
    serve(office)
    event = revoke(office, issue)
    term, day = term_of(office, issue), chinese_day(now())
    with pytest.raises(NotServed):
        fulfil_term(office.session, office.officer, term.id, day, now())
    done = "UPDATE case_term SET done_on = :day, done_by = :by, done_at = now() WHERE id = :id"
    with pytest.raises(DBAPIError, match="was served on"), office.session.begin_nested():
        office.session.execute(text(done), {"day": day, "by": office.officer.id, "id": term.id})
    withdraw_event(office.session, office.supervisor, event.id, "误登")
    fulfil_term(office.session, office.officer, term.id, day, now())
    assert term.done_on == day


def of_before() -> bytes:
    """Version 1 of the template, as archives have it that began before: party and penalty are fields in it."""
    source = (SHIPPED / "penalty-decision.yaml").read_text().replace("version: 3", "version: 1")
    for fact, field in (("party", "party"), ("decided", "penalty")):
        (line,) = [each for each in source.splitlines() if each.startswith(f"  {fact}: {{required")]
        typed = f"fields:\n  {field}: {{type: text, required: true, label: {{zh: 栏目, en: x}}}}\n"
        source = source.replace(f"{line}\n", "").replace(f"facts.{fact}", f"fields.{field}")
        source = source.replace("fields:\n", typed, 1)
    return source.encode()


def test_a_template_of_before_has_them_from_the_decision_too(session: Any, archive: Any) -> None:
    file = read_template(of_before())
    TEMPLATES.take(session, LOADER, file, now(), lambda: None)
    office = make_office(session, archive)
    enter_stage(session, office.officer, office.case.id, "decision")
    issue = office.archive.decide(office.case, office.supervisor, **LIGHT)
    with pytest.raises(FieldUnusable, match="is taken from the decision"):
        office.begin("penalty_decision", {**DECISION, "penalty": "罚款九百元"})
    draft = office.begin("penalty_decision", DECISION)
    assert draft.template.lent == {"party": "party", "penalty": "decided"}
    assert "penalty" not in {field.name for field in draft.template.typed}
    office.sign(draft)
    row = session.get_one(DocumentTemplate, draft.document.template_id)
    said = make_page(row, draft.template.title, draft.text.fields, draft.text.facts, [], None, None).data["fields"]
    assert (row.version, said["party"], said["penalty"]) == (1, LIGHT["party"], LIGHT["content"])
    final = finalise_document(session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert session.get_one(Document, final.document_id).issue_id == issue.id


def test_a_template_that_has_them_typed_is_refused(office: Office) -> None:
    source = (SHIPPED / "penalty-decision.yaml").read_text()
    assert source.count("version: 3") == 1
    text_ = source.replace("version: 3", "version: 4\nsupersedes: 3")
    begins = chinese_day(now()).replace(year=2099)
    text_ = text_.replace("valid_from: 2024-01-01", f"valid_from: {begins}")
    typed = "  party: {type: line, required: true, label: {zh: 当事人, en: Party}}\n  party_address"
    for changed, problem in (
        (text_.replace("  party: {required: true, law: [行政处罚法 第五十九条第一项]}\n", ""), "no_decision"),
        (text_.replace("  party_address", typed, 1), "of_decision"),
        (text_.replace("#prose(facts.decided)", ""), "unsaid"),
        (text_.replace("facts.party)", "fields.party_address)"), "unsaid"),
    ):
        with pytest.raises(RuleFileUnusable) as refused:
            load_template(office.session, OPERATOR, changed.encode(), now())
        assert refused.value.problem == problem


def test_a_paper_is_found_by_whom_its_decision_is_against(office: Office, issued: Pair) -> None:
    paper = office.begin("penalty_decision", DECISION, decision_id=issued[1].decision_id)
    found = find_documents(office.session, office.officer, Asked(Words.parse("乙建筑公司")), None, 10)
    (only,) = found.items
    assert only.id == paper.document.id
    assert [(each.field, each.text) for each in only.matched] == [("text", None)]
    read_document(office.session, office.officer, paper.document.id, now())
    (only,) = find_documents(office.session, office.officer, Asked(Words.parse("乙建筑公司")), None, 10).items
    assert [each.text for each in only.matched] == ["乙建筑公司"]
    assert find_documents(office.session, office.officer, Asked(Words.parse("甲商店")), None, 10).items == ()
