"""What search finds in real rows: by any two neighbouring signs, of the own unit, and nothing kept from one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from casework.archiving.secrecy import state_secrecy
from casework.errors import WordUnknown
from casework.recordings.states import is_in_state
from casework.search.found import KINDS, Asked, Found, search
from casework.search.words import Words
from retention.paging import Page
from storage.catalog.casework import Case
from storage.catalog.organisation import Person
from storage.catalog.recordings import MEDIA_STATES, Recording
from tests.casework.sample_archive import NOW


def find(session: Session, person: Person, kind: str, words: str, **more: Any) -> Page[Found]:
    session.flush()
    page = {name: more.pop(name) for name in ("after", "limit") if name in more}
    return search(session, person, kind, Asked(Words.parse(words), **more), **page)


def ids(page: Page[Found]) -> list[Any]:
    return [each.id for each in page.items]


@pytest.mark.parametrize(
    "words", ["占道", "道经", "经营", "占道经营", "观音桥 占道", "观音桥街道占道经营", "经营 占道"]
)
def test_a_case_is_found_by_any_two_neighbouring_signs_of_its_title(
    archive: Any, session: Session, officer: Person, words: str
) -> None:
    case = archive.case(officer, "观音桥街道占道经营")
    archive.case(officer, "乱倒建筑垃圾")
    page = find(session, officer, "cases", words)
    assert ids(page) == [case.id]
    assert [each.field for each in page.items[0].matched] == ["title"]


@pytest.mark.parametrize("words", ["道占", "占营", "观音桥 违建", "%%", "__", "\\\\"])
def test_signs_that_do_not_stand_together_find_nothing_and_wildcards_are_signs(
    archive: Any, session: Session, officer: Person, words: str
) -> None:
    archive.case(officer, "占道经营")
    assert find(session, officer, "cases", words).items == ()


def test_a_percent_sign_is_found_as_itself(archive: Any, session: Session, officer: Person) -> None:
    case = archive.case(officer, "油烟超标50%以上")
    archive.case(officer, "油烟超标50倍以上")
    assert ids(find(session, officer, "cases", "50%")) == [case.id]


def test_a_case_is_found_by_part_of_its_number_whatever_the_width(
    archive: Any, session: Session, officer: Person
) -> None:
    case = archive.case(officer)
    number = case.number.removeprefix("江城罚〔2026〕")
    page = find(session, officer, "cases", f"江城罚〔２０２６〕{number}")
    assert ids(page) == [case.id]
    assert page.items[0].matched[0].field == "number"


def test_pages_follow_one_another_by_their_cursor(archive: Any, session: Session, officer: Person) -> None:
    made = {archive.case(officer, "占道经营").id for _ in range(5)}
    first = find(session, officer, "cases", "占道", limit=2)
    second = find(session, officer, "cases", "占道", limit=2, after=first.next)
    last = find(session, officer, "cases", "占道", limit=2, after=second.next)
    found = [*ids(first), *ids(second), *ids(last)]
    assert (len(found), set(found), last.next) == (5, made, None)


def test_nothing_of_another_unit_is_found_but_people_below_by_who_lists_them(
    archive: Any, session: Session, officer: Person, unit: Any
) -> None:
    below = archive.unit(parent=unit)
    stranger = archive.person(below, "officer")
    stranger.name = "欧阳建国"
    archive.case(stranger, "占道经营")
    archive.recording(below, original_name="欧阳现场.MP4")
    for kind in KINDS:
        assert find(session, officer, kind, "欧阳").items == ()
    assert find(session, officer, "cases", "占道").items == ()
    administrator = archive.person(unit, "administrator")
    assert ids(find(session, administrator, "people", "阳建")) == [stranger.id]
    assert find(session, archive.person(archive.unit(), "auditor"), "people", "欧阳").items == ()


def test_a_recording_is_found_by_its_name_its_device_and_its_officer(
    archive: Any, session: Session, officer: Person, unit: Any
) -> None:
    recording = archive.recording(unit, original_name="拆除现场.MP4", device="DSJ0077", officer="B9900")
    archive.recording(unit, original_name="其他.MP4", device="DSJ0078", officer="B9901")
    for words, field in (("除现", "original_name"), ("dsj0077", "device"), ("B9900", "officer")):
        page = find(session, officer, "recordings", words)
        assert ids(page) == [recording.id]
        assert field in [each.field for each in page.items[0].matched]


def test_what_a_class_of_secrecy_keeps_is_not_found_either(
    archive: Any, session: Session, officer: Person, unit: Any
) -> None:
    supervisor, colleague = archive.person(unit, "supervisor"), archive.person(unit, "officer")
    case: Case = archive.case(officer, "占道经营")
    recording = archive.recording(unit, original_name="隐私现场.MP4")
    archive.link(recording, case, officer)
    session.flush()
    assert ids(find(session, colleague, "recordings", "隐私")) == [recording.id]
    state_secrecy(session, officer, case.id, "privacy", "当事人隐私", licensed=False)
    assert find(session, colleague, "recordings", "隐私").items == ()
    assert ids(find(session, supervisor, "recordings", "隐私")) == [recording.id]
    assert ids(find(session, colleague, "cases", "占道")) == [case.id]


def test_times_narrow_from_the_first_until_before_the_last(
    archive: Any, session: Session, officer: Person, unit: Any
) -> None:
    early = archive.recording(unit, original_name="现场一.MP4", received_at=NOW - timedelta(days=2))
    late = archive.recording(unit, original_name="现场二.MP4", received_at=NOW)
    assert ids(find(session, officer, "recordings", "现场")) == [late.id, early.id]
    assert ids(find(session, officer, "recordings", "现场", since=NOW)) == [late.id]
    assert ids(find(session, officer, "recordings", "现场", until=NOW)) == [early.id]


def test_a_kind_that_there_is_not_is_refused(session: Session, officer: Person) -> None:
    with pytest.raises(WordUnknown):
        find(session, officer, "devices", "占道")


@pytest.mark.parametrize("state", [*MEDIA_STATES, "nonsense"])
@pytest.mark.parametrize("sealed", MEDIA_STATES)
@pytest.mark.parametrize("decoded", [None, "intact", "damaged", "not_decoded"])
@pytest.mark.parametrize("reason", ["not_media", "not_probed_in_time"])
def test_a_list_by_state_is_what_is_known_of_each_recording_now(
    archive: Any, session: Session, unit: Any, state: str, sealed: str, decoded: str | None, reason: str
) -> None:
    row = archive.recording(unit, media_state=sealed, findings={"reasons": [{"code": reason, "facts": {}}]})
    if decoded is not None:
        archive.decoded(row, decoded)
    listed = session.scalars(
        select(Recording.id).where(is_in_state(state, unit.id), Recording.unit_id == unit.id)
    ).all()
    assert listed == ([row.id] if row.state_now == state else [])
    settled = sealed == "opens" or (sealed == "unreadable" and reason == "not_probed_in_time")
    assert row.state_now == (decoded if settled and decoded in ("intact", "damaged") else sealed)


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT id FROM \"case\" WHERE sought LIKE '%违违建建%'", "ix_case_sought"),
        ("SELECT id FROM recording WHERE sought LIKE '%00771122%'", "ix_recording_sought"),
        ("SELECT id FROM person WHERE sought LIKE '%欧欧阳阳%'", "ix_person_sought"),
        ("SELECT id FROM document_text WHERE sought LIKE '%违违建建%'", "ix_document_text_sought"),
        ("SELECT id FROM document_number WHERE sought LIKE '%责责改改%'", "ix_document_number_sought"),
        ("SELECT id FROM case_act_statement WHERE sought LIKE '%建建新新%'", "ix_case_act_statement_sought"),
    ],
)
def test_two_signs_are_something_that_the_index_of_trigrams_can_find(
    session: Session, statement: str, index: str
) -> None:
    # Over a handful of rows reading them all is cheaper: whether the index serves at all is what is asked here.
    session.execute(text("SET LOCAL enable_seqscan = off"))
    plan = "\n".join(session.execute(text(f"EXPLAIN {statement}")).scalars())
    assert index in plan
