"""Documents over HTTP: from the first word to the seal, and what is refused in Chinese."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from casework.archiving.secrecy import state_secrecy
from casework.documents.issuers import name_issuer
from casework.documents.seals import make_seal
from casework.documents.templates import load_shipped_templates
from casework.register.certificates import add_certificate
from integrity.pdf_seal import open_seal
from storage.ledger.append import Actor
from tests.casework.documents.conftest import INQUIRY, NOTICE

OPERATOR = Actor.system("admin")


@pytest.fixture
def desk(served: Any, scene: Any) -> Any:
    """The scene with the shipped templates; the officer and the supervisor handle the case."""
    with served.database.transaction() as session:
        load_shipped_templates(session, datetime.now(UTC))
        name_issuer(session, OPERATOR, scene.unit.id, name="江北区城市管理局", word="江综执")
        for number, each in enumerate((scene.officer, scene.supervisor), 1):
            add_certificate(
                session, OPERATOR, each.person.id, number=f"Z{number}", valid_from=date(2020, 1, 1), last_day=None
            )
    for each in (scene.officer, scene.supervisor):
        path = f"/api/v1/cases/{scene.case.id}/officers"
        assert scene.officer.post(path, json={"person_id": str(each.person.id)}).status_code == 201
    assert scene.officer.post(f"/api/v1/cases/{scene.case.id}/stages", json={"stage": "investigation"}).is_success
    return scene


def begin(desk: Any, kind: str, fields: Any) -> Any:
    return desk.officer.post(f"/api/v1/cases/{desk.case.id}/documents", json={"kind": kind, "fields": fields})


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:liuhen:problem:")


def test_a_record_is_filled_in_signed_and_made_final(desk: Any) -> None:
    listed = desk.officer.get(f"/api/v1/cases/{desk.case.id}/documents").json()
    assert "inquiry_record" in {each["kind"] for each in listed["templates"]}
    assert "penalty_decision" not in {each["kind"] for each in listed["templates"]}
    made = begin(desk, "inquiry_record", {"place": "询问室"})
    assert made.status_code == 201
    document = made.json()
    address = f"/api/v1/documents/{document['id']}"
    assert (document["state"], document["title"], document["ordinal"]) == ("draft", "询问笔录", 1)
    assert "询问开始时间" in document["missing"]
    early = desk.officer.post(f"{address}/final")
    assert code(early) == (409, "document-incomplete")
    assert "请填写：询问开始时间" in early.json()["sentences"]["zh-CN"]
    saved = desk.officer.put(f"{address}/text", json={"fields": INQUIRY, "after": 1}).json()
    assert (saved["missing"], saved["unsigned"]) == ([], {"officer": 2, "party": 1})
    again = desk.supervisor.put(f"{address}/text", json={"fields": {}, "after": 1})
    assert code(again) == (409, "document-changed")
    for each in (desk.officer, desk.supervisor):
        assert each.post(f"{address}/signatures", json={"role": "officer"}).status_code == 201
    refusal = {"role": "party", "name": "陈强", "outcome": "refused", "signed_at": "2026-03-09T10:10:00+08:00"}
    assert code(desk.officer.post(f"{address}/statements", json=refusal)) == (409, "signature-refused")
    stated = desk.officer.post(f"{address}/statements", json={**refusal, "note": "王芳在场见证"})
    assert stated.json()["unsigned"] == {}
    preview = desk.officer.get(f"{address}/preview")
    assert (preview.headers["content-type"], preview.content[:5]) == ("application/pdf", b"%PDF-")
    assert code(desk.officer.get(f"{address}/pdf")) == (409, "document-not-final")
    final = desk.officer.post(f"{address}/final").json()
    assert (final["state"], final["final"]["number"]) == ("final", None)
    assert desk.officer.get(f"{address}/pdf").content.startswith(b"%PDF-")
    kinds = [each["kind"] for each in desk.officer.get(f"/api/v1/cases/{desk.case.id}/timeline").json()["items"]]
    assert kinds.count("document_signed") == 3


def test_a_notice_is_numbered_sealed_and_withdrawn(desk: Any, served: Any) -> None:
    document = begin(desk, "correction_notice", NOTICE).json()
    address = f"/api/v1/documents/{document['id']}"
    final = desk.officer.post(f"{address}/final").json()
    assert final["final"]["number"] == f"江综执责改字〔{datetime.now(UTC).year}〕第1号"
    assert code(desk.officer.post(f"{address}/seal")) == (409, "seal-missing")
    with served.database.transaction() as session:
        make_seal(session, OPERATOR, served.archive.seal_keys, desk.unit.id, "江北区城市管理局", datetime.now(UTC))
    sealed = desk.officer.post(f"{address}/seal").json()
    assert (sealed["state"], sealed["sealed"]["seal"]) == ("sealed", "江北区城市管理局")
    assert sealed["sealed"]["stamped_at"] is not None
    pdf = desk.officer.get(f"{address}/pdf").content
    assert open_seal(pdf, None, "x").fingerprint.hex == sealed["sealed"]["certificate_sha256"]
    assert code(desk.officer.post(f"{address}/withdraw", json={"reason": "有误"})) == (403, "role")
    withdrawn = desk.supervisor.post(f"{address}/withdraw", json={"reason": "送达前发现错误"}).json()
    assert (withdrawn["state"], withdrawn["withdraw_reason"]) == ("withdrawn", "送达前发现错误")
    assert withdrawn["final"]["number"].endswith("第1号")
    kinds = [each["kind"] for each in desk.officer.get(f"/api/v1/cases/{desk.case.id}/timeline").json()["items"]]
    assert [each for each in kinds if each.startswith("document_")] == [
        "document_begun",
        "document_read",
        "document_finalised",
        "document_sealed",
        "document_withdrawn",
        "document_read",
    ]


def test_a_class_of_secrecy_keeps_documents_from_whom_it_keeps_recordings(desk: Any, served: Any) -> None:
    document_id = begin(desk, "inquiry_record", INQUIRY).json()["id"]
    auditor, address = served.signed_in(desk.unit, "auditor"), f"/api/v1/documents/{document_id}"
    case = f"/api/v1/cases/{desk.case.id}/documents"
    assert auditor.post(f"{address}/readings", json={"reason": "核对"}).status_code == 201
    assert [auditor.get(path).status_code for path in (case, address)] == [200, 200]
    with served.database.transaction() as session:
        state_secrecy(session, desk.supervisor.person, desk.case.id, "business_secret", licensed=False)
    for path in (case, address, f"{address}/preview"):
        refused = auditor.get(path)
        assert (refused.status_code, refused.json()["reason"]) == (403, "secrecy"), path
    denied = served.entries("access.denied")
    assert [(each.subject_id, each.data["reason"]) for each in denied] == [(str(desk.case.id), "secrecy")] * 3
    chinese = {"Accept-Language": "zh"}
    page = auditor.get(f"/cases/{desk.case.id}", headers=chinese)
    assert (page.status_code, document_id in page.text) == (200, False)
    assert "本案密级为“商业秘密”，其记录、文书、执法行为、决定和送达不向您开放。" in page.text
    assert auditor.get(f"/documents/{document_id}", headers=chinese).status_code == 403
    assert document_id in desk.officer.get(f"/cases/{desk.case.id}").text
    assert desk.officer.get(address).status_code == 200


def test_whoever_is_not_at_work_on_the_case_says_why_before_he_reads(desk: Any, served: Any) -> None:
    """By page, API and PDF alike; who read it is on the document's page, and before the auditor."""
    document_id = begin(desk, "inquiry_record", INQUIRY).json()["id"]
    address, chinese = f"/api/v1/documents/{document_id}", {"Accept-Language": "zh"}
    other, auditor = served.signed_in(desk.unit, "officer"), served.signed_in(desk.unit, "auditor")
    for path in (address, f"{address}/preview"):
        refused = other.get(path, headers=chinese)
        assert (refused.status_code, refused.json()["reason"]) == (403, "reason_needed"), path
    assert refused.json()["detail"].startswith("您未参与办理本案；请先说明查阅事由")
    asked = other.get(f"/documents/{document_id}", headers=chinese)
    assert (asked.status_code, "说明查阅事由" in asked.text, INQUIRY["place"] in asked.text) == (200, True, False)
    listed = other.get(f"/api/v1/cases/{desk.case.id}/documents").text
    assert (document_id in listed, INQUIRY["place"] in listed) == (True, False)
    # Whoever began it has read it so.
    assert [each.actor_id for each in served.entries("document.read")] == [str(desk.officer.person.id)]
    said = other.post(f"{address}/readings", json={"reason": "协查同一当事人"})
    assert (said.status_code, said.json()["reason"]) == (201, "协查同一当事人")
    for path in (address, f"{address}/preview", f"/documents/{document_id}"):
        assert other.get(path).status_code == 200, path
    assert desk.officer.get(address).status_code == 200
    entries = served.entries("document.read")
    assert [(each.subject_id, each.actor_id) for each in entries] == [
        (document_id, str(desk.officer.person.id)),
        (document_id, str(other.person.id)),
    ]
    assert "协查" not in str(entries[1].data)
    read = desk.officer.get(f"{address}/readings").json()["items"]
    assert [(each["person"]["id"], each["reason"]) for each in read] == [
        (str(other.person.id), "协查同一当事人"),
        (str(desk.officer.person.id), None),
    ]
    page = desk.officer.get(f"/documents/{document_id}", headers=chinese).text
    assert "谁查阅过" in page
    assert "协查同一当事人" in page
    seen = auditor.get("/api/v1/oversight/readings", params={"case": str(desk.case.id)}).json()["items"]
    assert [(each["document_id"], each["reason"]) for each in seen] == [
        (document_id, "协查同一当事人"),
        (document_id, None),
    ]
    assert "协查同一当事人" in auditor.get("/oversight?show=readings", headers=chinese).text
    assert "协查同一当事人" in auditor.get("/api/v1/oversight/readings.csv").text


def test_whoever_does_something_to_a_document_reads_it_by_the_answer(desk: Any, served: Any) -> None:
    """So he says why first, where he is not at work on the case, and until then nothing is done."""
    inquiry = begin(desk, "inquiry_record", INQUIRY).json()
    notice = begin(desk, "correction_notice", NOTICE).json()
    other = served.signed_in(desk.unit, "officer")
    party = {"role": "party", "name": "陈强", "outcome": "signed", "signed_at": "2026-03-09T10:10:00+08:00"}
    deeds = (
        ("put", inquiry, "text", {"fields": {**INQUIRY, "place": "别处"}, "after": 1}),
        ("post", inquiry, "statements", party),
        ("post", notice, "final", None),
        ("post", notice, "seal", None),
        ("post", notice, "withdraw", {"reason": "有误"}),
    )
    for method, document, deed, form in deeds:
        refused = other.request(method, f"/api/v1/documents/{document['id']}/{deed}", json=form)
        assert (refused.status_code, refused.json()["reason"]) == (403, "reason_needed"), deed
    for document in (inquiry, notice):
        assert desk.officer.get(f"/api/v1/documents/{document['id']}").json() == document
    address = f"/api/v1/documents/{inquiry['id']}"
    assert other.post(f"{address}/readings", json={"reason": "代为补录"}).status_code == 201
    assert other.post(f"{address}/statements", json=party).status_code == 201
    reading = [each for each in served.entries("document.read") if each.actor_id == str(other.person.id)]
    assert [each.subject_id for each in reading] == [inquiry["id"]]


@pytest.mark.parametrize(
    ("kind", "fields", "status", "problem", "said"),
    [
        ("inquiry_record", {"relation": "路人"}, 422, "field", "“与本案关系”不在可选范围内"),
        ("inquiry_record", {"person": "陈😀"}, 422, "sign", "U+1F600"),
        ("inquiry_record", {"nothing": 1}, 422, "field", "不是此文书的项目"),
        ("penalty_decision", {}, 409, "other-stage", "“行政处罚决定书”用于审核决定环节，案件当前环节为“调查取证”"),
        ("poem", {}, 422, "word", "不在可选范围内"),
        ("review_opinion", {}, 403, "role", "法制审核人员"),
    ],
)
def test_what_is_refused_is_said_in_chinese(
    desk: Any, kind: str, fields: Any, status: int, problem: str, said: str
) -> None:
    answer = begin(desk, kind, fields)
    assert code(answer) == (status, problem)
    assert said in answer.json()["sentences"]["zh-CN"]


def test_other_units_see_nothing_of_it(desk: Any, served: Any) -> None:
    document = begin(desk, "inquiry_record", INQUIRY).json()
    stranger = served.signed_in(served.unit("另一大队"), "supervisor")
    address = f"/api/v1/documents/{document['id']}"
    for answer in (
        stranger.get(address),
        stranger.get(f"{address}/preview"),
        stranger.put(f"{address}/text", json={"fields": {}, "after": 1}),
        stranger.post(f"{address}/final"),
        stranger.post(f"{address}/seal"),
        stranger.post(f"{address}/withdraw", json={"reason": "x"}),
        stranger.get(f"/api/v1/cases/{desk.case.id}/documents"),
    ):
        assert code(answer) == (403, "other-unit")
    assert served.caller().get(address).status_code == 401
