"""Who may play what, and what a refusal leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from casework.archiving.secrecy import state_secrecy
from tests.api.http.playback.viewing import consented, original, viewing


def refuse_no_grant(served: Any, scene: Any) -> Any:
    return scene.officer


def refuse_other_unit(served: Any, scene: Any) -> Any:
    other = served.unit("江北")
    stranger, chief = served.person(other, "officer"), served.person(other, "supervisor")
    served.grant(served.case(stranger), stranger, chief)
    return served.browser(stranger)


def refuse_expired(served: Any, scene: Any) -> Any:
    consented(served, scene), viewing(served, scene)
    served.as_owner("UPDATE access_grant SET granted_at = now() - interval '2 hours', expires_at = now()")
    return scene.officer


def refuse_revoked(served: Any, scene: Any) -> Any:
    for grant in (consented(served, scene), viewing(served, scene)):
        answer = scene.supervisor.post(f"/api/v1/grants/{grant.id}/revoke", json={"reason": "误批"})
        assert answer.status_code == 200
    return scene.officer


def refuse_unlinked(served: Any, scene: Any) -> Any:
    consented(served, scene), viewing(served, scene)
    (link,) = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}").json()["links"]
    answer = scene.officer.request("DELETE", f"/api/v1/links/{link['id']}", json={"reason": "归错"})
    assert answer.status_code == 200
    return scene.officer


REFUSALS = {
    "no_grant": refuse_no_grant,
    "other_unit": refuse_other_unit,
    "expired": refuse_expired,
    "revoked": refuse_revoked,
    "not_linked": refuse_unlinked,
}


@pytest.mark.parametrize("reason", REFUSALS)
def test_a_refused_playback_is_a_problem_and_an_entry(served: Any, scene: Any, reason: str) -> None:
    who = REFUSALS[reason](served, scene)
    told = ["consent_needed" if reason == "no_grant" else reason, reason]
    proxy = f"/api/v1/recordings/{scene.recording.id}/renditions/proxy"
    for address, expected in zip((original(scene), proxy), told, strict=True):
        answer = who.get(address, headers={"Range": "bytes=0-9"})
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["reason"] == expected
    entries = served.entries("access.denied")
    assert [(entry.actor_id, entry.data["reason"]) for entry in entries] == [
        (str(who.person.id), each) for each in told
    ]
    assert entries[0].subject_id == str(scene.recording.id)
    assert entries[0].data["object_name"] == scene.recording.object_name
    assert served.entries("playback.window_opened") == []


def end_by_revoking(served: Any, scene: Any, grant: Any) -> str:
    scene.supervisor.post(f"/api/v1/grants/{grant.id}/revoke", json={"reason": "误批"})
    return "revoked"


def end_by_time(served: Any, scene: Any, grant: Any) -> str:
    served.as_owner("UPDATE access_grant SET granted_at = now() - interval '2 hours', expires_at = now()")
    return "expired"


def end_by_unlinking(served: Any, scene: Any, grant: Any) -> str:
    (link,) = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}").json()["links"]
    scene.officer.request("DELETE", f"/api/v1/links/{link['id']}", json={"reason": "归错"})
    return "not_linked"


def end_by_moving_the_person(served: Any, scene: Any, grant: Any) -> str:
    unit_id, person_id = served.unit("江北").id, scene.officer.person.id
    served.as_owner("UPDATE person SET unit_id = %s WHERE id = %s", unit_id, person_id)
    # A session of before would let nobody in.
    served.as_owner("UPDATE sign_in_session SET unit_id = %s WHERE person_id = %s", unit_id, person_id)
    return "other_unit"


@pytest.mark.parametrize("end", [end_by_revoking, end_by_time, end_by_unlinking, end_by_moving_the_person])
def test_an_open_window_is_worth_nothing_once_its_grant_is_not(
    served: Any, scene: Any, end: Callable[..., str]
) -> None:
    grant = consented(served, scene)
    for _ in range(2):
        assert scene.officer.get(original(scene), headers={"Range": "bytes=0-9"}).status_code == 206
    assert len(served.entries("playback.window_opened")) == 1
    reason = end(served, scene, grant)
    answer = scene.officer.get(original(scene), headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.json().get("reason")) == (403, reason)
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == [reason]


def test_a_grant_to_copy_is_none_to_view(served: Any, granted: Any) -> None:
    served.copy(granted.recording, "proxy", b"a proxy, say", "video/mp4")
    answer = granted.officer.get(f"/api/v1/recordings/{granted.recording.id}/renditions/proxy")
    assert (answer.status_code, answer.json()["reason"]) == (403, "no_grant")


@pytest.mark.parametrize("copies", [False, True], ids=["view alone", "redacted copies too"])
def test_no_original_leaves_without_the_approver_s_consent(served: Any, scene: Any, copies: bool) -> None:
    """Neither a byte nor its digest, though he is let view the recording, and have redacted copies of it."""
    served.copy(scene.recording, "proxy", b"a proxy, say", "video/mp4")
    viewing(served, scene)
    if copies:
        served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy", redacted=True)
    shown = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}/renditions/proxy")
    assert (shown.status_code, shown.content) == (200, b"a proxy, say")
    for headers in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": "*"}):
        answer = scene.officer.get(original(scene), headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (403, "consent_needed")
        assert scene.content[:10] not in answer.content
        assert "etag" not in answer.headers
    sentences = answer.json()["sentences"]
    assert "批准人明确同意" in sentences["zh-CN"]
    assert "express consent" in sentences["en"]
    assert scene.officer.head(original(scene)).status_code == 403
    denied = [(entry.data["reason"], entry.data["object_name"]) for entry in served.entries("access.denied")]
    assert denied == [("consent_needed", scene.recording.object_name)] * 4
    (opened,) = served.entries("playback.window_opened")
    assert opened.data["object_name"] != scene.recording.object_name
    consented(served, scene)
    assert scene.officer.get(original(scene)).content == scene.content


def test_a_class_that_is_never_copied_ends_originals_and_leaves_the_view(served: Any, granted: Any) -> None:
    served.copy(granted.recording, "proxy", b"a proxy, say", "video/mp4")
    viewing(served, granted)
    address = f"/api/v1/cases/{granted.case.id}"
    named = granted.officer.post(f"{address}/officers", json={"person_id": str(granted.officer.person.id)})
    assert named.status_code == 201
    assert granted.officer.get(original(granted)).status_code == 200
    with served.database.transaction() as session:
        state_secrecy(session, granted.officer.person, granted.case.id, "state_secret", licensed=True)
    refused = granted.officer.get(original(granted))
    assert (refused.status_code, refused.json()["reason"]) == (403, "never_copied")
    assert granted.officer.get(f"/api/v1/recordings/{granted.recording.id}/renditions/proxy").status_code == 200


def test_nobody_gets_in_without_signing_in_and_no_entry_is_made_of_it(served: Any, scene: Any) -> None:
    answer = served.caller().get(original(scene))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert served.entries("access.denied") == []
    assert 'liuhen_anonymous_refusals_total{process="' in served.caller().get("/metrics").text


def test_a_program_with_a_token_plays_under_the_grant_of_whom_it_acts_for(served: Any, granted: Any) -> None:
    program = served.program(granted.officer.person)
    assert program.get(original(granted), headers={"Range": "bytes=0-9"}).content == granted.content[:10]
