"""An original in the cold place: what whoever needs it is told, who may have it brought back, and that it comes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ingest.custody import seal_upload
from ingest.sealing.due import lease_due_upload
from storage.errors import StoreUnavailable
from tests.api.freezing import freeze, go_on, mover_of
from tests.api.http.playback.viewing import consented, original, viewing

COLD = "urn:liuhen:problem:originals-cold"


@pytest.fixture
def frozen(served: Any, scene: Any, tmp_path: Path) -> Any:
    served.name_cold_place(tmp_path / "cold")
    freeze(served.archive, served.owner_url)
    assert served.archive.store.stat(scene.recording.object_name) is None
    return scene


def recall(scene: Any) -> str:
    return f"/api/v1/recordings/{scene.recording.id}/recall"


def come_back(served: Any) -> None:
    assert go_on(mover_of(served.archive)) == ["recalled"]


def test_whoever_asks_for_it_is_told_when_and_has_it_then(served: Any, frozen: Any) -> None:
    consented(served, frozen)
    answer = frozen.officer.get(original(frozen))
    assert (answer.status_code, answer.json()["type"]) == (409, COLD)
    assert "they are here in about 1 min" in answer.json()["detail"]
    assert "1 个原件在归档冷存储中，已申请调回，预计约 1 分钟后可用" in answer.json()["sentences"]["zh-CN"]
    assert frozen.officer.head(original(frozen)).status_code == 200, "how large it is can be said"
    assert frozen.officer.get(original(frozen), headers={"Range": "bytes=0-9"}).status_code == 409
    (entry,) = served.entries("recording.recall_asked")
    assert entry.actor_id == str(frozen.officer.person.id)
    assert entry.data.keys() == {"recall_id", "grant_id"}
    assert served.entries("playback.window_opened") == [], "nothing was shown"
    place = frozen.officer.get(recall(frozen)).json()
    assert (place["state"], place["estimated_seconds"] >= 60) == ("recalling", True)
    come_back(served)
    answer = frozen.officer.get(original(frozen))
    assert (answer.status_code, answer.content) == (200, frozen.content)
    assert frozen.officer.get(recall(frozen)).json()["state"] == "store"


def test_whoever_may_not_have_it_asks_for_nothing_by_trying(served: Any, frozen: Any) -> None:
    viewing(served, frozen)
    assert frozen.officer.get(original(frozen)).status_code == 403
    assert served.entries("recording.recall_asked") == []


def test_the_button_is_for_whoever_may_watch_and_the_page_says_where_it_is(served: Any, frozen: Any) -> None:
    page = f"/recordings/{frozen.recording.id}"
    words = frozen.supervisor.get(page).text
    assert "The original lies in the cold place." in words
    assert "Have it brought back" not in words, "he has no grant"
    assert frozen.supervisor.post(recall(frozen)).status_code == 403
    viewing(served, frozen)
    assert "Have it brought back" in frozen.officer.get(page).text
    chinese = frozen.officer.get(page, headers={"Accept-Language": "zh-CN"}).text
    assert "原件在归档冷存储中。" in chinese
    assert "申请调回" in chinese
    answer = frozen.officer.post(recall(frozen))
    assert (answer.status_code, answer.json()["state"]) == (202, "recalling")
    chinese = frozen.supervisor.get(page, headers={"Accept-Language": "zh-CN"}).text
    assert "归档冷存，已申请调回。" in chinese
    assert "预计约 1 分钟后可用" in chinese
    assert frozen.officer.post(recall(frozen)).status_code == 202, "again changes nothing"
    assert len(served.entries("recording.recall_asked")) == 1
    come_back(served)
    page = frozen.officer.get(page).text
    assert "The original lies in" not in page
    assert "Original back from the cold place, and checked" in page


def test_another_unit_learns_nothing_of_it(served: Any, frozen: Any) -> None:
    stranger = served.signed_in(served.unit(), "officer")
    assert stranger.get(recall(frozen)).status_code in (403, 404)
    assert stranger.post(recall(frozen)).status_code in (403, 404)
    assert served.entries("recording.recall_asked") == []


def test_while_the_cold_place_does_not_work_nobody_is_promised_a_time(served: Any, frozen: Any, tmp_path: Path) -> None:
    consented(served, frozen)
    (tmp_path / "cold").rename(tmp_path / "away")
    frozen.officer.get(original(frozen))
    with pytest.raises(Exception, match="mount its disk"):
        go_on(mover_of(served.archive))
    answer = frozen.officer.get(original(frozen))
    assert answer.status_code == 409
    assert "nobody can say when" in answer.json()["detail"]
    assert served.caller().get("/readyz").json()["checks"]["cold"] == "ColdFailing"
    assert "The cold place does not work" in served.signed_in(frozen.unit, "administrator").get("/admin").text
    assert "liuhen_cold_recalls_waiting 1.0" in served.caller().get("/metrics").text
    assert "liuhen_cold_objects 1.0" in served.caller().get("/metrics").text


def test_a_package_waits_for_its_originals(served: Any, frozen: Any) -> None:
    grant = consented(served, frozen)
    form = {"grant_id": str(grant.id)}
    answer = frozen.officer.post(f"/api/v1/cases/{frozen.case.id}/exports", json=form)
    assert (answer.status_code, answer.json()["type"]) == (409, COLD)
    assert served.entries("export.started") == [], "nothing was begun"
    assert len(served.entries("recording.recall_asked")) == 1
    come_back(served)


def test_the_same_file_again_rests_on_what_lies_in_the_cold_place_and_raises_no_alarm_while_that_is_away(
    served: Any, frozen: Any, tmp_path: Path
) -> None:
    custody = dataclasses.replace(served.custody, store=served.archive.everywhere)
    station = served.station(frozen.unit)
    served.stage(station, frozen.content)
    due = lease_due_upload(served.database, "test")
    assert due is not None
    away = (tmp_path / "cold").rename(tmp_path / "away")
    with pytest.raises(StoreUnavailable):
        seal_upload(dataclasses.replace(due, attempts=9), custody)
    assert served.entries("recording.object_lost") == []
    away.rename(tmp_path / "cold")
    assert seal_upload(due, custody).recording_id == frozen.recording.id
    assert served.entries("recording.object_lost") == []
    assert served.archive.store.stat(frozen.recording.object_name) is None, "it stays where it is"
