"""What went to the city's platform, over HTTP: its state on the page, sent again by whoever publishes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.archive import Archive
from api.tasks.housekeeping import push_all_due
from tests.api.http.publishing import PublishingDesk, make_publishing_desk
from tests.api.pages.test_every_page import check_markup
from tests.platform_receiver import Receiver, says, takes

CHINESE = {"Accept-Language": "zh"}


@pytest.fixture
def desk(served: Any) -> PublishingDesk:
    return make_publishing_desk(served)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver(says(422, "缺少 <b>字段</b>".encode()), takes())
    yield receiver
    receiver.close()


def pushing_to(served: Any, receiver: Receiver) -> Archive:
    """The archive as a worker has it that was told of a platform."""
    named = {"push_url": receiver.url, "push_token": "geheim"}
    archive: Archive = replace(served.archive, settings=served.archive.settings.model_copy(update=named))
    return archive


def test_what_was_refused_is_shown_and_sent_again_by_whoever_publishes(
    served: Any, desk: PublishingDesk, receiver: Receiver
) -> None:
    public = desk.publish(desk.decide())
    (waiting,) = public["pushes"]
    assert (waiting["action"], waiting["state"], waiting["attempts"]) == ("publish", "waiting", 0)
    here = f"/publications/{public['id']}"
    assert "推送市级平台" not in desk.publisher.get(here, headers=CHINESE).text
    assert push_all_due(served.archive, datetime.now(UTC)) == 0
    archive = pushing_to(served, receiver)
    assert push_all_due(archive, datetime.now(UTC)) == 0
    page = desk.publisher.get(here, headers=CHINESE).text
    for said in ("推送市级平台", "平台拒收", "缺少 &lt;b&gt;字段&lt;/b&gt;", "重新推送", "LIUHEN_PUSH_URL"):
        assert said in page
    check_markup(page)
    listed = desk.publisher.get("/publications", headers=CHINESE).text
    assert "市级平台拒收的推送" in listed
    check_markup(listed)
    assert "重新推送" not in desk.officer.get(here, headers=CHINESE).text
    again = f"/api/v1/pushes/{waiting['id']}/retry"
    assert desk.officer.post(again).status_code == 403
    assert desk.stranger.post(again).status_code == 403
    assert served.caller().post(again).status_code == 401
    assert desk.publisher.post(again).status_code == 200
    refused = desk.publisher.post(again, headers=CHINESE)
    assert (refused.status_code, "平台没有拒收" in refused.text) == (409, True)
    assert "应于" not in desk.publisher.get(here, headers=CHINESE).text
    served.as_owner("UPDATE publication_step SET taken_at = taken_at - interval '7 hours' WHERE step = 'published'")
    for path, said in ((here, "应于"), ("/publications", "逾期未送达市级平台的推送")):
        late = desk.publisher.get(path, headers=CHINESE).text
        assert said in late
        assert "&lt;time" not in late
        check_markup(late)
    assert push_all_due(archive, datetime.now(UTC) + timedelta(seconds=1)) == 1
    assert "逾期未送达" not in desk.publisher.get("/publications", headers=CHINESE).text
    assert [each.headers["authorization"] for each in receiver.asked] == ["Bearer geheim"] * 2
    (taken,) = desk.publisher.get(f"/api/v1/publications/{public['id']}").json()["pushes"]
    assert (taken["state"], taken["receipt"], taken["problem"]) == ("accepted", "CQ-2026-1", None)
    assert "CQ-2026-1" in desk.publisher.get(here, headers=CHINESE).text
