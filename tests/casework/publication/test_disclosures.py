"""The catalogue of what is public beforehand: ten sections, in versions; and the board of posts by the register."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from casework.organisation import deactivate_person
from casework.publication.board import board_of
from casework.publication.disclosure_file import SECTIONS, read_disclosure, sections_of
from casework.publication.disclosures import disclosures_on, list_disclosures, load_disclosure, other_versions
from casework.retrieval.posts import name_to_post
from casework.rules.errors import RuleFileUnusable
from integrity.local_time import chinese_day
from tests.casework.publication.open_file import OPEN
from tests.casework.sample_archive import OPERATOR

NOW = datetime.now(UTC)
TODAY = chinese_day(NOW)


def test_a_file_has_all_ten_sections() -> None:
    sections = sections_of(read_disclosure(OPEN.encode()).rules_as_json())
    assert tuple(sections) == SECTIONS
    assert sections["flow"][0].lines == ("发现线索", "立案审批", "调查取证", "法制审核", "作出决定")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "  remedies:\n    - {title: 行政复议, text: 自知道决定之日起六十日内申请}\n",
            "",
            "sections.remedies is missing",
        ),
        ("    - {title: 户外广告设置, text: 每年抽查两次}\n", "    []\n", "sections.checks is empty"),
        ("text: 每年抽查两次", "text: ''", "sections.checks[1].text has to be text"),
        ("  duties:", "  duty:", "sections.duty is not known here"),
    ],
)
def test_what_is_missing_is_named(old: str, new: str, said: str) -> None:
    assert old in OPEN
    with pytest.raises(RuleFileUnusable) as caught:
        read_disclosure(OPEN.replace(old, new).encode())
    assert said in str(caught.value)
    assert caught.value.line > 0


def test_a_later_version_ends_the_one_before_and_both_stay(session: Session, archive: Any) -> None:
    unit = archive.unit()
    load_disclosure(session, OPERATOR, OPEN.encode(), NOW)
    begins = (TODAY + timedelta(days=10)).isoformat()
    later = OPEN.replace("version: 1", "version: 2\nsupersedes: 1").replace(
        "valid_from: 2026-01-01", f"valid_from: {begins}"
    )
    load_disclosure(session, OPERATOR, later.replace("每年抽查两次", "每季抽查").encode(), NOW)
    (now,) = disclosures_on(session, unit.id, TODAY)
    (then,) = disclosures_on(session, unit.id, TODAY + timedelta(days=10))
    assert (now.version, then.version, now.last_day) == (1, 2, TODAY + timedelta(days=9))
    assert [row.version for row in other_versions(session, then, TODAY + timedelta(days=10))] == [1]
    assert [row.version for row in list_disclosures(session)] == [2, 1]
    now.title_zh = "改"
    with pytest.raises(DBAPIError):
        session.flush()


def test_a_units_own_goes_before(session: Session, archive: Any) -> None:
    bureau = archive.unit()
    unit = archive.unit(bureau)
    load_disclosure(session, OPERATOR, OPEN.encode(), NOW)
    begins = (TODAY + timedelta(days=1)).isoformat()
    own = OPEN.replace("valid_from: 2026-01-01", f"valid_from: {begins}\nunit: {unit.code}")
    load_disclosure(session, OPERATOR, own.encode(), NOW)
    tomorrow = TODAY + timedelta(days=1)
    assert [row.unit_id for row in disclosures_on(session, unit.id, tomorrow)] == [unit.id]
    assert [row.unit_id for row in disclosures_on(session, bureau.id, tomorrow)] == [None]


def test_the_board_has_whoever_enforces_today(session: Session, archive: Any) -> None:
    unit = archive.unit()
    officer, chief = archive.person(unit, "officer"), archive.person(unit, "supervisor")
    gone, lapsed, uncertified = (archive.person(unit, "officer") for _ in range(3))
    archive.certify(officer, chief, gone)
    archive.certify(lapsed, since=date(2020, 1, 1), last_day=date(2021, 1, 1))
    archive.certify(archive.person(archive.unit(), "officer"))
    name_to_post(session, OPERATOR, chief.id, "chief")
    deactivate_person(session, OPERATOR, gone.id, "调离")
    lines = board_of(session, unit, TODAY)
    assert [(line.name, line.posts, line.badge_number) for line in lines] == [
        (chief.name, ("chief",), chief.badge_number),
        (officer.name, (), officer.badge_number),
    ]
    assert uncertified.name not in {line.name for line in lines}
