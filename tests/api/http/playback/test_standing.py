"""A player's next range: answered by one question where its window stands, and refused where it would be at length."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

import api.http.playback.answer
import api.http.playback.standing
from casework.archiving.secrecy import state_secrecy
from storage.database import Database
from tests.api.http.playback.viewing import connect, consented, original, viewing

RANGE = {"Range": "bytes=1000-1999"}


class AtLength:
    """Counts who is authorised by a session of his own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times, whole = 0, api.http.playback.answer.authorise

        def counted(*arguments: Any) -> Any:
            self.times += 1
            return whole(*arguments)

        monkeypatch.setattr(api.http.playback.answer, "authorise", counted)


@pytest.fixture
def at_length(monkeypatch: pytest.MonkeyPatch) -> AtLength:
    return AtLength(monkeypatch)


@dataclass(frozen=True)
class Film:
    """What the scene's officer may look at, and has begun to: its copy, and its original."""

    address: str
    grants: tuple[Any, ...]


@pytest.fixture
def film(served: Any, scene: Any) -> Film:
    served.copy(scene.recording, "proxy", scene.content, "video/mp4")
    film = Film(proxy_of(scene.recording), (viewing(served, scene), consented(served, scene)))
    for each in (film.address, original(scene)):
        assert scene.officer.get(each, headers=RANGE).status_code == 206
    return film


def proxy_of(recording: Any) -> str:
    return f"/api/v1/recordings/{recording.id}/renditions/proxy"


def test_ranges_of_a_window_that_stands_are_the_very_bytes_and_ask_once(
    served: Any, scene: Any, film: Film, at_length: AtLength
) -> None:
    for address, media_type in ((film.address, "video/mp4"), (original(scene), "application/octet-stream")):
        for header, first, end in (("bytes=0-9", 0, 10), ("bytes=2000000-", 2_000_000, None), (None, 0, None)):
            answer = scene.officer.get(address, headers={} if header is None else {"Range": header})
            assert answer.status_code == (200 if header is None else 206)
            assert (answer.content, answer.headers["content-type"]) == (scene.content[first:end], media_type)
    assert at_length.times == 0
    assert len(served.entries("playback.window_opened")) == 2
    assert served.wait_for_sent(2 * (1000 + 10 + 1_000_000 + 3_000_000)) == 2 * 4_001_010


def test_they_are_counted_under_their_route_and_say_what_every_answer_says(
    served: Any, scene: Any, film: Film, at_length: AtLength
) -> None:
    answer = scene.officer.get(film.address, headers=RANGE)
    scene.officer.get(original(scene), headers=RANGE)
    assert at_length.times == 0
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    counted = [line for line in served.caller().get("/metrics").text.splitlines() if "http_seconds_count" in line]
    for route in ("original", "renditions/{name}"):
        (told,) = (line for line in counted if f'route="/api/v1/recordings/{{recording_id}}/{route}"' in line)
        assert told.endswith(" 2.0")


def test_what_does_not_open_is_told_by_the_route(scene: Any, film: Film, served: Any, at_length: AtLength) -> None:
    (name,) = served.archive.store.list(f"renditions/{scene.recording.id}/proxy-")
    path = served.archive.store.root / name
    path.rename(path.with_suffix(".away"))
    answer = scene.officer.get(film.address, headers=RANGE)
    assert (answer.status_code, at_length.times) == (503, 1)
    assert answer.headers["content-type"] == "application/problem+json"
    path.with_suffix(".away").rename(path)
    assert scene.officer.get(film.address, headers=RANGE).content == scene.content[1000:2000]
    assert at_length.times == 1


def test_a_program_with_a_token_of_the_same_person_is_known_by_its_own(
    served: Any, scene: Any, film: Film, at_length: AtLength
) -> None:
    program = served.program(scene.officer.person)
    assert program.get(film.address, headers=RANGE).content == scene.content[1000:2000]
    assert at_length.times == 1
    assert program.get(film.address, headers=RANGE).content == scene.content[1000:2000]
    assert at_length.times == 1
    assert len(served.entries("playback.window_opened")) == 2


@pytest.mark.parametrize("headers", [{"Range": "bytes=-5"}, {"Range": "bytes=9999999-"}, {"If-None-Match": "*"}])
def test_what_needs_a_closer_look_gets_it(scene: Any, film: Film, at_length: AtLength, headers: dict[str, str]) -> None:
    status = scene.officer.get(film.address, headers=headers).status_code
    assert status == {"bytes=-5": 206, "bytes=9999999-": 416}.get(headers.get("Range", ""), 304)
    assert at_length.times == 1


def test_a_range_of_another_version_is_answered_with_all_of_this_one(scene: Any, film: Film) -> None:
    answer = scene.officer.get(film.address, headers={**RANGE, "If-Range": '"another"'})
    assert (answer.status_code, answer.content) == (200, scene.content)
    same = {**RANGE, "If-Range": answer.headers["etag"]}
    assert scene.officer.get(film.address, headers=same).content == scene.content[1000:2000]


def sign_out(served: Any, scene: Any) -> tuple[int, str | None]:
    cookies = dict(scene.officer.cookies)
    assert scene.officer.delete("/api/v1/session").is_success
    scene.officer.cookies.update(cookies)
    return 401, None


def be_blocked(served: Any, scene: Any) -> tuple[int, str | None]:
    administrator = served.signed_in(scene.unit, "administrator")
    address = f"/api/v1/people/{scene.officer.person.id}/deactivate"
    assert administrator.post(address, json={"reason": "调离"}).is_success
    return 401, None


def lose_the_grants(served: Any, scene: Any) -> tuple[int, str | None]:
    for grant in scene.officer.get("/api/v1/grants").json()["items"]:
        assert scene.supervisor.post(f"/api/v1/grants/{grant['id']}/revoke", json={"reason": "误批"}).is_success
    return 403, "revoked"


def outlast_them(served: Any, scene: Any) -> tuple[int, str | None]:
    served.as_owner("UPDATE access_grant SET granted_at = now() - interval '2 hours', expires_at = now()")
    return 403, "expired"


def lose_the_link(served: Any, scene: Any) -> tuple[int, str | None]:
    (link,) = scene.officer.get(f"/api/v1/recordings/{scene.recording.id}").json()["links"]
    assert scene.officer.request("DELETE", f"/api/v1/links/{link['id']}", json={"reason": "归错"}).is_success
    return 403, "not_linked"


def become_secret(served: Any, scene: Any) -> tuple[int, str | None]:
    with served.database.transaction() as session:
        state_secrecy(session, scene.supervisor.person, scene.case.id, "state_secret", "涉密", licensed=True)
    return 403, "secrecy"


@pytest.mark.parametrize(
    "end",
    [sign_out, be_blocked, lose_the_grants, outlast_them, lose_the_link, become_secret],
    ids=lambda end: end.__name__,
)
def test_whatever_ends_it_ends_it_from_the_next_range_on_and_is_entered(
    served: Any, scene: Any, film: Film, end: Any
) -> None:
    status, reason = end(served, scene)
    for address in (film.address, original(scene)):
        answer = scene.officer.get(address, headers=RANGE)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert scene.content[1000:1100] not in answer.content
    reasons = [entry.data["reason"] for entry in served.entries("access.denied")]
    assert reasons == ([] if reason is None else [reason] * 2)


@pytest.mark.parametrize("end", [sign_out, lose_the_grants], ids=lambda end: end.__name__)
def test_what_is_leaving_under_it_is_cut_too(
    served: Any, scene_of: Callable[[bytes], Any], monkeypatch: pytest.MonkeyPatch, end: Any
) -> None:
    scene = scene_of(b"\x5a" * (24 << 20))
    consented(served, scene)
    assert scene.officer.get(original(scene), headers=RANGE).status_code == 206
    known = AtLength(monkeypatch)
    with connect(served, scene.officer, original(scene)) as connection:
        connection.settimeout(10)
        received = len(connection.recv(100_000))
        _, reason = end(served, scene)
        while piece := connection.recv(1 << 16):
            received += len(piece)
            time.sleep(0.01)
    assert known.times == 0
    assert received < len(scene.content)
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ([reason] if reason else [])
    assert 0 < served.wait_for_sent(100_000) < len(scene.content)


def test_somebody_else_is_refused_though_a_window_stands_for_one(served: Any, scene: Any, film: Film) -> None:
    for unit in (scene.unit, served.unit("江北")):
        who = served.signed_in(unit, "officer")
        # Known here by another film of his own, so that he too is asked about soon.
        mine, content = served.case(who.person), f"another film of {unit.id}".encode() * 1000
        recording = served.seal(served.station(unit), content)
        served.copy(recording, "proxy", content, "video/mp4")
        served.link(recording, mine, who.person)
        served.grant(mine, who.person, served.person(unit, "supervisor"))
        assert who.get(proxy_of(recording), headers=RANGE).status_code == 206
        assert who.get(film.address, headers=RANGE).status_code == 403
    assert [entry.data["reason"] for entry in served.entries("access.denied")] == ["no_grant", "other_unit"]


def test_whom_the_question_fails_for_is_asked_about_at_length(
    scene: Any, film: Film, at_length: AtLength, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("the connection is lost")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "seen_soon", fail)
        assert scene.officer.get(film.address, headers=RANGE).content == scene.content[1000:2000]
    assert at_length.times == 1
    assert scene.officer.get(film.address, headers=RANGE).content == scene.content[1000:2000]
    assert at_length.times == 1


def test_many_players_at_once_are_asked_about_over_one_connection(
    served: Any, scene: Any, film: Film, at_length: AtLength
) -> None:
    before = len(served.answering.database._idle)
    with ThreadPoolExecutor(32) as players:
        answers = list(players.map(lambda _: scene.officer.get(film.address, headers=RANGE), range(200)))
    assert {answer.content for answer in answers} == {scene.content[1000:2000]}
    assert at_length.times == 0
    # Notes of what was sent are written one at a time.
    assert len(served.answering.database._idle) <= before + 1


def test_of_those_who_are_known_the_first_are_forgotten(
    served: Any, scene: Any, film: Film, at_length: AtLength, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.http.playback.standing, "_MOST_KNOWN", 1)
    program = served.program(scene.officer.person)
    for who in (program, scene.officer, program):
        assert who.get(film.address, headers=RANGE).content == scene.content[1000:2000]
    assert at_length.times == 3
    assert program.get(film.address, headers=RANGE).content == scene.content[1000:2000]
    assert at_length.times == 3
