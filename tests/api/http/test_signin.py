"""Signing in: who may, how often one may try, and what the browser is given."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import select

from api import signin
from api.http.errors import SignInThrottled
from api.http.sessions import SESSION_COOKIE
from api.signin import (
    CODE_LIFETIME,
    THROTTLE,
    count_attempt,
    hash_password,
    issue_first_administrator_code,
    network_of,
    sign_in,
)
from storage.catalog.organisation import Person, Unit
from storage.catalog.signin import SignInFailure, SignInSession

PASSWORD = "四时行焉百物生焉 2026"
SESSION = "/api/v1/session"


@pytest.fixture(scope="module")
def cheap_hashing() -> Iterator[None]:
    """What a guess costs is not tried here, and a hundred of them are made: 64 MiB and three passes each otherwise."""
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PasswordHash, "recommended", lambda: cheap)
        signin._nobodys.cache_clear()
        yield
    signin._nobodys.cache_clear()


@pytest.fixture(scope="module")
def password_hash(cheap_hashing: None) -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def person(served: Any, password_hash: str) -> Person:
    return served.person(served.unit(), "supervisor", password_hash)


def form(person: Person, password: str = PASSWORD) -> dict[str, str]:
    return {"sign_in_name": person.sign_in_name, "password": password}


def test_a_session_opens_shows_who_it_is_and_ends(served: Any, person: Person) -> None:
    browser = served.caller()
    answer = browser.post(SESSION, json=form(person))
    assert answer.status_code == 200
    assert answer.json()["role"] == "supervisor"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert answer.headers["cache-control"] == "no-store"
    shown = browser.get(SESSION).json()
    assert (shown["sign_in_name"], shown["via"]) == (person.sign_in_name, "session")
    assert browser.delete(SESSION, headers={"X-CSRF-Token": shown["csrf_token"]}).status_code == 204
    browser.cookies.set(SESSION_COOKIE, cookie.partition("=")[2].partition(";")[0])
    assert browser.get(SESSION).status_code == 401
    assert [entry.actor_id for entry in served.entries("person.signed_in")] == [str(person.id)]
    assert len(served.entries("person.signed_out")) == 1


def test_the_cookie_is_secure_behind_tls(served: Any, person: Person) -> None:
    from starlette.requests import Request
    from starlette.responses import Response

    from api.http.sessions import set_session_cookie

    response = Response()
    scope = {"type": "http", "scheme": "https", "path": "/", "headers": [(b"host", b"archive.example")]}
    set_session_cookie(Request(scope), response, "x")
    assert "Secure" in response.headers["set-cookie"]


def test_signing_in_again_gives_another_cookie_and_ends_the_former_session(served: Any, person: Person) -> None:
    browser = served.caller()
    browser.cookies.set(SESSION_COOKIE, "chosen-by-somebody-else")
    browser.post(SESSION, json=form(person))
    first = browser.cookies.get(SESSION_COOKIE, domain="127.0.0.1")
    browser.post(SESSION, json=form(person))
    second = browser.cookies.get(SESSION_COOKIE, domain="127.0.0.1")
    assert len({first, second, "chosen-by-somebody-else"}) == 3
    with served.database.reading() as session:
        live = session.scalars(select(SignInSession).where(SignInSession.ended_at.is_(None))).all()
        assert len(live) == 1


def test_wrong_password_unknown_name_and_deactivated_account_look_alike(
    served: Any, person: Person, password_hash: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    whole = signin.rehash_password
    monkeypatch.setattr(signin, "rehash_password", lambda *of: hashed.append(of[1]) or whole(*of))
    gone = served.person(served.unit("江北"), "officer", password_hash)
    served.as_owner("UPDATE person SET active = false WHERE id = %s", gone.id)
    attempts = (form(person, "wrong password"), {**form(person), "sign_in_name": "nobody"}, form(gone))
    answers = [served.caller().post(SESSION, json=attempt) for attempt in attempts]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    # Each takes as long: a hash of the same kind was computed for all three.
    assert len(hashed) == 3
    assert {kept.split("$")[1:4] == password_hash.split("$")[1:4] for kept in hashed} == {True}
    # What the stored hash ends with has left the database for none of them.
    assert all(kept.endswith("$") for kept in hashed)
    refused = [(entry.subject_id, entry.data["reason"]) for entry in served.entries("sign_in.refused")]
    assert refused == [(str(person.id), "password"), (str(gone.id), "inactive")]


def test_after_five_failures_of_a_name_even_the_right_password_waits(served: Any, person: Person) -> None:
    caller = served.caller()
    for _ in range(5):
        assert caller.post(SESSION, json=form(person, "wrong password")).status_code == 401
    answer = caller.post(SESSION, json=form(person))
    assert answer.status_code == 429
    assert 800 < int(answer.headers["retry-after"]) <= 901
    assert answer.json()["type"] == "urn:liuhen:problem:sign-in-throttled"
    with pytest.raises(SignInThrottled):
        sign_in(served.database, person.sign_in_name, PASSWORD, "10.0.0.1", datetime.now(UTC))
    later = datetime.now(UTC) + THROTTLE + timedelta(seconds=1)
    assert sign_in(served.database, person.sign_in_name, PASSWORD, "127.0.0.1", later).person.id == person.id


def test_a_new_password_from_an_administrator_ends_the_wait(served: Any, password_hash: str) -> None:
    unit = served.unit()
    caller, person = served.caller(), served.person(unit, "officer", password_hash)
    for _ in range(5):
        caller.post(SESSION, json=form(person, "wrong password"))
    assert caller.post(SESSION, json=form(person)).status_code == 429
    administrator = served.browser(served.person(unit, "administrator"))
    new = {"password": "another password"}
    assert administrator.post(f"/api/v1/people/{person.id}/password", json=new).status_code == 204
    assert caller.post(SESSION, json=form(person, "another password")).status_code == 200


def test_many_guesses_at_once_are_no_more_than_five(served: Any, person: Person) -> None:
    def guess(number: int) -> bool:
        try:
            with served.database.transaction() as session:
                count_attempt(session, person.sign_in_name, f"10.0.0.{number}", datetime.now(UTC))
        except SignInThrottled:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(20))) == 5


def test_after_twenty_failures_an_address_waits_whatever_the_name(served: Any) -> None:
    now = datetime.now(UTC)
    for number in range(20):
        with served.database.transaction() as session:
            count_attempt(session, f"name{number}", network_of("2001:db8::1"), now)
    # Another address of the same /64 is the same place.
    with pytest.raises(SignInThrottled), served.database.transaction() as session:
        count_attempt(session, "name21", network_of("2001:db8::ffff"), now)
    with served.database.transaction() as session:
        count_attempt(session, "name21", network_of("2001:db8:1::1"), now)


def test_success_forgets_the_failures_before_it(served: Any, person: Person) -> None:
    caller = served.caller()
    for password in ("wrong password", "wrong password", PASSWORD):
        caller.post(SESSION, json=form(person, password))
    with served.database.reading() as session:
        assert session.scalars(select(SignInFailure)).all() == []


def test_another_site_cannot_sign_a_browser_in(served: Any, person: Person) -> None:
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert served.caller().post(SESSION, json=form(person), headers=headers).status_code == 403
    own = {"Origin": served.url, "Sec-Fetch-Site": "same-origin"}
    assert served.caller().post(SESSION, json=form(person), headers=own).status_code == 200


def test_a_change_by_cookie_needs_the_sessions_own_token(served: Any, scene: Any) -> None:
    body = {"case_id": str(scene.case.id), "kind": "view", "purpose": "核对"}
    for token in ("", "wrong", scene.supervisor.headers["X-CSRF-Token"]):
        answer = scene.officer.post("/api/v1/requests", json=body, headers={"X-CSRF-Token": token})
        assert answer.json()["type"] == "urn:liuhen:problem:csrf"
    assert scene.officer.post("/api/v1/requests", json=body).status_code == 201
    program = served.program(scene.officer.person)
    assert program.post("/api/v1/requests", json=body).status_code == 201


def test_expired_sessions_and_revoked_tokens_are_nobody(served: Any, person: Person) -> None:
    browser, program = served.browser(person), served.program(person)
    assert {caller.get(SESSION).status_code for caller in (browser, program)} == {200}
    served.as_owner("UPDATE sign_in_session SET expires_at = now()")
    served.as_owner("UPDATE api_token SET revoked_at = now()")
    assert {caller.get(SESSION).status_code for caller in (browser, program)} == {401}


def test_the_first_administrator_comes_in_once(served: Any) -> None:
    with served.database.transaction() as session:
        void = issue_first_administrator_code(session, datetime.now(UTC))
        code = issue_first_administrator_code(session, datetime.now(UTC))
    body = {
        "sign_in_name": "admin",
        "name": "李伟",
        "password": PASSWORD,
        "unit_name": "江城区综合行政执法局",
    }
    address, browser = "/api/v1/first-administrator", served.caller()
    for wrong in (void, "AAAAA-AAAAA-AAAAA-AAAAA", ""):
        assert browser.post(address, json={**body, "code": wrong}).json()["type"] == "urn:liuhen:problem:code"
    # What is refused for another reason leaves the code good.
    assert browser.post(address, json={**body, "code": code, "password": "short"}).status_code == 422
    assert browser.post(address, json={**body, "code": code, "name": " "}).status_code == 422
    answer = browser.post(address, json={**body, "code": code.lower().replace("-", " ")})
    assert answer.status_code == 201
    assert answer.json()["role"] == "administrator"
    assert browser.get(SESSION).json()["unit"]["name"] == "江城区综合行政执法局"
    again = served.caller().post(address, json={**body, "code": code, "sign_in_name": "admin2"})
    assert again.status_code == 403
    with served.database.reading() as session:
        assert len(session.scalars(select(Unit)).all()) == len(session.scalars(select(Person)).all()) == 1
    assert len(served.entries("code.used")) == 1


def test_a_code_for_the_first_administrator_expires_and_is_void_once_there_is_one(
    served: Any, password_hash: str
) -> None:
    long_ago = datetime.now(UTC) - CODE_LIFETIME
    with served.database.transaction() as session:
        expired = issue_first_administrator_code(session, long_ago)
    body = {"sign_in_name": "admin", "name": "李伟", "password": PASSWORD, "unit_name": "局"}
    address = "/api/v1/first-administrator"
    assert served.caller().post(address, json={**body, "code": expired}).status_code == 403
    with served.database.transaction() as session:
        code = issue_first_administrator_code(session, datetime.now(UTC))
    served.person(served.unit(), "administrator", password_hash)
    assert served.caller().post(address, json={**body, "code": code}).status_code == 403


def test_changing_ones_password_takes_the_former_one_and_ends_other_sessions(served: Any, person: Person) -> None:
    browser, elsewhere = served.browser(person), served.browser(person)
    address = f"/api/v1/people/{person.id}/password"
    assert browser.post(address, json={"password": "another password"}).status_code == 401
    wrong = {"password": "another password", "former_password": "wrong password"}
    assert browser.post(address, json=wrong).status_code == 401
    right = {"password": "another password", "former_password": PASSWORD}
    assert browser.post(address, json=right).status_code == 204
    assert (browser.get(SESSION).status_code, elsewhere.get(SESSION).status_code) == (200, 401)
    assert served.caller().post(SESSION, json=form(person, "another password")).status_code == 200
