"""Stating what is hidden, checking it, asking for copies over HTTP; refusals say what to do, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from storage.catalog.redaction import RedactedCopy

BOX = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.2, "from_seconds": 1.5, "to_seconds": 4}
STREAMS = '[{"kind": "video", "codec": "h264"}, {"kind": "audio", "codec": "aac"}]'


@pytest.fixture
def shown(served: Any, scene: Any) -> Any:
    """The scene with a recording that is a film of ten seconds, which officer and supervisor are let view."""
    findings = f'{{"kind": "video", "streams": {STREAMS}}}'
    served.as_owner("UPDATE recording SET findings = %s::jsonb, media_state = 'opens', duration_seconds = 10", findings)
    deputy = served.signed_in(scene.unit, "supervisor")
    served.grant(scene.case, scene.officer.person, scene.supervisor.person)
    served.grant(scene.case, scene.supervisor.person, deputy.person)
    return scene


def stated(shown: Any, *boxes: Any, **more: Any) -> Any:
    form = {"boxes": list(boxes), "reason": "遮蔽面部", **more}
    return shown.officer.post(f"/api/v1/recordings/{shown.recording.id}/redactions", json=form)


def test_one_states_another_checks_and_a_copy_is_asked_for(served: Any, shown: Any) -> None:
    answer = stated(shown, BOX, mutes=[{"from_seconds": 2}])
    assert answer.status_code == 201, answer.text
    redaction = answer.json()
    assert redaction["boxes"] == [{**BOX, "style": "black"}]
    assert redaction["mutes"] == [{"from_seconds": 2.0, "to_seconds": None}]
    assert redaction["check"] is None
    assert served.entries("redaction.stated")[0].data["spans_sha256"] == redaction["spans_sha256"]
    check = f"/api/v1/redactions/{redaction['id']}/check"
    own = shown.officer.post(check, json={"verdict": "passed"})
    assert (own.status_code, own.json()["type"]) == (403, "urn:liuhen:problem:own-redaction")
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ["own_redaction"]
    grant = served.grant(shown.case, shown.officer.person, shown.supervisor.person, "copy")
    copies = f"/api/v1/cases/{shown.case.id}/copies"
    early = shown.officer.post(copies, json={"grant_id": str(grant.id)})
    assert early.status_code == 409
    assert "遮蔽尚待第二人核对" in early.json()["sentences"]["zh-CN"]
    passed = shown.supervisor.post(check, json={"verdict": "passed"})
    assert (passed.status_code, passed.json()["check"]["verdict"]) == (201, "passed")
    asked = shown.officer.post(copies, json={"grant_id": str(grant.id), "recordings": [str(shown.recording.id)]})
    assert asked.status_code == 202
    (copy,) = asked.json()["items"]
    assert (copy["state"], copy["being_made"], copy["file"]) == ("due", False, None)
    assert shown.officer.get(copies).json()["items"] == asked.json()["items"]
    missing = shown.officer.get(f"/api/v1/copies/{copy['id']}/file")
    assert (missing.status_code, missing.json()["type"]) == (409, "urn:liuhen:problem:copy-not-there")
    listed = shown.officer.get(f"/api/v1/recordings/{shown.recording.id}/redactions").json()["items"]
    assert [item["check"]["checked_by"]["name"] for item in listed] == [shown.supervisor.person.name]


@pytest.mark.parametrize(
    ("change", "chinese", "english"),
    [
        ({"left": 0.9}, "第 1 个方框超出画面", "outside the picture"),
        ({"width": 0}, "没有宽度或高度", "no width"),
        ({"to_seconds": 1}, "时间不对", "end after it begins"),
        ({"to_seconds": 30}, "超出记录的时长（10 秒）", "which lasts 10 s"),
        ({"style": "pixels"}, "涂黑（black）或模糊（blur）", "black nor blur"),
    ],
)
def test_a_box_that_cannot_be_is_refused_in_words(shown: Any, change: Any, chinese: str, english: str) -> None:
    answer = stated(shown, {**BOX, **change})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:liuhen:problem:redaction")
    assert chinese in answer.json()["sentences"]["zh-CN"]
    assert english in answer.json()["sentences"]["en"]


def test_a_film_without_picture_without_sound_or_without_either_says_so(served: Any, shown: Any) -> None:
    for findings, form, chinese in (
        ('{"kind": "audio", "streams": [{"kind": "audio"}]}', {"boxes": [BOX]}, "没有画面，只能设定静音"),
        ('{"kind": "video", "streams": [{"kind": "video"}]}', {"mutes": [{}]}, "没有声音，只能设定方框"),
        ('{"kind": "none", "streams": []}', {"boxes": [BOX]}, "没有可以解码的画面或声音"),
    ):
        served.as_owner("UPDATE recording SET findings = %s::jsonb", findings)
        answer = stated(shown, **form)
        assert answer.status_code in (409, 422)
        assert chinese in answer.json()["sentences"]["zh-CN"]


def test_whoever_is_not_let_view_it_neither_states_nor_checks(served: Any, shown: Any) -> None:
    stranger = served.signed_in(shown.unit, "officer")
    form = {"boxes": [BOX], "reason": "x"}
    refused = stranger.post(f"/api/v1/recordings/{shown.recording.id}/redactions", json=form)
    assert (refused.status_code, refused.json()["reason"]) == (403, "no_grant")
    redaction = stated(shown, BOX).json()
    refused = stranger.post(f"/api/v1/redactions/{redaction['id']}/check", json={"verdict": "passed"})
    assert (refused.status_code, refused.json()["reason"]) == (403, "no_grant")


def test_a_copy_is_sent_whole_after_its_entry_to_whoever_asked(served: Any, shown: Any) -> None:
    """Sealed as a media worker seals it; made of other bytes here."""
    redaction = stated(shown, BOX).json()
    shown.supervisor.post(f"/api/v1/redactions/{redaction['id']}/check", json={"verdict": "passed"})
    grant = served.grant(shown.case, shown.officer.person, shown.supervisor.person, "copy")
    shown.officer.post(f"/api/v1/cases/{shown.case.id}/copies", json={"grant_id": str(grant.id)})
    content = served.store_copy(b"an mp4, say" * 100_000)
    (copy,) = shown.officer.get(f"/api/v1/cases/{shown.case.id}/copies").json()["items"]
    assert copy["state"] == "done"
    timeline = shown.officer.get(f"/api/v1/cases/{shown.case.id}/timeline").json()["items"]
    told = {item["kind"]: item["subject_id"] for item in timeline if item["kind"].startswith("copy_")}
    assert told == {"copy_asked": copy["id"], "copy_made": copy["id"]}
    fetched = shown.officer.get(copy["file"])
    assert (fetched.status_code, fetched.content) == (200, content)
    assert fetched.headers["content-type"] == "video/mp4"
    assert "-redacted.mp4" in fetched.headers["content-disposition"]
    (sent,) = served.entries("copy.sent")
    assert sent.data == {"copy_id": copy["id"], "grant_id": str(grant.id)}
    others = shown.supervisor.get(copy["file"])
    assert (others.status_code, others.json()["reason"]) == (403, "not_yours")
    shown.supervisor.post(f"/api/v1/grants/{grant.id}/revoke", json={"reason": "误批"})
    assert shown.officer.get(copy["file"]).json()["reason"] == "revoked"
    with served.database.reading() as session:
        row = session.scalars(select(RedactedCopy)).one()
        assert row.made_at is not None
        assert row.made_at <= datetime.now(UTC)


def test_copies_of_a_classified_case_are_listed_to_those_whom_its_class_lets_in(served: Any, shown: Any) -> None:
    redaction = stated(shown, BOX).json()
    shown.supervisor.post(f"/api/v1/redactions/{redaction['id']}/check", json={"verdict": "passed"})
    grant = served.grant(shown.case, shown.officer.person, shown.supervisor.person, "copy")
    copies = f"/api/v1/cases/{shown.case.id}/copies"
    shown.officer.post(copies, json={"grant_id": str(grant.id)})
    served.as_owner("UPDATE redacted_copy SET outcome = 'processor: x', settings = '[\"-an\"]'")
    other, auditor = served.signed_in(shown.unit, "officer"), served.signed_in(shown.unit, "auditor")
    for caller, told in ((shown.officer, True), (auditor, True), (other, False), (shown.supervisor, False)):
        (copy,) = caller.get(copies).json()["items"]
        expected = ("processor: x", ["-an"]) if told else (None, None)
        assert (copy["outcome"], copy["settings"]) == expected
    page = f"/cases/{shown.case.id}"
    assert "processor: x" in shown.officer.get(page).text
    assert "processor: x" not in shown.supervisor.get(page).text
    stricter = shown.officer.post(f"/api/v1/cases/{shown.case.id}/secrecy", json={"secrecy_class": "business_secret"})
    assert stricter.status_code == 201, stricter.text
    for caller in (other, auditor):
        assert caller.get(copies).json()["items"] == []
    assert len(shown.supervisor.get(copies).json()["items"]) == 1


def test_a_copy_that_hides_what_was_to_be_hidden_before_is_outdated(served: Any, shown: Any) -> None:
    redaction = stated(shown, BOX).json()
    shown.supervisor.post(f"/api/v1/redactions/{redaction['id']}/check", json={"verdict": "passed"})
    grant = served.grant(shown.case, shown.officer.person, shown.supervisor.person, "copy")
    copies = f"/api/v1/cases/{shown.case.id}/copies"
    shown.officer.post(copies, json={"grant_id": str(grant.id)})
    served.store_copy(b"an mp4, say" * 1000)
    (copy,) = shown.officer.get(copies).json()["items"]
    assert (copy["state"], copy["file"]) == ("done", f"/api/v1/copies/{copy['id']}/file")
    assert stated(shown, BOX, BOX).status_code == 201
    (copy,) = shown.officer.get(copies).json()["items"]
    assert (copy["state"], copy["file"]) == ("outdated", None)
    assert shown.officer.get(f"/api/v1/copies/{copy['id']}/file").status_code == 409
