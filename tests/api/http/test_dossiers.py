"""Dossiers for public questions over HTTP: what may be said of a case, masked, kept, and never more than that."""

from __future__ import annotations

import subprocess
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from api.words.dossiers import RuleNames, sections_of
from api.words.tables import TABLES
from casework.archiving.secrecy import state_secrecy
from casework.documents.templates import load_shipped_templates
from casework.dossiers.contents import SAID
from casework.named_people import names_in, persons_in
from casework.timeline import DETAIL_WORDS, TIMELINE_KINDS
from storage.catalog.access import AccessRequest
from storage.catalog.documents import Document, DocumentSignature, DocumentTemplate, DocumentText
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor
from tests.api.http.publishing import PublishingDesk, make_publishing_desk
from tests.api.pages.test_every_page import check_markup

CHINESE = {"Accept-Language": "zh-CN"}
NO_NAMES = RuleNames({}, {})
OPERATOR = Actor.system("admin")


@pytest.fixture
def decided(served: Any) -> PublishingDesk:
    """A penalty of 张三丰 that nobody has collected yet; a recording in its case."""
    desk = make_publishing_desk(served)
    desk.decide()
    recording = served.seal(served.station(desk.unit), b"footage" * 100)
    served.link(recording, desk.case, desk.officer.person)
    return desk


@pytest.fixture
def desk(decided: PublishingDesk) -> PublishingDesk:
    """The same, published and taken down."""
    decided.take_down(decided.publish(), "inaccurate", "内容有误")
    return decided


def asked(desk: PublishingDesk, **more: Any) -> dict[str, Any]:
    contact = str(desk.supervisor.person.id)
    form = {"question": "为什么罚张三丰？", "reason": "区融媒体中心来函", "contact_id": contact}
    return {**form, "contact_way": "023-6700 0000", **more}


def made(desk: PublishingDesk, by: Any = None, **more: Any) -> Any:
    assert desk.case is not None
    return (by or desk.publisher).post(f"/api/v1/cases/{desk.case.id}/dossiers", json=asked(desk, **more))


def checked(desk: PublishingDesk, item: Any) -> Any:
    return desk.reviewers[0].post(f"/api/v1/dossiers/{item['id']}/check")


def test_what_may_be_said_is_said_without_a_name_or_a_number_of_a_person(decided: PublishingDesk, served: Any) -> None:
    desk = decided
    answer = made(desk)
    assert answer.status_code == 201, answer.text
    item = answer.json()
    said = item["content"]
    (decision,) = said["decisions"]
    assert decision["content"].startswith("对张某某（身份证")
    assert (decision["amount_fen"], decision["standing"], decision["revoked"]) == (5_000, "unpublished", False)
    assert "张三丰" not in str(said)
    assert "500105199001011234" not in str(said)
    assert said["question"] == "为什么罚张某某？"
    assert item["question"] == "为什么罚张三丰？"
    assert said["publications"] == []
    assert (len(said["recordings"]), said["recordings_kept"]) == (1, 0)
    assert {"stage_entered", "decision_issued"} <= {each["kind"] for each in said["timeline"]}
    assert said["contact"] == {
        "name": desk.supervisor.person.name,
        "unit": "江城大队",
        "way": "023-6700 0000",
    }
    (entry,) = served.entries("case.dossier_made")
    assert (entry.data["sha256"], entry.data["ordinal"]) == (item["sha256"], 1)
    assert "张三丰" not in str(entry.data)


def standing_of(desk: PublishingDesk) -> tuple[str, str | None, str | None]:
    said = made(desk).json()["content"]
    (decision,) = said["decisions"]
    assert (decision["content"] is None) == (decision["measures"] is None) == (decision["amount_fen"] is None)
    for section in sections_of(said, "zh", NO_NAMES):
        assert section.title, section
    return decision["standing"], decision["ground"], decision["content"]


def test_of_a_decision_no_more_is_said_than_its_publication_says(decided: PublishingDesk) -> None:
    """In its public words while it is public; that it was taken down, and why, afterwards."""
    desk = decided
    publication = desk.publish(conclusion="罚款五十元")
    assert standing_of(desk) == ("published", None, "罚款五十元")
    desk.take_down(publication, "privacy", "涉及个人隐私")
    assert standing_of(desk) == ("taken_down", "privacy", None)
    said = made(desk).json()
    (shown,) = said["content"]["publications"]
    assert [each["step"] for each in shown["steps"]] == ["published", "taken_down"]
    assert shown["steps"][1]["reason"] == "涉及个人隐私"
    assert "五十元" not in str(said["content"])
    page = desk.publisher.get(f"/dossiers/{said['id']}", headers=CHINESE).text
    assert "已从公示中撤下（" in page
    assert "五十元" not in page
    again = {"former": publication["versions"][-1]["id"], "conclusion": "处以罚款", "reason": "更正"}
    stated = desk.officer.post(f"/api/v1/publications/{publication['id']}/versions", json=again)
    assert stated.status_code == 201, stated.text
    assert standing_of(desk) == ("taken_down", "privacy", None), "what is stated anew is not public yet"
    desk.go_through(stated.json())
    assert standing_of(desk) == ("published", None, "处以罚款")


def test_of_what_is_withheld_only_the_ground_is_said(decided: PublishingDesk) -> None:
    desk = decided
    ground = {"withhold_ground": "minor", "withhold_reason": "当事人张三丰未满十八周岁"}
    made_of = desk.officer.post(f"/api/v1/events/{desk.event}/publication", json=ground)
    assert made_of.status_code == 201, made_of.text
    assert standing_of(desk) == ("undecided", None, None), "nobody has settled it yet"
    publication = made_of.json()
    here, read = f"/api/v1/publications/{publication['id']}", {"version_id": publication["versions"][0]["id"]}
    for caller, step in ((desk.officer, "transmission"), *((each, "pass") for each in desk.reviewers)):
        assert caller.post(f"{here}/{step}", json=read).status_code == 200
    assert desk.publisher.post(f"{here}/withhold", json=read).status_code == 200
    assert standing_of(desk) == ("withheld", "minor", None)
    item = made(desk).json()
    (shown,) = item["content"]["publications"]
    assert (shown["state"], shown["ground"], shown["steps"]) == ("withheld", "minor", [])
    assert "未满十八周岁" not in str(item["content"]), "the reason is the house's"
    page = desk.publisher.get(f"/dossiers/{item['id']}", headers=CHINESE).text
    for said in ("依法不予公开（当事人是未成年人），内容不对外说明", "没有公示过：依法不予公开（当事人是未成年人）。"):
        assert said in page
    assert "五十元" not in page


def test_names_are_hidden_wherever_the_case_has_them(decided: PublishingDesk, served: Any) -> None:
    """In papers, on receipts, of who signed, came to see footage or handled it: they may stand in any free text."""
    desk, names = decided, ("李四光", "王五", "赵小六", "欧阳小月", "孙七", "周八")
    assert desk.case is not None
    question = f"{'、'.join(names)}和{desk.officer.person.name}怎么了？"
    before = made(desk, question=question).json()["content"]["question"]
    assert all(each in before for each in names), "else they would be hidden without a reason"
    assert desk.officer.person.name not in before
    written = names_where_a_case_has_them(desk, served)
    assert set(names) <= written
    said = made(desk, question=question).json()["content"]["question"]
    assert [each for each in names if each in said] == []
    assert said.startswith("李某某、王某、赵某某、欧阳某某、孙某、周某和")


def names_where_a_case_has_them(desk: PublishingDesk, served: Any) -> set[str]:
    """Rows as they come to be by other modules, each tried by its own tests; what they name."""
    case, officer = desk.case, desk.officer.person
    assert case is not None
    now = datetime.now(UTC)
    with served.database.transaction() as session:
        load_shipped_templates(session, now)
        template = next(each for each in session.scalars(select(DocumentTemplate)) if each.kind == "inquiry_record")
        shared = {"unit_id": case.unit_id, "case_id": case.id}
        document = Document(
            id=uuid.uuid4(),
            **shared,
            stage="investigation",
            kind="inquiry_record",
            issues_decision=False,
            template_id=template.id,
            begun_by=officer.id,
            begun_at=now,
        )
        text = DocumentText(
            id=uuid.uuid4(),
            **shared,
            document_id=document.id,
            ordinal=1,
            fields={"person": "李四光（当事人的邻居王五在场）", "employer": "某厂"},
            facts={},
            sha256=bytes(32),
            saved_by=officer.id,
            saved_at=now,
        )
        signature = DocumentSignature(
            id=uuid.uuid4(),
            **shared,
            document_id=document.id,
            text_id=text.id,
            role="party",
            name="赵小六",
            outcome="signed",
            signed_at=now,
            stated_by=officer.id,
            stated_at=now,
        )
        for row in (document, text, signature):
            session.add(row)
            session.flush()
        asked = AccessRequest(
            id=uuid.uuid4(),
            **shared,
            person_id=officer.id,
            kind="view",
            purpose="阅卷",
            who="lawyer",
            body_name="某律师事务所",
            visitor_name="孙七",
            visitor_document="律师证 1",
        )
        session.add(asked)
    link = next(iter(desk.auditor.get(f"/api/v1/cases/{case.id}").json()["links"]))
    service = {"method": "in_person", "document_number": "江综执〔2026〕1号", "addressee": "欧阳小月"}
    service |= {"receiver": "其妻周八签收", "recording_id": link["recording_id"], "served_at": now.isoformat()}
    answer = desk.officer.post(f"/api/v1/cases/{case.id}/services", json=service)
    assert answer.status_code == 201, answer.text
    with served.database.reading() as session:
        return set(names_in(session, case.id))


def test_a_name_is_found_among_what_people_write_around_it() -> None:
    for written, names in (
        ("张三丰（妻子李四代收）", {"张三丰", "李四"}),
        ("当事人张和平", {"张和平"}),
        ("社区网格员王五、门卫 赵六", {"王五", "赵六"}),
        ("买买提·阿不都拉", {"买买提·阿不都拉"}),
        ("Ivan Petrov 本人", {"Ivan Petrov"}),
        ("重庆某某商贸有限公司", set()),
        ("江北分局", set()),
        ("当事人的邻居王五在场", {"王五"}),
        ("本人", set()),
        ("", set()),
    ):
        assert set(persons_in(written)) == names, written


def test_a_second_person_checks_it_before_it_is_handed_on(desk: PublishingDesk, served: Any) -> None:
    """One of those who review what is published, alike: neither its maker, nor whoever has no such duty."""
    item = made(desk).json()
    pdf = f"/api/v1/dossiers/{item['id']}/pdf"
    assert (item["checked_by"], item["outdated"]) == (None, False)
    unchecked = desk.supervisor.get(pdf)
    assert (unchecked.status_code, unchecked.json()["type"]) == (409, "urn:liuhen:problem:dossier-unchecked")
    assert checked(desk, made(desk, desk.reviewers[0]).json()).json()["type"] == "urn:liuhen:problem:own-dossier"
    for caller, problem in ((desk.supervisor, "duty-lacking"), (desk.auditor, "duty-lacking"), (desk.officer, "role")):
        refused = caller.post(f"/api/v1/dossiers/{item['id']}/check")
        assert refused.status_code == 403, refused.text
        assert problem == "role" or refused.json()["type"].endswith(problem)
    for caller, shown in ((desk.reviewers[1], True), (desk.supervisor, False)):
        page = caller.get(f"/dossiers/{item['id']}", headers=CHINESE).text
        check_markup(page)
        assert ("复核通过" in page, "待复核" in page, pdf in page) == (shown, True, False)
    answer = checked(desk, item)
    assert answer.status_code == 200, answer.text
    assert answer.json()["checked_by"]["name"] == desk.reviewers[0].person.name
    (entry,) = served.entries("case.dossier_checked")
    assert (entry.data["dossier_id"], entry.actor_id) == (item["id"], str(desk.reviewers[0].person.id))
    assert checked(desk, item).json()["type"] == "urn:liuhen:problem:dossier-checked"
    assert desk.supervisor.get(pdf).status_code == 200
    page = desk.supervisor.get(f"/dossiers/{item['id']}", headers=CHINESE).text
    assert ("待复核" in page, pdf in page) == (False, True)


def test_what_has_changed_since_is_not_handed_on(decided: PublishingDesk) -> None:
    """Nor checked: what was taken down meanwhile would go on standing in the paper."""
    desk = decided
    publication = desk.publish()
    handed, waiting = made(desk).json(), made(desk).json()
    assert checked(desk, handed).status_code == 200
    desk.take_down(publication, "privacy", "涉及个人隐私")
    for answer in (desk.supervisor.get(f"/api/v1/dossiers/{handed['id']}/pdf"), checked(desk, waiting)):
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:liuhen:problem:dossier-outdated")
    page = desk.supervisor.get(f"/dossiers/{handed['id']}", headers=CHINESE).text
    check_markup(page)
    assert "请重新整理" in page
    assert "/pdf" not in page
    assert desk.supervisor.get(f"/api/v1/dossiers/{handed['id']}").json()["outdated"] is True


def test_nobody_who_worked_on_the_case_and_no_file_is_named(desk: PublishingDesk, served: Any) -> None:
    """But the contact, whom it names on purpose: all who have a name in the archive are looked for."""
    said = made(desk).json()["content"]
    said.pop("contact")
    with served.database.reading() as session:
        people = session.scalars(select(Person.name)).all()
        files = session.scalars(select(Recording.original_name)).all()
    assert {desk.officer.person.name, desk.supervisor.person.name, desk.publisher.person.name} <= set(people)
    assert len(files) == 1
    assert [each for each in (*people, *files) if each in str(said)] == []


def test_each_step_is_told_by_a_word_and_never_by_what_somebody_wrote(desk: PublishingDesk) -> None:
    without = {"identity_shown", "notice_given", "document_sealed"}
    assert set(SAID) - without <= set(DETAIL_WORDS)
    assert without.isdisjoint(DETAIL_WORDS), "they have none, or a title of their own"
    assert set(DETAIL_WORDS) <= set(TIMELINE_KINDS)
    assert set(DETAIL_WORDS.values()) <= set(TABLES)
    said = made(desk).json()["content"]
    for step in said["timeline"]:
        table = DETAIL_WORDS.get(step["kind"])
        assert step["detail"] is None if table is None else step["detail"] in TABLES[table], step
    said["timeline"].append({"at": said["timeline"][-1]["at"], "kind": "archived", "detail": "permanent"})
    (line,) = (each for each in sections_of(said, "zh", NO_NAMES) if each.title == "办理过程")
    assert [row[1:] for row in line.rows[-1:]] == [("已归档", "永久")]


def test_the_pdf_and_the_page_say_the_same(desk: PublishingDesk, tmp_path: Path) -> None:
    item = checked(desk, made(desk).json()).json()
    pdf = desk.auditor.get(f"/api/v1/dossiers/{item['id']}/pdf")
    assert pdf.status_code == 200, pdf.text
    assert pdf.content == desk.supervisor.get(f"/api/v1/dossiers/{item['id']}/pdf").content
    (tmp_path / "dossier.pdf").write_bytes(pdf.content)
    words = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "dossier.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    page = desk.publisher.get(f"/dossiers/{item['id']}", headers=CHINESE)
    assert page.status_code == 200, page.text
    check_markup(page.text)
    for said in ("张某某", "023-6700 0000", "办理过程", "法制审核", "内容有误", "公示：行政处罚决定（已撤下）"):
        assert said in page.text.replace("\n", ""), said
    for said in (
        "张某某",
        "023-6700 0000",
        "办理过程",
        "已从公示中撤下",
        "复核人",
        item["sha256"],
    ):
        assert said in words.replace("\n", ""), said
    assert "张三丰" not in words
    assert "区融媒体中心来函" not in words, "why it was made is for insiders"
    listed = desk.auditor.get(f"/cases/{item['case_id']}/dossiers", headers=CHINESE)
    assert listed.status_code == 200, listed.text
    check_markup(listed.text)
    assert desk.supervisor.get(f"/cases/{item['case_id']}", headers=CHINESE).text.count("舆情应对") == 1


def test_what_it_says_stays_when_things_go_on(desk: PublishingDesk) -> None:
    assert desk.case is not None
    first = made(desk).json()
    revoked = {"kind": "decision_revoked", "day": desk.today.isoformat()}
    assert desk.officer.post(f"/api/v1/cases/{desk.case.id}/events", json=revoked).status_code == 201
    second = made(desk).json()
    assert (second["ordinal"], second["content"]["revocations"]) == (2, [desk.today.isoformat()])
    assert second["content"]["decisions"][0]["revoked"] is True
    assert desk.auditor.get(f"/api/v1/dossiers/{first['id']}").json() == {**first, "outdated": True}
    listed = desk.auditor.get(f"/api/v1/cases/{desk.case.id}/dossiers").json()["items"]
    assert [each["ordinal"] for each in listed] == [2, 1]


def test_of_a_classified_case_only_what_was_published_is_said(desk: PublishingDesk, served: Any) -> None:
    assert desk.case is not None
    open_one = made(desk).json()
    with served.database.transaction() as session:
        state_secrecy(session, desk.supervisor.person, desk.case.id, "business_secret", None, licensed=True)
    for caller, ending in ((desk.publisher, ""), (desk.auditor, "/pdf")):
        assert caller.get(f"/api/v1/dossiers/{open_one['id']}{ending}").status_code == 403
    assert made(desk).status_code == 403, "the class keeps the case from publishers"
    item = made(desk, desk.supervisor).json()
    said = item["content"]
    assert set(said) == {"format", "secrecy_class", "publications", "question", "contact"}
    assert said["secrecy_class"] == "business_secret"
    (publication,) = said["publications"]
    assert [each["step"] for each in publication["steps"]] == ["published", "taken_down"]
    assert desk.case.number not in str(said)
    page = desk.supervisor.get(f"/dossiers/{item['id']}", headers=CHINESE).text
    check_markup(page)
    for title in ("撤销情况", "作出的决定", "办理过程", "立案日期"):
        assert title not in page
    assert checked(desk, item).status_code == 200
    assert desk.supervisor.get(f"/api/v1/dossiers/{item['id']}/pdf").status_code == 200
    with served.database.transaction() as session:
        state_secrecy(session, desk.supervisor.person, desk.case.id, "state_secret", None, licensed=True)
    assert made(desk, desk.supervisor).status_code == 403


def test_of_a_classified_case_nothing_is_said_of_what_never_was_public(decided: PublishingDesk, served: Any) -> None:
    desk = decided
    assert desk.case is not None
    collected = desk.officer.post(f"/api/v1/events/{desk.event}/publication", json={})
    assert collected.status_code == 201, collected.text
    with served.database.transaction() as session:
        state_secrecy(session, desk.supervisor.person, desk.case.id, "business_secret", None, licensed=True)
    said = made(desk, desk.supervisor).json()["content"]
    assert said["publications"] == [], "nobody outside knows that one is being prepared"


def test_the_contact_is_of_the_unit_and_a_reason_is_given(desk: PublishingDesk) -> None:
    outside = made(desk, contact_id=str(desk.stranger.person.id))
    assert (outside.status_code, outside.json()["type"]) == (422, "urn:liuhen:problem:contact-unfit")
    assert made(desk, contact_id=str(uuid.uuid4())).status_code == 422
    for empty in ("reason", "question", "contact_way"):
        assert made(desk, **{empty: " "}).status_code == 422
    assert made(desk, desk.officer).status_code == 403
    assert made(desk, desk.stranger).status_code in (403, 404)


def test_the_database_refuses_a_change_and_a_dossier_of_somebody_else(desk: PublishingDesk, served: Any) -> None:
    made(desk)
    made(desk, desk.reviewers[0])
    columns = "unit_id, case_id, question, reason, contact_id, contact_way, content, sha256"
    copied = (
        f"INSERT INTO dossier (id, ordinal, made_by, made_at, {columns}) "
        f"SELECT gen_random_uuid(), {{ordinal}}, {{by}}, now(), {columns} FROM dossier WHERE ordinal = 1"
    )
    check = "UPDATE dossier SET checked_by = {by}, checked_at = now()"
    checked_already = (
        f"INSERT INTO dossier (id, ordinal, made_by, made_at, checked_by, checked_at, {columns}) "
        f"SELECT gen_random_uuid(), 3, made_by, now(), '{desk.reviewers[1].person.id}', now(), {columns} "
        "FROM dossier WHERE ordinal = 1"
    )
    by_officer = f"'{desk.officer.person.id}'"
    for statement, said in (
        ("UPDATE dossier SET reason = 'x'", "permission denied"),
        (check.format(by="made_by") + " WHERE ordinal = 1", "whoever has the duty review"),
        (check.format(by=f"'{desk.supervisor.person.id}'"), "whoever has the duty review"),
        (f"UPDATE dossier SET checked_by = '{desk.reviewers[0].person.id}'", "ck_dossier_checked"),
        (checked_already, "a dossier is checked when it is made"),
        (check.format(by="made_by") + " WHERE ordinal = 2", "ck_dossier_checked_by_another"),
        ("DELETE FROM dossier", "permission denied"),
        (copied.format(ordinal=1, by="made_by"), "counted one by one"),
        (copied.format(ordinal=3, by=by_officer), "by a supervisor or publisher"),
    ):
        with pytest.raises(DatabaseError, match=said), served.database.transaction() as session:
            session.execute(text(statement))
