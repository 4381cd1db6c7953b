"""Dossiers for public questions over HTTP: what may be said of a case, masked, kept, and never more than that."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from api.words.dossiers import sections_of
from api.words.tables import TABLES
from casework.archiving.secrecy import state_secrecy
from casework.dossiers.contents import SAID
from casework.timeline import DETAIL_WORDS, TIMELINE_KINDS
from storage.catalog.organisation import Person
from storage.catalog.recordings import Recording
from storage.ledger.append import Actor
from tests.api.http.publishing import PublishingDesk, make_publishing_desk
from tests.api.pages.test_every_page import check_markup

CHINESE = {"Accept-Language": "zh-CN"}
OPERATOR = Actor.system("admin")


@pytest.fixture
def desk(served: Any) -> PublishingDesk:
    """A penalty of 张三丰 that was published and taken down; a recording in its case."""
    desk = make_publishing_desk(served)
    desk.decide()
    publication = desk.publish()
    desk.take_down(publication, "inaccurate", "内容有误")
    recording = served.seal(served.station(desk.unit), b"footage" * 100)
    served.link(recording, desk.case, desk.officer.person)
    return desk


def asked(desk: PublishingDesk, **more: Any) -> dict[str, Any]:
    contact = str(desk.supervisor.person.id)
    form = {"question": "为什么罚张三丰？", "reason": "区融媒体中心来函", "contact_id": contact}
    return {**form, "contact_way": "023-6700 0000", **more}


def made(desk: PublishingDesk, by: Any = None, **more: Any) -> Any:
    assert desk.case is not None
    return (by or desk.publisher).post(f"/api/v1/cases/{desk.case.id}/dossiers", json=asked(desk, **more))


def test_what_may_be_said_is_said_without_a_name_or_a_number_of_a_person(desk: PublishingDesk, served: Any) -> None:
    answer = made(desk)
    assert answer.status_code == 201, answer.text
    item = answer.json()
    said = item["content"]
    (decision,) = said["decisions"]
    assert decision["content"].startswith("对张某某（身份证")
    assert (decision["amount_fen"], decision["revoked"]) == (5_000, False)
    assert "张三丰" not in str(said)
    assert "500105199001011234" not in str(said)
    assert said["question"] == "为什么罚张某某？"
    assert item["question"] == "为什么罚张三丰？"
    (publication,) = said["publications"]
    assert [each["step"] for each in publication["steps"]] == ["published", "taken_down"]
    assert publication["steps"][1]["reason"] == "内容有误"
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
    (line,) = (each for each in sections_of(said, "zh", {}) if each.title == "办理过程")
    assert [row[1:] for row in line.rows[-1:]] == [("已归档", "永久")]


def test_the_pdf_and_the_page_say_the_same(desk: PublishingDesk, tmp_path: Path) -> None:
    item = made(desk).json()
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
    for said in ("张某某", "023-6700 0000", "办理过程", item["sha256"]):
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
    assert desk.auditor.get(f"/api/v1/dossiers/{first['id']}").json() == first
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
    said = made(desk, desk.supervisor).json()["content"]
    assert {"decisions", "documents", "acts", "recordings", "timeline"} & set(said) == set()
    assert (said["case"]["title"], said["secrecy_class"]) == (None, "business_secret")
    assert len(said["publications"]) == 1
    with served.database.transaction() as session:
        state_secrecy(session, desk.supervisor.person, desk.case.id, "state_secret", None, licensed=True)
    assert made(desk, desk.supervisor).status_code == 403


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
    columns = "unit_id, case_id, question, reason, contact_id, contact_way, content, sha256"
    copied = (
        f"INSERT INTO dossier (id, ordinal, made_by, made_at, {columns}) "
        f"SELECT gen_random_uuid(), {{ordinal}}, {{by}}, now(), {columns} FROM dossier"
    )
    by_officer = f"'{desk.officer.person.id}'"
    for statement, said in (
        ("UPDATE dossier SET reason = 'x'", "permission denied"),
        ("DELETE FROM dossier", "permission denied"),
        (copied.format(ordinal=1, by="made_by"), "counted one by one"),
        (copied.format(ordinal=2, by=by_officer), "by a supervisor or publisher"),
    ):
        with pytest.raises(DatabaseError, match=said), served.database.transaction() as session:
            session.execute(text(statement))
