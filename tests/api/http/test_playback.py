"""Footage over HTTP: under a grant that holds, after its entry, byte for byte; refused otherwise, and entered."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

import api.http.asking_again
import api.http.playback
import api.http.sending
import casework.playback
import casework.standing_window
from casework.archiving.secrecy import state_secrecy
from casework.requests import revoke
from storage.catalog.access import PlaybackWindow

WINDOWED = (casework.playback, api.http.playback, casework.standing_window)
SEGMENT = (1 << 20) - 16  # plaintext in one segment; the first holds 40 bytes less


def original(scene: Any) -> str:
    return f"/api/v1/recordings/{scene.recording.id}/original"


def consented(served: Any, scene: Any, **more: Any) -> Any:
    """The officer's grant to have originals, with the approver's consent."""
    return served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy", **more)


def viewing(served: Any, scene: Any) -> Any:
    return served.grant(scene.case, scene.officer.person, scene.supervisor.person, "view")


@pytest.fixture
def granted(served: Any, scene: Any) -> Any:
    consented(served, scene)
    return scene


RANGES = {
    "from the start": ("bytes=0-", 0, None),
    "first byte": ("bytes=0-0", 0, 1),
    "middle": ("bytes=1000-2000", 1000, 2001),
    "suffix": ("bytes=-5", -5, None),
    "suffix longer than the file": ("bytes=-99999999", 0, None),
    "last byte": ("bytes=2999999-", -1, None),
    "past the end": ("bytes=2999990-99999999", -10, None),
    "over the first boundary of segments": (f"bytes={SEGMENT - 41}-{SEGMENT - 39}", SEGMENT - 41, SEGMENT - 38),
    "over the second": (f"bytes={2 * SEGMENT - 41}-{2 * SEGMENT - 39}", 2 * SEGMENT - 41, 2 * SEGMENT - 38),
    "up to a boundary": (f"bytes=5-{SEGMENT - 41}", 5, SEGMENT - 40),
}


def test_ranges_give_the_very_bytes_of_the_original(granted: Any) -> None:
    size = len(granted.content)
    for name, (header, first, end) in RANGES.items():
        answer = granted.officer.get(original(granted), headers={"Range": header})
        expected = granted.content[first:end]
        assert answer.status_code == 206, name
        assert answer.content == expected, name
        start = first if first >= 0 else size + first
        assert answer.headers["content-range"] == f"bytes {start}-{start + len(expected) - 1}/{size}", name
        assert answer.headers["content-length"] == str(len(expected)), name


def test_without_a_range_all_of_it_comes_as_a_download(granted: Any) -> None:
    answer = granted.officer.get(original(granted))
    assert answer.status_code == 200
    assert answer.content == granted.content
    assert answer.headers["etag"] == f'"{granted.recording.sha256.hex()}"'
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''AB00001_")


def test_a_range_outside_is_416_and_opens_no_window(served: Any, granted: Any) -> None:
    for header in ("bytes=3000000-", "bytes=9999999-99999999", "bytes=-0"):
        answer = granted.officer.get(original(granted), headers={"Range": header})
        assert answer.status_code == 416, header
        assert answer.headers["content-range"] == "bytes */3000000"
        assert answer.headers["content-type"] == "application/problem+json"
    assert served.entries("playback.window_opened") == []


def test_what_is_no_single_range_of_bytes_is_ignored(granted: Any) -> None:
    for header in ("bytes=5-2", "bytes=0-1,5-9", "items=0-1", "bytes=-", "bytes=" + "9" * 5000 + "-"):
        answer = granted.officer.get(original(granted), headers={"Range": header})
        assert answer.status_code == 200, header[:20]
        assert answer.content == granted.content


def test_head_tells_size_and_digest_and_opens_no_window(served: Any, granted: Any) -> None:
    answer = granted.officer.head(original(granted))
    assert answer.status_code == 200
    assert answer.headers["content-length"] == "3000000"
    assert answer.headers["etag"] == f'"{granted.recording.sha256.hex()}"'
    part = granted.officer.head(original(granted), headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    assert served.entries("playback.window_opened") == []


def test_conditions_are_answered_as_http_says(granted: Any) -> None:
    tag = f'"{granted.recording.sha256.hex()}"'
    same = granted.officer.get(original(granted), headers={"Range": "bytes=0-9", "If-Range": tag})
    other = granted.officer.get(original(granted), headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    known = granted.officer.get(original(granted), headers={"If-None-Match": tag})
    assert (same.status_code, other.status_code, known.status_code) == (206, 200, 304)
    assert known.content == b""


def test_many_ranges_fall_into_one_window_and_all_that_left_is_noted(served: Any, granted: Any) -> None:
    for start in range(0, 100_000, 10_000):
        granted.officer.get(original(granted), headers={"Range": f"bytes={start}-{start + 9_999}"})
    (entry,) = served.entries("playback.window_opened")
    assert entry.actor_id == str(granted.officer.person.id)
    assert (entry.data["first_byte"], entry.data["last_byte"]) == (0, 2_999_999)
    assert served.wait_for_sent(100_000) == 100_000


def test_a_range_over_two_windows_opens_each_when_its_bytes_are_due(
    served: Any, granted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in WINDOWED:
        monkeypatch.setattr(module, "WINDOW_BYTES", 1 << 20)
    answer = granted.officer.get(original(granted), headers={"Range": "bytes=1000000-2200000"})
    assert answer.content == granted.content[1_000_000:2_200_001]
    spans = [entry.data["first_byte"] for entry in served.entries("playback.window_opened")]
    assert spans == [0, 1 << 20, 2 << 20]
    assert served.wait_for_sent(1_200_001) == 1_200_001


def test_a_grant_revoked_during_a_download_stops_it_at_the_next_window(
    served: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in WINDOWED:
        monkeypatch.setattr(module, "WINDOW_BYTES", 1 << 20)
    grant = consented(served, scene)
    whole = api.http.playback.reopen

    def revoke_first(*arguments: Any, **named: Any) -> Any:
        with served.database.transaction() as session:
            revoke(session, scene.supervisor.person, grant.id, "误批")
        return whole(*arguments, **named)

    monkeypatch.setattr(api.http.playback, "reopen", revoke_first)
    received = read_raw(served, scene.officer, original(scene))
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-length: 3000000" in head.lower()
    assert body == scene.content[: 1 << 20]
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ["revoked"]


def test_a_grant_revoked_within_a_window_stops_the_download_soon(
    served: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.http.asking_again, "ASK_AGAIN_SECONDS", 0.0)
    grant = consented(served, scene)
    whole = api.http.playback.still_granted

    def revoke_first(*arguments: Any) -> None:
        with served.database.transaction() as session:
            revoke(session, scene.supervisor.person, grant.id, "误批")
        whole(*arguments)

    monkeypatch.setattr(api.http.playback, "still_granted", revoke_first)
    _, _, body = read_raw(served, scene.officer, original(scene)).partition(b"\r\n\r\n")
    assert len(body) <= api.http.sending.PIECE_BYTES
    assert scene.content.startswith(body)
    (entry,) = served.entries("access.denied")
    assert (entry.data["reason"], entry.data["object_name"]) == ("revoked", scene.recording.object_name)


def test_no_byte_leaves_when_the_entry_cannot_be_committed(
    served: Any, granted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the ledger's row cannot be written")

    opened: list[str] = []
    whole = served.archive.store.open
    monkeypatch.setattr(served.archive.store, "open", lambda name: opened.append(name) or whole(name))
    monkeypatch.setattr(casework.playback, "record_change", fail)
    answer = granted.officer.get(original(granted))
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert [name for name in opened if not name.startswith("ledger/")] == []
    with served.database.reading() as session:
        assert session.scalars(select(PlaybackWindow)).all() == []


def test_no_byte_leaves_when_the_commit_itself_fails(served: Any, granted: Any) -> None:
    served.as_owner("""
        CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'no room' USING ERRCODE = 'disk_full'; END $$;
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON playback_window DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION refuse_commit();
    """)
    answer = granted.officer.get(original(granted), headers={"Range": "bytes=0-9"})
    assert answer.status_code >= 500
    assert granted.content[:10] not in answer.content
    assert served.entries("playback.window_opened") == []


def test_altered_footage_is_not_sent(served: Any, granted: Any) -> None:
    path = served.archive.store.root / granted.recording.object_name
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    answer = granted.officer.get(original(granted), headers={"Range": "bytes=0-9"})
    assert answer.status_code == 500
    assert answer.json()["type"] == "urn:liuhen:problem:altered"
    # The later segments are as they were sealed, and are still shown.
    later = granted.officer.get(original(granted), headers={"Range": "bytes=2500000-2500009"})
    assert later.content == granted.content[2_500_000:2_500_010]


def test_footage_altered_further_on_ends_short(served: Any, granted: Any) -> None:
    path = served.archive.store.root / granted.recording.object_name
    content = bytearray(path.read_bytes())
    content[2_500_000] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)
    _, _, body = read_raw(served, granted.officer, original(granted)).partition(b"\r\n\r\n")
    assert len(body) < len(granted.content)
    assert granted.content.startswith(body)


def test_a_client_that_goes_away_is_noted_with_what_it_got(served: Any, scene_of: Callable[[bytes], Any]) -> None:
    scene = scene_of(b"\x5a" * (24 << 20))
    consented(served, scene)
    connection = connect(served, scene.officer, original(scene))
    connection.recv(100_000)
    connection.close()
    assert 100_000 <= served.wait_for_sent(1) < len(scene.content)


# Refusals


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


def test_renditions_are_shown_in_place_and_unknown_ones_are_not_found(served: Any, granted: Any) -> None:
    content = bytes(range(256)) * 5000
    viewing(served, granted)
    served.copy(granted.recording, "proxy", content, "video/mp4")
    base = f"/api/v1/recordings/{granted.recording.id}/renditions"
    answer = granted.officer.get(f"{base}/proxy", headers={"Range": "bytes=256-511"})
    assert answer.status_code == 206
    assert answer.content == bytes(range(256))
    assert answer.headers["content-type"] == "video/mp4"
    assert "content-disposition" not in answer.headers
    assert granted.officer.get(f"{base}/sprite").status_code == 404
    assert granted.supervisor.get(f"{base}/sprite").status_code == 403


def test_a_program_with_a_token_plays_under_the_grant_of_whom_it_acts_for(served: Any, granted: Any) -> None:
    program = served.program(granted.officer.person)
    assert program.get(original(granted), headers={"Range": "bytes=0-9"}).content == granted.content[:10]


def test_a_grant_that_ends_soon_gives_no_window_beyond_it(served: Any, scene: Any) -> None:
    grant = consented(served, scene, lasting=timedelta(seconds=60))
    assert scene.officer.get(original(scene), headers={"Range": "bytes=0-9"}).status_code == 206
    with served.database.reading() as session:
        (window,) = session.scalars(select(PlaybackWindow)).all()
        assert window.expires_at == grant.expires_at


def connect(served: Any, who: Any, path: str) -> socket.socket:
    host, port = served.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    cookie = "; ".join(f"{name}={value}" for name, value in who.cookies.items())
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n\r\n".encode())
    return connection


def read_raw(served: Any, who: Any, path: str) -> bytes:
    """Everything the server sends until it closes the connection, whatever Content-Length promised."""
    received = bytearray()
    with connect(served, who, path) as connection:
        connection.settimeout(10)
        while piece := connection.recv(1 << 16):
            received += piece
    return bytes(received)
