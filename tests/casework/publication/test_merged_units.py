"""What a merged unit published, collected or decided goes on by its successor's people, and can be taken down."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from casework.publication.collecting import Said, restate
from casework.publication.duties import name_to_duty
from casework.publication.listing import publication_now
from casework.publication.posting import file_evidence, post, remove
from casework.publication.stepping import take_down
from integrity.local_time import chinese_day
from storage.catalog.organisation import Unit
from storage.catalog.publication import PublicationPosting, PublicationVersion
from tests.casework.publication.press import Press
from tests.casework.sample_archive import OPERATOR, REVIEW_KEYS
from tests.casework.test_merging import merge

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def hand_over(press: Press) -> Unit:
    """The unit is merged, and its press goes on with new people of the successor, but for whoever handles its cases."""
    archive = press.bench.archive
    unit = press.session.get_one(Unit, press.collector.unit_id)
    successor: Unit = archive.unit(press.session.get_one(Unit, unit.parent_id))
    theirs = [archive.person(successor, role) for role in ("supervisor", "supervisor", "publisher")]
    merge(press.session, unit, successor)
    press.session.refresh(press.collector)
    press.reviewers, press.publisher = (theirs[0], theirs[1]), theirs[2]
    duties = [(press.collector, "collect"), (press.collector, "transmit"), (press.publisher, "publish")]
    for person, duty in (*duties, *((each, "review") for each in press.reviewers)):
        press.session.refresh(person)
        assert person.unit_id == successor.id
        name_to_duty(press.session, OPERATOR, person.id, duty)
    return unit


def post_now(press: Press, version: PublicationVersion) -> PublicationPosting:
    now = datetime.now(UTC)
    where: dict[str, Any] = {"channel": "website", "place": "https://www.example.gov.cn/gs/1"}
    where |= {"posted_on": chinese_day(now), "keys": REVIEW_KEYS, "now": now}
    return post(press.session, press.publisher, version.publication_id, **where)


def test_what_was_published_before_is_corrected_posted_and_taken_down_after(press: Press) -> None:
    first = press.published()
    before = post_now(press, first)
    unit = hand_over(press)
    file_evidence(press.session, press.publisher, before.id, "截图.png", PNG)
    remove(press.session, press.publisher, before.id, "已从网站删除", datetime.now(UTC))
    said = Said(conclusion="罚款二百元整")
    now = datetime.now(UTC)
    second = restate(press.session, press.collector, first.publication_id, said, "措辞", now, former=first.id)
    press.let_pass(second)
    press.publish(second)
    assert press.row(second).shown_version_id == second.id
    after = post_now(press, second)
    evidence = file_evidence(press.session, press.publisher, after.id, "截图.png", PNG)
    take_down(press.session, press.publisher, first.publication_id, "inaccurate", "文字有误", datetime.now(UTC))
    assert press.row(second).shown_version_id is None
    shown = publication_now(press.session, first.publication_id)
    assert [each.step for each in shown.steps] == [*(["transmitted", "passed", "published"] * 2), "taken_down"]
    assert {each.unit_id for each in (*shown.versions, *shown.steps, after, evidence)} == {unit.id}


def test_what_was_collected_before_is_passed_published_and_taken_down_after(press: Press) -> None:
    version = press.collect(press.issued())
    unit = hand_over(press)
    press.let_pass(version)
    assert press.publish(version).unit_id == unit.id
    take_down(press.session, press.publisher, version.publication_id, "inaccurate", "文字有误", datetime.now(UTC))
    assert press.row(version).shown_version_id is None


def test_what_was_decided_before_is_collected_and_published_after(press: Press) -> None:
    event = press.issued()
    unit = hand_over(press)
    version = press.published(event)
    assert (version.unit_id, press.row(version).shown_version_id) == (unit.id, version.id)
