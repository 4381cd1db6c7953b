"""What a checklist says, what is refused of one, and what several demand together."""

from __future__ import annotations

import pytest

from casework.checklists.checklist_file import (
    RECORDINGS,
    ActRule,
    acts_of,
    read_checklist,
    refuse_nonsense,
    together,
)
from casework.checklists.checklists import SHIPPED
from casework.rules.errors import RuleFileUnusable

HEAD = "jurisdiction: CN-test\nversion: 1\ntitle: {zh: 试行, en: trial}\nvalid_from: 2026-01-01\nacts:\n"
WHOLE = "{code: seizure, name: {zh: 查封, en: Sealing}, recording: whole, written_reason: false, closes_with_gap: false"


def test_an_act_says_what_it_needs_and_is_read_back_as_it_was_stored() -> None:
    file = read_checklist(
        f"{HEAD}  - {WHOLE}, devices: 2, allowed_gap_seconds: 5, closes_in_doubt: false, officers: 2, law: [第十八条]}}"
        "\n  - {code: other, name: {zh: 其他, en: Other}, recording: none}".encode()
    )
    seizure, other = file.acts
    assert (seizure.recording, seizure.devices, seizure.allowed_gap_seconds) == ("whole", 2, 5)
    assert (seizure.written_reason, seizure.closes_with_gap, seizure.closes_in_doubt) == (False, False, False)
    assert (seizure.officers, seizure.law) == (2, ("第十八条",))
    assert other == ActRule("other", "其他", "Other")
    assert acts_of(file.rules_as_json()) == file.acts


@pytest.mark.parametrize(
    ("acts", "problem", "line"),
    [
        ("  - {code: a, name: {zh: 甲, en: A}, recording: always}", "unknown", 6),
        ("  - {code: A b, name: {zh: 甲, en: A}, recording: none}", "no_code", 6),
        ("  - {code: a, name: {zh: 甲}, recording: none}", "missing", 6),
        (f"  - {WHOLE}, devices: 0}}", "too_many_devices", 6),
        (f"  - {WHOLE}, devices: true}}", "too_many_devices", 6),
        (f"  - {WHOLE}, allowed_gap_seconds: -1}}", "too_long_a_gap", 6),
        (f"  - {WHOLE}, allowed_gap_seconds: 1.5}}", "too_long_a_gap", 6),
        (f"  - {WHOLE}, officers: 3}}", "one_or_two", 6),
        (f"  - {WHOLE}, alowed_gap_seconds: 5}}", "unknown", 6),
        (f"  - {WHOLE}}}\n  - {WHOLE}}}", "twice", 7),
        (
            "  - {code: a, name: {zh: 甲, en: A}, recording: some, written_reason: true, closes_with_gap: maybe}",
            "no_truth",
            6,
        ),
        (
            "  - {code: a, name: {zh: 甲, en: A}, recording: some, written_reason: true, closes_with_gap: true,"
            " devices: 2}",
            "of_whole_recordings",
            6,
        ),
        ("  - {code: a, name: {zh: 甲, en: A}, recording: none, written_reason: true}", "of_whole_recordings", 6),
        ("  - {code: a, name: {zh: 甲, en: A}, recording: whole, closes_with_gap: false}", "missing", 6),
        ("  []", "empty", 5),
    ],
)
def test_a_mistake_is_named_with_its_line(acts: str, problem: str, line: int) -> None:
    with pytest.raises(RuleFileUnusable) as refused:
        read_checklist((HEAD + acts).encode())
    assert (refused.value.problem, refused.value.line) == (problem, line)


def test_two_acts_of_one_name_are_refused_when_it_is_loaded() -> None:
    text = f"{HEAD}  - {{code: a, name: {{zh: 甲, en: A}}, recording: none}}\n  - {{code: b, name: {{zh: 乙, en: a}}, "
    file = read_checklist(f"{text}recording: none}}".encode())
    with pytest.raises(RuleFileUnusable, match=r"name\.en"):
        refuse_nonsense(file)


def test_what_one_checklist_demands_another_does_not_take_away() -> None:
    strict = ActRule("a", "甲", "A", "whole", 1, 5, False, False, False, 2, ("法",))
    lax = ActRule("a", "乙", "B", "whole", 2, 60, True, True, True, 1, ("规", "法"))
    expected = ActRule("a", "甲", "A", "whole", 2, 5, False, False, False, 2, ("法", "规"))
    assert together([strict, lax]) == expected
    assert together([ActRule("a", "甲", "A"), strict]) == strict
    # A gap that is allowed to nothing but a photograph is not a second less of what has to be whole.
    some = ActRule("a", "乙", "B", "some", written_reason=True, closes_with_gap=True)
    both = together([strict, some])
    assert both is not None
    assert (both.recording, both.allowed_gap_seconds) == ("whole", 5)
    assert together([]) is None


def test_what_is_shipped_reads_well_and_has_its_law() -> None:
    files = [read_checklist(path.read_bytes()) for path in sorted(SHIPPED.glob("*.yaml"))]
    assert [(file.jurisdiction, file.version) for file in files] == [
        ("CN", 1),
        ("CN", 2),
        ("CN-CQ-jiangbei", 1),
        ("CN-CQ-jiangbei-duties", 1),
    ]
    for file in files:
        refuse_nonsense(file)
    assert all(act.duties and act.law for act in files[3].acts)  # S17, S18
    for file in files[:3]:
        rules = {act.code: act for act in file.acts}
        for code in ("seizure", "demolition"):  # S3
            assert (rules[code].recording, rules[code].closes_with_gap) == ("whole", False)
        for code in ("on_site", "evidence", "hearing", "service_posted"):  # S5
            assert (rules[code].recording, rules[code].written_reason) == ("some", True)
        assert all(act.law for act in file.acts if act.recording != RECORDINGS[0])
    assert {act.code: act for act in files[2].acts}["service_left"].written_reason is False  # S6
