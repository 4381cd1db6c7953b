"""Getting in: sent to sign in and back, never elsewhere; the language one chose stays."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from api.shown import local_path


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(served: Any) -> None:
    answer = served.caller().get("/recordings?device=AB00001&view=table")
    assert answer.status_code == 303
    place = urlsplit(answer.headers["location"])
    assert place.path == "/sign-in"
    wanted = parse_qs(place.query)["next"][0]
    assert wanted == "/recordings?device=AB00001&view=table"
    form = served.caller().get(f"/sign-in?next={quote(wanted)}").text
    assert 'data-then="/recordings?device=AB00001&amp;view=table"' in form


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "", "x"],
)
def test_nobody_is_sent_to_another_site(served: Any, elsewhere: str) -> None:
    assert local_path(elsewhere) is None
    form = served.caller().get("/sign-in", params={"next": elsewhere}).text
    assert 'data-then="/"' in form
    chosen = served.caller().get("/language/en", params={"next": elsewhere})
    assert chosen.headers["location"] == "/"


def test_somebody_signed_in_does_not_sign_in_again(served: Any) -> None:
    browser = served.signed_in(served.unit(), "officer")
    answer = browser.get("/sign-in?next=/cases")
    assert (answer.status_code, answer.headers["location"]) == (303, "/cases")


def test_the_chosen_language_wins_over_the_browsers(served: Any) -> None:
    caller = served.caller(**{"Accept-Language": "en-GB,en"})
    assert "Sign in" in caller.get("/sign-in").text
    chosen = caller.get("/language/zh?next=/sign-in")
    assert chosen.headers["location"] == "/sign-in"
    cookie = chosen.headers["set-cookie"]
    assert "liuhen_lang=zh" in cookie
    assert "HttpOnly" in cookie
    assert "登录" in caller.get("/sign-in", headers={"Cookie": "liuhen_lang=zh"}).text
    assert "set-cookie" not in caller.get("/language/de").headers


def test_the_demo_says_so_on_each_page(served: Any) -> None:
    assert "Demo archive" not in served.caller().get("/sign-in").text
    (served.archive.settings.data / "demo.json").write_text("{}")
    assert "Demo archive" in served.caller().get("/sign-in").text


def test_a_page_without_a_thing_says_so_as_a_page(served: Any) -> None:
    browser = served.signed_in(served.unit(), "officer")
    for path in ("/recordings/00000000-0000-0000-0000-000000000000", "/cases/nothing"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "Not found" in answer.text
    assert browser.get("/recordings?after=nonsense").status_code == 422


def test_another_units_recording_is_refused_and_the_refusal_is_entered(served: Any) -> None:
    recording = served.seal(served.station(served.unit()), b"somebody else's")
    stranger = served.signed_in(served.unit(), "supervisor")
    assert stranger.get(f"/recordings/{recording.id}").status_code == 403
    (entry,) = served.entries("access.denied")
    assert (entry.actor_id, entry.data["reason"]) == (str(stranger.person.id), "other_unit")


def test_setting_up_is_offered_while_there_is_no_administrator_and_not_after(served: Any) -> None:
    assert 'href="/first-administrator"' in served.caller().get("/sign-in").text
    assert 'data-action="/api/v1/first-administrator"' in served.caller().get("/first-administrator").text
    administrator = served.signed_in(served.unit(), "administrator").person
    served.as_owner("UPDATE person SET password_hash = 'set' WHERE id = %s", administrator.id)
    assert 'href="/first-administrator"' not in served.caller().get("/sign-in").text
    done = served.caller().get("/first-administrator").text
    assert "data-action" not in done
    assert 'href="/sign-in"' in done
