"""Files of terms and of a year's days off, read strictly; and which of several files goes before the others."""

from __future__ import annotations

from datetime import date

import pytest

from casework.deadlines.calendar import Calendar, read_year
from casework.deadlines.counting import due_day
from casework.deadlines.terms import SHIPPED, TermRules, read_terms, shipped_terms, with_tried
from casework.rules.errors import RuleFileUnusable

TERMS = """
jurisdiction: CN-test
version: 1
rank: 30
title: {zh: 试行, en: On trial}
valid_from: 2026-01-01
terms:
  service: {days: 3, counted: working_days, law: [试行办法 第一条]}
"""
YEAR = """
year: 2027
source: 国办发明电〔2026〕0号（样例）
days_off: [2027-01-01, 2027-02-08]
makeup_days: [2027-02-14]
"""


def test_shipped_files_cite_their_law_and_hold_together() -> None:
    files = shipped_terms()
    assert len(files) == len(list(SHIPPED.glob("*.yaml"))) == 6
    assert all(term.law for file in files for term in file.terms)
    TermRules(files)


def test_what_is_tried_goes_beside_the_shipped_and_a_city_before_the_nation() -> None:
    rules = with_tried(shipped_terms(), [read_terms(TERMS.encode())])
    found = rules.term("service", date(2026, 3, 9))
    assert found is not None
    assert (found[0].days, found[1].name) == (3, "CN-test 1")
    before = rules.term("service", date(2025, 12, 31))
    assert before is not None
    assert before[1].name == "CN-law 2"


def test_the_same_version_takes_the_place_of_the_shipped_one() -> None:
    text = (SHIPPED / "cn-law-2.yaml").read_text().replace("days: 90", "days: 60")
    found = with_tried(shipped_terms(), [read_terms(text.encode())]).term("decision", date(2026, 3, 9))
    assert found is not None
    assert found[0].days == 60


@pytest.mark.parametrize(
    ("old", "new", "where", "problem", "line"),
    [
        ("service:", "servise:", "terms.servise", "unknown", 8),
        ("days: 3, ", "", "terms.service.days", "missing", 8),
        ("days: 3", "days: 0", "terms.service.days", "too_many_days", 8),
        ("counted: working_days", "counted: days", "terms.service.counted days", "unknown", 8),
        ("law: [", "first_day_counts: 1, law: [", "terms.service.first_day_counts", "no_truth", 8),
        ("law: [", "at_day_off: stays, law: [", "terms.service.at_day_off", "of_calendar_days", 8),
        ("law: [试行办法 第一条]", "law: 试行办法", "terms.service.law", "not_a_list", 8),
        ("law: [试行办法 第一条]", "law: []", "terms.service.law", "empty", 8),
        ("law: [", "direction: before, law: [", "terms.service.direction", "unknown", 8),
        ("rank: 30", "rank: 30\nsupersedes: one", "supersedes", "no_number", 5),
        ("version: 1", "version: !!int x", "the file", "not_yaml", 0),
        ("version: 1", "version: !!bool x", "the file", "not_yaml", 0),
        ("valid_from: 2026-01-01", "valid_from: !!timestamp x", "the file", "not_yaml", 0),
        ("zh: 试行", "zh: 0x" + "F" * 5000, "title.zh", "no_text", 5),
        ("counted: working_days", "counted: 0x" + "F" * 5000, "terms.service.counted", "unknown", 8),
        ("rank: 30", "rank: 100", "rank", "no_rank", 4),
        ("valid_from: 2026-01-01", "valid_from: 2026-13-01", "valid_from", "no_day", 6),
        ("version: 1", "version: 1\nversion: 2", "version", "twice", 4),
        ("rank: 30", "rank 30", "the file", "not_yaml", 5),
    ],
)
def test_what_is_wrong_is_named_with_line_and_field(old: str, new: str, where: str, problem: str, line: int) -> None:
    text = TERMS.replace(old, new, 1)
    assert text != TERMS
    with pytest.raises(RuleFileUnusable) as refused:
        read_terms(text.encode())
    assert (refused.value.where, refused.value.problem, refused.value.line) == (where, problem, line)
    place = where if not line else f"line {line}" if where == "the file" else f"line {line}: {where}"
    assert str(refused.value).startswith(f"{place} ")


def test_the_next_version_takes_over_from_its_first_day_and_as_a_whole() -> None:
    text = TERMS.replace("CN-test", "CN-law").replace("version: 1", "version: 3").replace("rank: 30", "rank: 10")
    rules = with_tried(shipped_terms(), [read_terms(text.encode())])
    found = [rules.term("service", date(year, 12, 31)) for year in (2025, 2026)]
    assert [each[1].version for each in found if each is not None] == [2, 3]
    assert rules.term("decision", date(2026, 12, 31)) is None


def test_two_of_one_rank_for_one_day_are_refused() -> None:
    one, other = read_terms(TERMS.encode()), read_terms(TERMS.replace("CN-test", "CN-other").encode())
    with pytest.raises(RuleFileUnusable, match=r"terms\.service .*CN-other 1, CN-test 1"):
        TermRules((one, other))
    later = read_terms(TERMS.replace("CN-test", "CN-other").replace("rank: 30", "rank: 31").encode())
    TermRules((one, later))


def test_the_two_readings_of_the_law_are_settings() -> None:
    def due(start: str, kind: str = "service", **settings: str) -> date:
        rules = "".join(f", {name}: {value}" for name, value in settings.items())
        text = TERMS.replace("{days: 3, counted: working_days", f"{{days: 7, counted: working_days{rules}")
        text = text.replace("service:", f"{kind}:")
        (term,) = read_terms(text.encode()).terms
        return due_day(term, date.fromisoformat(start), Calendar()).day

    assert due("2026-03-09") == date(2026, 3, 18)
    assert due("2026-03-09", first_day_counts="true") == date(2026, 3, 17)
    # On a day off the day of the event is none of the seven, whatever the setting.
    assert due("2026-03-08", first_day_counts="true") == due("2026-03-08") == date(2026, 3, 17)
    assert due("2026-03-18", kind="hearing_notice") == date(2026, 3, 9)
    assert due("2026-03-18", kind="hearing_notice", whole_days="true") == date(2026, 3, 6)


def test_a_year_that_is_not_announced_gives_an_estimate_until_its_file_is_there() -> None:
    found = TermRules(shipped_terms()).term("service", date(2027, 2, 1))
    assert found is not None
    guess = due_day(found[0], date(2027, 2, 1), Calendar())
    assert (guess.day, guess.unannounced) == (date(2027, 2, 10), (2027,))
    known = due_day(found[0], date(2027, 2, 1), Calendar().over([read_year(YEAR.encode())]))
    # 8 February is off; Sunday the 14th comes too late to matter.
    assert (known.day, known.unannounced) == (date(2027, 2, 11), ())
    assert Calendar().over([read_year(YEAR.encode())]).is_working_day(date(2027, 2, 14))
    # What every year has off is off in the guess as well.
    assert not Calendar().is_working_day(date(2027, 10, 1))


def test_a_years_notice_may_change_the_december_before_it() -> None:
    text = YEAR.replace("[2027-01-01,", "[2026-12-31, 2027-01-01,").replace("[2027-02-14]", "[2026-12-27]")
    calendar = Calendar().over([read_year(text.encode())])
    assert not calendar.is_working_day(date(2026, 12, 31))
    assert calendar.is_working_day(date(2026, 12, 27))
    assert calendar.is_working_day(date(2026, 12, 30))
    with pytest.raises(RuleFileUnusable, match="year 2027 stands there twice"):
        Calendar().over([read_year(text.encode()), read_year(YEAR.encode())])


@pytest.mark.parametrize(
    ("old", "new", "where", "problem"),
    [
        ("2027-02-08", "2026-02-09", "days_off[2]", "other_year"),
        ("2027-02-08", "2028-12-29", "days_off[2]", "other_year"),
        ("2027-02-08", "2027-02-07", "days_off[2]", "off_already"),
        ("2027-02-14", "2027-02-15", "makeup_days[1]", "works_already"),
        ("year: 2027", "year: 27", "year", "no_year"),
        ("2027-02-08", "2月8日", "days_off[2]", "no_day"),
    ],
)
def test_a_day_that_is_no_exception_is_a_slip_of_the_pen(old: str, new: str, where: str, problem: str) -> None:
    with pytest.raises(RuleFileUnusable) as refused:
        read_year(YEAR.replace(old, new).encode())
    assert (refused.value.where, refused.value.problem) == (where, problem)
    assert refused.value.line > 0
