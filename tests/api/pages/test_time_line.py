"""The player's time line: there with what it takes to show its pictures, or not there at all."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from ingest.media.tiles import sprite_layout
from storage.catalog.access import PlaybackWindow
from tests.api.pages.conftest import poster

LAYOUT = sprite_layout(61.5)


@pytest.fixture(scope="module")
def film(district: Any) -> Any:
    served, film = district.served, district.film
    served.copy(film, "sprite", poster(), "image/jpeg", facts=dataclasses.asdict(LAYOUT))
    served.as_owner("UPDATE rendition SET facts = '{\"duration_seconds\": 61.44}' WHERE name = 'proxy'")
    return film


@pytest.fixture
def changed(district: Any, film: Any) -> Iterator[Any]:
    """Sets the facts of the film's copies of a name, until the test is over."""
    with district.served.database.reading() as session:
        before = session.execute(select(func.count()).select_from(PlaybackWindow)).scalar()

    def change(name: str, facts: str) -> None:
        district.served.as_owner(f"UPDATE rendition SET facts = {facts} WHERE name = '{name}'")

    yield change
    whole = ", ".join(f"'{key}', {value}" for key, value in dataclasses.asdict(LAYOUT).items())
    change("sprite", f"jsonb_build_object({whole})")
    change("proxy", "'{\"duration_seconds\": 61.44}'")
    with district.served.database.reading() as session:
        assert session.execute(select(func.count()).select_from(PlaybackWindow)).scalar() == before, (
            "a page was footage"
        )


def line_of(district: Any, role: str = "supervisor", language: str = "zh") -> dict[str, str] | None:
    """The attributes of the page's time line."""
    text = district.page(role, f"/recordings/{district.film.id}", language).text
    found = re.search(r"<input type=\"range\"([^>]*)>", text)
    assert found is not None or "data-sprite" not in text
    return None if found is None else dict(re.findall(r"([a-z-]+)=\"([^\"]*)\"", found[1]))


def test_the_line_says_where_the_pictures_are_and_what_each_is_of(district: Any, film: Any, grant_to: Any) -> None:
    grant_to("supervisor")
    line = line_of(district)
    assert line is not None
    assert line["data-sprite"] == f"/api/v1/recordings/{film.id}/renditions/sprite"
    assert (line["data-columns"], line["data-tiles"], line["data-interval"]) == ("10", "61", "1.0")
    assert (line["data-tile-width"], line["data-tile-height"]) == ("160", "90")
    assert (line["min"], line["max"], line["step"]) == ("0", "61.44", "any")
    assert (line["aria-label"], line["data-said"]) == ("时间轴", "{at}，共 {length}")
    english = line_of(district, language="en")
    assert english is not None
    assert (english["aria-label"], english["data-said"]) == ("Time line", "{at} of {length}")


def test_it_lies_on_the_stage_that_the_mark_covers(district: Any, film: Any, grant_to: Any) -> None:
    grant_to("supervisor")
    text = district.page("supervisor", f"/recordings/{film.id}").text
    stage = text[text.index('id="stage"') :]
    assert 'data-time-line="stage"' in stage[: stage.index("</div>\n\n")]
    assert "style=" not in stage[: stage.index("</section>")]


def test_without_a_grant_there_is_no_line(district: Any, film: Any) -> None:
    assert line_of(district, "legal_reviewer") is None


@pytest.mark.parametrize("facts", ["NULL", "'{}'", "facts - 'tiles'", "facts || '{\"interval_seconds\": 0}'"])
def test_a_sprite_of_which_nobody_knows_the_moments_leaves_the_player_as_it_was(
    district: Any, film: Any, grant_to: Any, changed: Any, facts: str
) -> None:
    grant_to("supervisor")
    changed("sprite", facts)
    assert line_of(district) is None
    text = district.page("supervisor", f"/recordings/{film.id}").text
    assert "<video controls" in text
    assert 'class="screen"' in text


def test_the_length_is_the_players_or_else_what_the_file_was_found_to_have(
    district: Any, film: Any, grant_to: Any, changed: Any
) -> None:
    grant_to("supervisor")
    changed("proxy", "NULL")
    line = line_of(district)
    assert line is not None
    assert line["max"] == "61.5"


def test_sound_has_no_line(district: Any, film: Any, grant_to: Any) -> None:
    served = district.served
    sound = served.seal(served.station(district.unit), os.urandom(700), "AB00001_000123_20260309090500.MP4")
    served.copy(sound, "proxy", os.urandom(500), "audio/mp4")
    served.copy(sound, "sprite", poster(), "image/jpeg", facts=dataclasses.asdict(LAYOUT))
    form = {"recording_id": str(sound.id), "stage": "investigation", "reason": "同一现场"}
    linked = district.people["officer"].post(f"/api/v1/cases/{district.case.id}/links", json=form)
    assert linked.status_code == 201, linked.text
    grant_to("supervisor")
    text = district.page("supervisor", f"/recordings/{sound.id}").text
    assert "<audio" in text
    assert "data-sprite" not in text
