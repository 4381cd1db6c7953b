"""What a recording's page and the list show of footage: nothing without a grant, the player with one, and why not."""

from __future__ import annotations

import dataclasses
import os
from typing import Any

from sqlalchemy import func, select

from api.http.reading.elements import policies_named
from casework.linking.candidates import Candidate
from casework.linking.rows import ask_which_case, settle_question
from ingest.media.findings import Stream
from storage.catalog.access import PlaybackWindow
from storage.catalog.elements import RecordingJudgement
from storage.catalog.recordings import Recording
from tests.api.pages.conftest import poster


def recording_page(district: Any, role: str, language: str = "en") -> str:
    text: str = district.page(role, f"/recordings/{district.film.id}", language).text
    return text


def windows(district: Any) -> int:
    with district.served.database.reading() as session:
        return session.scalar(select(func.count()).select_from(PlaybackWindow)) or 0


def test_without_a_grant_no_picture_is_asked_for_and_the_page_offers_to_ask(district: Any) -> None:
    text = recording_page(district, "legal_reviewer")
    assert "/renditions/" not in text
    assert 'data-action="/api/v1/requests"' in text
    assert "The picture here takes a grant" in text
    assert "/renditions/" not in district.page("legal_reviewer", "/recordings").text


def test_who_waits_for_a_decision_is_not_offered_to_ask_again(district: Any) -> None:
    text = recording_page(district, "officer")
    assert "Your request is waiting for a decision" in text
    assert 'data-action="/api/v1/requests"' not in text


def test_a_role_that_may_not_ask_is_offered_no_form(district: Any) -> None:
    for role in ("publisher", "administrator"):
        assert 'data-action="/api/v1/requests"' not in recording_page(district, role).split("<main")[1]


def test_with_a_grant_the_player_is_there_and_the_page_opens_no_window(district: Any, grant_to: Any) -> None:
    grant_to("supervisor")
    before = windows(district)
    text = recording_page(district, "supervisor")
    address = f"/api/v1/recordings/{district.film.id}/renditions"
    assert f'src="{address}/proxy"' in text
    assert f'poster="{address}/poster"' in text
    assert 'preload="none"' in text
    assert f'src="{address}/poster"' in district.page("supervisor", "/recordings").text
    assert windows(district) == before
    assert district.people["supervisor"].get(f"{address}/poster").headers["content-type"] == "image/jpeg"


def test_one_persons_grant_shows_nothing_to_another(district: Any, grant_to: Any) -> None:
    grant_to("supervisor")
    assert "/renditions/" not in recording_page(district, "legal_reviewer")
    assert "/renditions/" not in district.page("legal_reviewer", f"/cases/{district.case.id}").text


def test_an_unreadable_file_says_why_nothing_plays(district: Any) -> None:
    text = district.page("supervisor", f"/recordings/{district.hostile.id}", "en").text
    assert "There is nothing to play" in text
    assert "No known media format" in text


def test_digests_claims_and_the_chain_with_its_indexes_are_shown(district: Any) -> None:
    film, text = district.film, recording_page(district, "auditor")
    assert film.sha256.hex() in text
    assert film.sm3.hex() in text
    assert f"/api/v1/recordings/{film.id}/manifest" in text
    assert f"/api/v1/recordings/{film.id}/token" in text
    assert "name:ga/t-947" in text
    for action in ("Sealed", "Receipt issued", "Copy made", "Placed in a case"):
        assert action in text
    assert text.count(">entry ") >= 4


def test_viewing_shows_up_under_who_saw_it(district: Any, grant_to: Any) -> None:
    grant_to("supervisor")
    district.people["supervisor"].get(f"/api/v1/recordings/{district.film.id}/renditions/proxy")
    text = recording_page(district, "officer")
    assert district.people["supervisor"].person.name in text
    assert "核对现场经过" in text


def test_filters_find_by_digest_officer_case_and_time(district: Any) -> None:
    film, name = district.film, district.film.original_name

    def found(query: str) -> bool:
        return name in district.page("supervisor", f"/recordings?{query}").text

    assert found(f"digest={film.sha256.hex()[:8]}")
    assert found(f"digest={film.sm3.hex()}")
    assert not found("digest=000000000000")
    assert found(f"officer={district.people['officer'].person.name}")
    assert not found("officer=nobody")
    assert found(f"case={district.case.number}")
    assert found("from=2026-03-09T08:59&to=2026-03-09T09:01")
    assert not found("from=2026-03-09T09:01")
    assert name in district.page("officer", "/recordings?mine=1").text
    assert name not in district.page("supervisor", "/recordings?mine=1").text


def test_why_somebody_said_that_it_belongs_to_no_case_is_shown(district: Any) -> None:
    assert "Belongs to no case" not in recording_page(district, "officer")
    with district.served.database.transaction() as session:
        recording = session.get_one(Recording, district.film.id)
        question = ask_which_case(session, recording, [Candidate(district.case.id, "initiation")], (), None)
        settle_question(session, district.people["officer"].person, question, None, "巡逻，未立案")
    text = recording_page(district, "officer")
    assert "Belongs to no case" in text
    assert "巡逻，未立案" in text


def test_the_rules_that_it_was_judged_by_are_named_with_their_version_and_their_day(district: Any) -> None:
    said = recording_page(district, "supervisor", "zh")
    with district.served.database.reading() as session:
        judged = session.get_one(RecordingJudgement, district.film.id)
        named = policies_named(session, judged.policies).values()
        by = [f"{row.title_zh} {row.jurisdiction} {row.version}" for row in named]
    assert by
    assert f"按 {judged.day} 有效的规则认定：" in said
    assert all(each in said for each in by)


def test_a_photograph_is_looked_at_where_it_is_opened_and_in_no_list_or_case(district: Any, grant_to: Any) -> None:
    """Its poster is the picture itself: who opens a case has not looked at each photograph in it."""
    served, officer = district.served, district.people["officer"].person
    before, picture = served.findings, (Stream(0, "video", "mjpeg", width=64, height=36),)
    served.findings = dataclasses.replace(before, container="image2", streams=picture, duration_seconds=None)
    photograph, nameless = (served.seal(served.station(district.unit), os.urandom(920 + n), "p.jpg") for n in range(2))
    served.findings = before
    served.as_owner("UPDATE recording SET media_state = 'unreadable' WHERE id = %s", nameless.id)
    for each in (photograph, nameless):
        served.copy(each, "poster", poster(), "image/jpeg")
        served.link(each, district.case, officer)
    grant_to("supervisor")
    for path in (f"/cases/{district.case.id}", "/recordings"):
        page = district.page("supervisor", path).text
        assert f"/recordings/{photograph.id}/renditions/" not in page
        assert f"/recordings/{nameless.id}/renditions/" not in page
        assert f"/recordings/{district.film.id}/renditions/poster" in page, "a film's poster is not the film"
        assert "打开记录查看照片" in page
    own = district.page("supervisor", f"/recordings/{photograph.id}").text
    assert f'data-src="/api/v1/recordings/{photograph.id}/renditions/poster"' in own
