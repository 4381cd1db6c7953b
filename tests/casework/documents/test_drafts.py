"""A document is begun, saved, signed and made final; nothing of it changes afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from casework.archiving.secrecy import state_secrecy
from casework.closing import close_case
from casework.documents.drafts import begin_document, save_document, withdraw_document
from casework.documents.errors import (
    DocumentChanged,
    DocumentFinal,
    DocumentIncomplete,
    DocumentWithdrawn,
    FieldUnusable,
    IssuerMissing,
    OfOtherStage,
    SignatureRefused,
    SignUnprintable,
)
from casework.documents.finalising import finalise_document
from casework.documents.issuers import name_issuer
from casework.documents.listing import documents_of_case, find_document, preview_document, read_pdf
from casework.documents.signing import sign_document, signatures_of
from casework.errors import AccessRefused, CaseClosed, RoleNotAllowed, Taken, TextUnusable
from casework.handling import release_officer
from casework.permission import OPEN_TO
from casework.register.certificates import void_certificate
from casework.stages import enter_stage
from retention.errors import OutsideUnit
from storage.catalog.devices import OfficerCertificate
from storage.catalog.handling import CaseOfficer
from storage.catalog.organisation import ROLES
from tests.casework.archiving.test_secrecy import SEEN_BY
from tests.casework.documents.conftest import INQUIRY, NOTICE, OPERATOR, Office, now
from tests.casework.sample_archive import REVIEW_KEYS


def test_what_the_case_knows_is_filled_in_from_it(office: Office) -> None:
    draft = office.begin()
    facts = draft.text.facts
    assert facts["case_number"] == office.case.number
    assert [each["name"] for each in facts["officers"]] == [office.officer.name, office.second.name]
    assert all(each["certificate"].startswith("Z") for each in facts["officers"])
    assert facts["issuer"]["name"] == "重庆市江北区城市管理局"
    assert draft.document.stage == "investigation"
    begun, saved = office.archive.last_entry("document.begun"), office.archive.last_entry("document.saved")
    assert (begun.subject_id, begun.data["kind"]) == (str(draft.document.id), "inquiry_record")
    assert saved.data["ordinal"] == 1
    for secret in ("陈强", "500105199001011234", draft.text.sha256.hex()):
        assert secret not in office.archive.ledger_text()


def test_every_text_that_was_saved_stays_and_the_same_again_is_none(office: Office) -> None:
    draft = office.begin()
    later = save_document(office.session, office.second, draft.document.id, {**INQUIRY, "sex": "男"}, 1, now())
    assert (later.text.ordinal, later.text.fields["sex"], later.text.saved_by) == (2, "男", office.second.id)
    again = save_document(office.session, office.officer, draft.document.id, {**INQUIRY, "sex": "男"}, 2, now())
    assert again.text.id == later.text.id
    with pytest.raises(DocumentChanged, match="somebody else has saved it"):
        save_document(office.session, office.officer, draft.document.id, INQUIRY, 1, now())


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"plaace": "x"}, "unknown"),
        ({"place": "两\n行"}, "lines"),
        ({"place": "长" * 201}, "too_long"),
        ({"place": 7}, "no_text"),
        ({"place": "a\u202eb"}, "hidden"),
        ({"begun_at": "2026-03-09T09:00:00"}, "no_moment"),
        ({"begun_at": "昨天"}, "no_moment"),
        ({"relation": "路人"}, "no_choice"),
        ({"questions": "问"}, "no_rows"),
        ({"questions": [{"ask": "x"}]}, "unknown"),
        ({"questions": [{"question": "x"}] * 501}, "no_rows"),
        ({"questions": [{"question": ["x"]}]}, "no_text"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field(office: Office, fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(FieldUnusable) as refused:
        office.begin(fields=fields)
    assert refused.value.problem == problem


@pytest.mark.parametrize("amount", ["-1", "1.234", "1,000", "壹佰", "1e3", "10000000000", "NaN", "0x10", "１２"])
def test_an_amount_is_yuan_with_two_digits_behind_the_point(office: Office, amount: str) -> None:
    with pytest.raises(FieldUnusable, match="is no amount"):
        office.begin("penalty_notice", {"amount": amount})


def enter_decision(office: Office) -> None:
    enter_stage(office.session, office.officer, office.case.id, "decision")


def test_a_sign_that_no_font_has_is_refused_where_it_is_typed(office: Office) -> None:
    office.begin(fields={**INQUIRY, "person": "𠮷田㐂"})
    with pytest.raises(SignUnprintable, match=r"U\+1F600.*被询问人"):
        office.begin(fields={**INQUIRY, "person": "陈😀"})


def test_a_document_is_of_its_stages_and_of_those_who_may_write(office: Office) -> None:
    with pytest.raises(OfOtherStage, match="penalty_decision is no document of the stage investigation"):
        office.begin("penalty_decision", {})
    with pytest.raises(RoleNotAllowed):
        begin_document(office.session, office.reviewer, office.case.id, "inquiry_record", {}, now())
    with pytest.raises(RoleNotAllowed):
        begin_document(office.session, office.officer, office.case.id, "review_opinion", {}, now())
    stranger = office.archive.person(office.bureau, "officer")
    with pytest.raises(OutsideUnit):
        begin_document(office.session, stranger, office.case.id, "inquiry_record", {}, now())


def test_it_becomes_final_when_it_is_complete_and_signed_and_never_changes_again(office: Office) -> None:
    draft = office.begin(fields={name: INQUIRY[name] for name in ("place", "person")})
    with pytest.raises(DocumentIncomplete) as lacking:
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert "询问开始时间" in lacking.value.missing
    assert lacking.value.unsigned == (("officer", 2), ("party", 1))
    with pytest.raises(DocumentIncomplete):
        sign_document(office.session, office.officer, draft.document.id, "officer", now())
    draft = save_document(office.session, office.officer, draft.document.id, INQUIRY, 1, now())
    office.sign(draft)
    final = finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert final.pdf.startswith(b"%PDF-")
    assert final.number_id is None
    entry = office.archive.last_entry("document.finalised")
    assert entry.data["pdf_sha256"] == final.sha256.hex()
    seen = find_document(office.session, office.officer, draft.document.id)
    assert (seen.state, seen.missing, seen.unsigned) == ("final", (), ())
    for change in (
        lambda: save_document(office.session, office.officer, draft.document.id, INQUIRY, 2, now()),
        lambda: finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS),
        lambda: sign_document(office.session, office.officer, draft.document.id, "officer", now()),
    ):
        with pytest.raises(DocumentFinal):
            change()


def test_whoever_signed_signed_what_he_saw(office: Office) -> None:
    draft = office.begin()
    office.sign(draft)
    later = save_document(office.session, office.officer, draft.document.id, {**INQUIRY, "sex": "男"}, 1, now())
    assert signatures_of(office.session, later.text.id) == ()
    with pytest.raises(DocumentIncomplete):
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert len(signatures_of(office.session, draft.text.id)) == 3


def test_what_the_case_says_by_now_is_what_is_signed(office: Office) -> None:
    draft = office.begin()
    office.sign(draft)
    leaving = office.session.query(CaseOfficer).filter_by(person_id=office.second.id).one()
    release_officer(office.session, office.officer, leaving.id, "调离")
    with pytest.raises(DocumentChanged, match="the case says otherwise"):
        finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)


def test_who_may_sign_what(office: Office) -> None:
    draft = office.begin("filing_approval", {**FILING})
    sign = lambda by, role: sign_document(office.session, by, draft.document.id, role, now())  # noqa: E731
    other = office.archive.person(office.unit, "officer")
    refusals = {
        ("no_handler", "officer"): other,
        ("no_supervisor", "approver"): other,
        ("not_asked", "reviewer"): office.reviewer,
        ("handler", "approver"): office.archive.person(office.unit, "supervisor"),
    }
    from casework.handling import name_officer

    name_officer(office.session, office.officer, office.case.id, refusals["handler", "approver"].id)
    for (problem, role), by in refusals.items():
        with pytest.raises(SignatureRefused) as refused:
            sign(by, role)
        assert refused.value.problem == problem, role
    sign(office.officer, "officer")
    with pytest.raises(SignatureRefused, match="signed already"):
        sign(office.officer, "officer")
    certificate = office.session.query(OfficerCertificate).filter_by(person_id=office.second.id).one()
    void_certificate(office.session, OPERATOR, certificate.id, "证号错误", now())
    with pytest.raises(SignatureRefused, match="no certificate holds today"):
        sign(office.second, "officer")


FILING = {
    "source": "检查发现",
    "found_on": "2026-03-09",
    "place": "观音桥",
    "party": "陈强",
    "facts": "占道经营",
    "suspected_law": "条例",
    "proposal": "建议立案",
}


def test_of_a_refusal_to_sign_it_is_written_why_and_who_saw_it(office: Office) -> None:
    draft = office.begin()
    with pytest.raises(SignatureRefused, match="write what was said"):
        office.party(draft, outcome="refused")
    with pytest.raises(SignatureRefused, match="lies in the future"):
        office.party(draft, signed_at=now() + timedelta(hours=1))
    office.party(draft, outcome="refused", note="当事人称与己无关，社区干部王芳在场见证")
    office.sign(draft, party=False)
    finalise_document(office.session, office.officer, draft.document.id, now(), REVIEW_KEYS)
    assert office.archive.last_entry("document.signed").data["role"] == "officer"


def test_what_is_wrong_is_withdrawn_with_a_reason_and_stays(office: Office) -> None:
    draft = office.begin()
    withdraw_document(office.session, office.officer, draft.document.id, "写错了人")
    with pytest.raises(DocumentWithdrawn):
        save_document(office.session, office.officer, draft.document.id, INQUIRY, 1, now())
    final = office.finish()
    with pytest.raises(RoleNotAllowed):
        withdraw_document(office.session, office.officer, final.document_id, "写错了人")
    with pytest.raises(TextUnusable):
        withdraw_document(office.session, office.supervisor, final.document_id, " ")
    withdraw_document(office.session, office.supervisor, final.document_id, "写错了人")
    states = [each.state for each in documents_of_case(office.session, office.case.id)]
    assert states == ["withdrawn", "withdrawn"]


def test_a_closed_case_takes_no_document_but_a_receipt_of_service(office: Office) -> None:
    draft = office.begin()
    final = office.finish("correction_notice", NOTICE)
    close_case(office.session, office.supervisor, office.case.id, "已改正")
    for refused in (
        office.begin,
        lambda: save_document(office.session, office.officer, draft.document.id, {**INQUIRY, "sex": "男"}, 1, now()),
    ):
        with pytest.raises(CaseClosed):
            refused()
    receipt = office.begin("service_receipt", {"documents": [str(final.document_id)]})
    assert receipt.text.facts["documents"][str(final.document_id)]["title"] == "责令改正通知书"
    withdraw_document(office.session, office.supervisor, final.document_id, "送达前发现错误")


def test_nobody_writes_without_a_name_to_write_in(office: Office) -> None:
    other = office.archive.unit()
    with pytest.raises(Taken):
        name_issuer(office.session, OPERATOR, other.id, name="某局", word=issuer_word(office))
    with pytest.raises(TextUnusable):
        name_issuer(office.session, OPERATOR, other.id, name="某局", word="JZ")
    with pytest.raises(RoleNotAllowed):
        name_issuer(office.session, office.archive.person(other, "administrator"), other.id, name="某局", word="某执")
    supervisor = office.archive.person(other, "supervisor")
    case = office.archive.case(supervisor)
    first, _ = office.archive.handlers(case, supervisor)
    draft = begin_document(office.session, first, case.id, "correction_notice", NOTICE, now())
    with pytest.raises(IssuerMissing):
        finalise_document(office.session, first, draft.document.id, now(), REVIEW_KEYS)


def issuer_word(office: Office) -> str:
    return str(office.begin().text.facts["issuer"]["word"])


@pytest.mark.parametrize("secrecy_class", OPEN_TO)
def test_documents_of_a_case_are_read_and_written_by_whom_its_class_lets_in(office: Office, secrecy_class: str) -> None:
    """As its recordings are: whoever is kept out neither reads a document nor writes, signs or withdraws one."""
    session, document_id = office.session, office.begin().document.id
    another = office.case.id, "inquiry_record", INQUIRY
    state_secrecy(session, office.officer, office.case.id, secrecy_class, licensed=True)
    people = {role: office.archive.person(office.unit, role) for role in ROLES}
    people["officer on the case"] = office.officer
    for who, person in people.items():
        if who in SEEN_BY[secrecy_class]:
            assert find_document(session, person, document_id).document.id == document_id
            continue
        deeds: list[Callable[[], object]] = [
            lambda person=person: find_document(session, person, document_id),
            lambda person=person: read_pdf(session, person, document_id),
            lambda person=person: preview_document(session, person, document_id),
        ]
        if who == "officer":
            deeds += [
                lambda person=person: begin_document(session, person, *another, now()),
                lambda person=person: save_document(session, person, document_id, {}, 1, now()),
                lambda person=person: sign_document(session, person, document_id, "officer", now()),
                lambda person=person: withdraw_document(session, person, document_id, "x"),
            ]
        for deed in deeds:
            with pytest.raises(AccessRefused, match="class of secrecy"):
                deed()
    assert find_document(session, office.officer, document_id).state == "draft"


def test_an_opinion_is_its_reviewers_own_paper_whatever_the_class(office: Office) -> None:
    enter_decision(office)
    state_secrecy(office.session, office.officer, office.case.id, "state_secret", licensed=True)
    opinion = office.begin("review_opinion", {}).document
    assert find_document(office.session, office.reviewer, opinion.id).document.id == opinion.id
    auditor = office.archive.person(office.unit, "auditor")
    with pytest.raises(AccessRefused):
        find_document(office.session, auditor, opinion.id)
