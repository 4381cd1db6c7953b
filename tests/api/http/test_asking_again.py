"""An answer that takes its time ends where whoever gets it may have it no more: of every route, never as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

import api.http.asking_again
import api.http.pace
from api.credentials import hash_secret
from api.http.app import make_framework
from api.http.sessions import SESSION_COOKIE
from storage.database import Database
from tests.api.http.boundary_scene import Bounds
from tests.api.http.playback.viewing import connect, consented, original, viewing
from tests.api.http.test_boundaries import ATTEMPTS, ROWS, Row
from tests.api.http.test_redaction import BOX, STREAMS

FILM = b"\x5a" * (24 << 20)
NEEDS_A_GRANT = {
    "/api/v1/recordings/{recording_id}/original",
    "/api/v1/recordings/{recording_id}/renditions/{name}",
    "/api/v1/exports/{export_id}/package",
    "/api/v1/copies/{copy_id}/file",
}


# Each way to what is large, and the grant that it needs: each gives the address, and the grant's id.


def of_original(served: Any, scene: Any) -> tuple[str, Any]:
    return original(scene), consented(served, scene).id


def of_rendition(served: Any, scene: Any) -> tuple[str, Any]:
    served.copy(scene.recording, "proxy", FILM, "video/mp4")
    return f"/api/v1/recordings/{scene.recording.id}/renditions/proxy", viewing(served, scene).id


def of_package(served: Any, scene: Any) -> tuple[str, Any]:
    grant = consented(served, scene)
    made = scene.officer.post(f"/api/v1/cases/{scene.case.id}/exports", json={"grant_id": str(grant.id)})
    return made.json()["package"], grant.id


def of_redacted_copy(served: Any, scene: Any) -> tuple[str, Any]:
    findings = f'{{"kind": "video", "streams": {STREAMS}}}'
    served.as_owner("UPDATE recording SET findings = %s::jsonb, media_state = 'opens', duration_seconds = 10", findings)
    viewing(served, scene)
    deputy = served.signed_in(scene.unit, "supervisor")
    served.grant(scene.case, scene.supervisor.person, deputy.person)
    form = {"boxes": [BOX], "reason": "遮蔽面部"}
    redaction = scene.officer.post(f"/api/v1/recordings/{scene.recording.id}/redactions", json=form).json()
    checked = scene.supervisor.post(f"/api/v1/redactions/{redaction['id']}/check", json={"verdict": "passed"})
    assert checked.is_success, checked.text
    grant = served.grant(scene.case, scene.officer.person, scene.supervisor.person, "copy", redacted=True)
    asked = scene.officer.post(f"/api/v1/cases/{scene.case.id}/copies", json={"grant_id": str(grant.id)})
    served.store_copy(FILM)
    return f"/api/v1/copies/{asked.json()['items'][0]['id']}/file", grant.id


def sign_out(served: Any, scene: Any, grant_id: Any) -> None:
    assert scene.officer.delete("/api/v1/session").is_success


def be_blocked(served: Any, scene: Any, grant_id: Any) -> None:
    administrator = served.signed_in(scene.unit, "administrator")
    address = f"/api/v1/people/{scene.officer.person.id}/deactivate"
    assert administrator.post(address, json={"reason": "调离"}).is_success


def lose_the_role(served: Any, scene: Any, grant_id: Any) -> None:
    administrator = served.signed_in(scene.unit, "administrator")
    answer = administrator.post(f"/api/v1/people/{scene.officer.person.id}/role", json={"role": "publisher"})
    assert answer.is_success, answer.text


def lose_the_grant(served: Any, scene: Any, grant_id: Any) -> None:
    assert scene.supervisor.post(f"/api/v1/grants/{grant_id}/revoke", json={"reason": "误批"}).is_success


WAYS = (of_original, of_rendition, of_package, of_redacted_copy)
ENDS = [
    *((make, end) for make in WAYS for end in (sign_out, lose_the_grant)),
    *((of_package, end) for end in (be_blocked, lose_the_role)),
]


@pytest.mark.parametrize(("make", "end"), ENDS)
def test_what_is_being_sent_ends_soon_after_whoever_gets_it_may_have_it_no_more(
    served: Any,
    scene_of: Callable[[bytes], Any],
    make: Callable[[Any, Any], tuple[str, Any]],
    end: Callable[[Any, Any, Any], None],
) -> None:
    scene = scene_of(FILM)
    address, grant_id = make(served, scene)
    cookie = "; ".join(f"{name}={value}" for name, value in scene.officer.cookies.items())
    with connect(served, scene.officer, address) as connection:
        connection.settimeout(10)
        received = len(connection.recv(100_000))
        end(served, scene, grant_id)
        ended_at = time.monotonic()
        # As a player takes it: what it costs is time, and not what the socket holds.
        while piece := connection.recv(1 << 16):
            received += len(piece)
            time.sleep(0.01)
        took = time.monotonic() - ended_at
    assert took < api.http.asking_again.ASK_AGAIN_SECONDS + 5  # asking, and being heard, takes time of its own
    # Less than the length that was promised.
    assert received < len(FILM)
    if end is not lose_the_role:  # in another role he asks anew, and has his grant
        again = served.caller(Cookie=cookie).get(address, headers={"Range": "bytes=0-9"})
        assert again.status_code in (401, 403)
    # Whoever has gone is not there to be refused anything; a grant that ended while it was used is entered, once.
    reasons = [entry.data["reason"] for entry in served.entries("access.denied")]
    assert reasons == (["revoked"] * 2 if end is lose_the_grant else [])


def test_nothing_is_cut_of_what_holds(served: Any, scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.http.asking_again, "ASK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(api.http.pace, "LEAST_AT_ONCE", 100_000)
    consented(served, scene)
    assert scene.officer.get(original(scene)).content == scene.content


def test_whoever_signs_out_is_told_that_he_did(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However slowly: the deed that ends a session has its answer all the same."""
    monkeypatch.setattr(api.http.asking_again, "ASK_AGAIN_SECONDS", 0.0)
    assert scene.officer.delete("/api/v1/session").is_success
    assert scene.officer.get("/api/v1/session").status_code == 401


def test_what_cannot_be_asked_is_not_taken_for_granted(
    served: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the database has gone")

    async def fail_soon(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the database has gone")

    monkeypatch.setattr(api.http.asking_again, "ASK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(api.http.asking_again, "require_same_viewer", fail)
    monkeypatch.setattr(Database, "seen_soon", fail_soon)
    consented(served, scene)
    with pytest.raises(httpx.RemoteProtocolError):
        scene.officer.get(original(scene))


# Every route


def files_of_the_api() -> list[str]:
    """The addresses whose answer is no JSON: files, tables, footage."""
    document: Any = make_framework().openapi()
    told = {path: item["get"]["responses"]["200"] for path, item in document["paths"].items() if "get" in item}
    return [path for path, answer in told.items() if "application/json" not in answer.get("content", {})]


@pytest.fixture
def bounds(served: Any) -> Bounds:
    return Bounds(served)


class LettingGo:
    """Asks as the archive does, and signs somebody out before it is asked for the second time: between two pieces."""

    def __init__(self, patched: pytest.MonkeyPatch, sign_out: Callable[[], None]) -> None:
        self.asked, self._sign_out = 0, sign_out
        self._whole = api.http.asking_again._holds_soon
        patched.setattr(api.http.asking_again, "ASK_AGAIN_SECONDS", 0.0)
        for limit in ("LEAST_AT_ONCE", "MOST_AT_ONCE"):
            patched.setattr(api.http.pace, limit, 4)
        patched.setattr(api.http.asking_again, "LEAST_AT_ONCE", 4)
        patched.setattr(api.http.asking_again, "_holds_soon", self._ask)

    async def _ask(self, answered: Any) -> bool:
        self.asked += 1
        if self.asked == 2:
            self._sign_out()
        return await self._whole(answered)


def test_a_sign_out_ends_every_file_of_the_api(bounds: Bounds, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {row.action.partition(" ")[2]: row for row in ROWS if row.method == "GET"}
    tried = [path for path in files_of_the_api() if path in rows and rows[path].kind not in ("open", "station")]
    assert set(tried) > NEEDS_A_GRANT
    came_whole = [path for path in tried if comes_whole(bounds, rows[path], monkeypatch)]
    assert not came_whole


def comes_whole(bounds: Bounds, row: Row, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the file does, to the first who may have it, though he is signed out before its second piece."""
    attempt = ATTEMPTS[row.action](bounds)
    if row.action.endswith("/copies/{copy_id}/file"):
        bounds.served.store_copy(b"a film, say")
    place, letter = next(row.cells(allowed=True))
    caller = bounds.served.browser(bounds.callers[place][letter].person)
    with monkeypatch.context() as patched:
        letting_go = LettingGo(patched, partial(end_session_of, bounds, caller))
        try:
            answer = caller.get(attempt.path, **attempt.sent)
        except httpx.RemoteProtocolError:
            return False
        assert answer.is_success, answer.text
        assert letting_go.asked >= 2, row.action
        return True


def end_session_of(bounds: Bounds, caller: Any) -> None:
    ended = "UPDATE sign_in_session SET ended_at = now() WHERE token_hash = %s"
    bounds.served.as_owner(ended, hash_secret(caller.cookies[SESSION_COOKIE]))
