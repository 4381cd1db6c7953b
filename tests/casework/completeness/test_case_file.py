"""The file of an act and its recordings: what is wrong is named with its place, and nothing is judged."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from casework.completeness.case_file import as_json, read_case_files
from casework.completeness.errors import CaseFileUnusable

CASE: dict[str, Any] = {
    "act": {"kind": "seizure", "start": "2026-03-09T23:50:00+08:00", "end": "2026-03-10T00:10:00+08:00"},
    "min_devices": 1,
    "allowed_gap_s": 0.5,
    "recordings": [
        {
            "id": "R1",
            "device": "AB00001",
            "start": "2026-03-09T15:40:00.25Z",
            "end": "2026-03-09T16:05:00.25Z",
            "clock_offset_s": 0.1,
            "clock_uncertainty_s": 1.15,
        }
    ],
    "explanations": [
        {"start": "2026-03-10T00:04:00+08:00", "end": "2026-03-10T01:00:00+08:00", "by": "李伟", "confirmed_by": "刘洋"}
    ],
}


def changed(path: str, value: Any) -> bytes:
    case = copy.deepcopy(CASE)
    place: Any = case
    *above, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    for part in above:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(case).encode()


def test_what_it_says_is_exact_to_the_microsecond() -> None:
    (case,), is_list = read_case_files(json.dumps(CASE).encode())
    assert not is_list
    # 00:05:00.25, less 0.1 of offset, give or take 1.15.
    assert as_json(case.demand.span, case.judge()) == {
        "verdict": "complete_with_explanations",
        "exact": [
            [0, 899, "covered", "none"],
            [899, 901.3, "doubtful", "confirmed"],
            [901.3, 1200, "missing", "confirmed"],
        ],
    }


@pytest.mark.parametrize(
    ("path", "value", "where", "problem"),
    [
        ("act", ..., "act", "missing"),
        ("act", [], "act", "no_object"),
        ("act.kind", "", "act.kind", "no_text"),
        ("act.start", "2026-03-09T23:50:00", "act.start", "no_instant"),
        ("act.start", 12, "act.start", "no_instant"),
        ("act.start", "1889-03-09T23:50:00Z", "act.start", "no_such_year"),
        ("act.end", "2026-03-09T23:50:00+08:00", "act.end", "no_length"),
        ("min_devices", 0, "min_devices", "no_count"),
        ("min_devices", True, "min_devices", "no_count"),
        ("min_devices", 1.5, "min_devices", "no_count"),
        ("allowed_gap_s", -1, "allowed_gap_s", "negative_seconds"),
        ("allowed_gap_s", 1e300, "allowed_gap_s", "negative_seconds"),
        ("allowed_gap_s", "5", "allowed_gap_s", "negative_seconds"),
        ("recordings", ..., "recordings", "missing"),
        ("recordings", {}, "recordings", "no_list"),
        ("recordings.0", 1, "recordings[0]", "no_object"),
        ("recordings.0.id", ..., "recordings[0].id", "missing"),
        ("recordings.0.device", None, "recordings[0].device", "no_text"),
        ("recordings.0.end", "2026-03-09T15:40:00Z", "recordings[0].end", "ends_before_it_begins"),
        ("recordings.0.clock_offset_s", ..., "recordings[0].clock_offset_s", "missing"),
        ("recordings.0.clock_offset_s", None, "recordings[0].clock_offset_s", "half_a_clock"),
        ("recordings.0.clock_offset_s", "1", "recordings[0].clock_offset_s", "no_seconds"),
        ("recordings.0.clock_uncertainty_s", -0.1, "recordings[0].clock_uncertainty_s", "negative_seconds"),
        ("explanations.0.by", 7, "explanations[0].by", "no_text"),
        ("explanations.0.start", ..., "explanations[0].start", "missing"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: str, value: Any, where: str, problem: str) -> None:
    for content, prefix in (
        (changed(path, value), ""),
        (b"[" + changed("act.kind", "x") + b"," + changed(path, value) + b"]", "[1]"),
    ):
        with pytest.raises(CaseFileUnusable) as refused:
            read_case_files(content)
        assert refused.value.where == (f"{prefix}.{where}" if prefix else where)
        assert refused.value.problem == problem
        assert where in str(refused.value)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff\xfe{}", b'{"act": NaN}', b"[" * 100_000, b'"text"', b"[[]]", b"9" * 5000]
)
def test_what_is_no_case_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(CaseFileUnusable):
        read_case_files(content)


def test_a_recording_twice_counts_once_and_an_id_names_one() -> None:
    twice = copy.deepcopy(CASE)
    twice["min_devices"] = 2
    twice["recordings"] *= 2
    (case,), _ = read_case_files(json.dumps(twice).encode())
    assert len(case.footage) == 1
    assert case.judge().verdict == "incomplete"
    # Recorders that number their files by themselves may have come to the same number.
    twice["recordings"][1] = {**twice["recordings"][0], "device": "AB00002"}
    (case,), _ = read_case_files(json.dumps(twice).encode())
    assert len(case.footage) == 2
    twice["recordings"][1] = {**twice["recordings"][0], "end": "2026-03-09T16:06:00Z"}
    with pytest.raises(CaseFileUnusable) as refused:
        read_case_files(json.dumps(twice).encode())
    assert refused.value.problem == "other_under_one_id"


def test_only_a_named_officer_explains_and_only_somebody_else_confirms() -> None:
    def labels(by: Any, confirmed_by: Any) -> set[str]:
        case = copy.deepcopy(CASE)
        case["explanations"][0] |= {"by": by, "confirmed_by": confirmed_by}
        (read,), _ = read_case_files(json.dumps(case).encode())
        return {each.label for each in read.judge().stretches if each.state != "covered"}

    assert labels("李伟", "刘洋") == {"confirmed"}
    assert labels("李伟", None) == labels("李伟", "李伟") == labels("李伟", " 李伟 ") == {"pending"}
    assert labels(None, "刘洋") == labels("  ", "刘洋") == labels("\u200b", "刘洋") == {"none"}
    # The same person, otherwise written.
    for by, again in (("李伟", "李 伟"), ("李伟", "李伟\u200b"), ("Li Wei", "ｌｉ wei"), ("é", "e\u0301")):
        assert labels(by, again) == {"pending"}


def test_a_name_twice_is_refused_and_one_that_is_not_known_is_told() -> None:
    with pytest.raises(CaseFileUnusable) as refused:
        read_case_files(b'{"act": 1, "act": 2}')
    assert (refused.value.where, refused.value.problem) == ("act", "twice")
    (case,), _ = read_case_files(changed("min_device", 2))
    assert (case.unknown, case.demand.devices) == (("min_device",), 1)
    (case,), _ = read_case_files(changed("recordings.0.\x1bname", 2))
    assert case.unknown == ("recordings[0].�name",)
    (case,), _ = read_case_files(changed("explanations", None))
    assert case.explanations == ()


def test_a_list_keeps_its_order_and_may_be_empty() -> None:
    cases, is_list = read_case_files(b"[" + changed("min_devices", 2) + b"," + changed("min_devices", 1) + b"]")
    assert is_list
    assert [case.demand.devices for case in cases] == [2, 1]
    assert read_case_files(b"[]") == ([], True)
