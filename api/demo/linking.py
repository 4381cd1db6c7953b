"""Every recording finds its case: by device, officer and time; by somebody's answer; or by hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from api.demo.cast import MAIN_CASE
from api.demo.client import ApiClient, Facts
from api.demo.errors import require
from api.demo.narration import Narrator
from api.demo.waiting import wait_for
from api.words.tables import word_for

_LONGEST_WAIT_SECONDS = 300.0
_LONGEST_LIST = 12


@dataclass(frozen=True)
class Linked:
    """How many recordings came into the case in each way."""

    by_window: int
    by_answer: int
    by_hand: int


def link_everything(
    officer: ApiClient, cases: Mapping[str, str], recording_ids: Collection[str], narrator: Narrator
) -> Linked:
    """Bring every recording into the main case. Raises CheckFailed when one is in none afterwards."""
    main_id = cases[MAIN_CASE.number]
    unlinked = wait_for_linker(officer)
    by_window = len(recording_ids) - len(unlinked)
    narrator.held(
        f"{by_window} 条记录按设备、人员和时间自动关联", f"{by_window} linked by device, officer and time window"
    )
    by_answer = _answer_questions(officer, main_id, narrator)
    by_hand = 0
    for each in _unlinked(officer):
        link_by_hand(officer, main_id, each, narrator, quiet=by_hand >= _LONGEST_LIST)
        by_hand += 1
    _put_right(officer, main_id, recording_ids)
    narrator.held(f"{len(recording_ids)} 条记录都已归入 {MAIN_CASE.number}", "every recording is in the case now")
    return Linked(by_window, by_answer, by_hand)


def wait_for_linker(officer: ApiClient) -> list[Facts]:
    """Recordings that are in no case although the linker has looked at each. Raises TookTooLong."""

    def looked_at() -> list[Facts] | None:
        unlinked = _unlinked(officer)
        return None if any(each["outcome"] in (None, "again") for each in unlinked) else unlinked

    return wait_for(looked_at, "自动关联", "the linker looks at every recording", _LONGEST_WAIT_SECONDS)


def _unlinked(officer: ApiClient) -> list[Facts]:
    return list(officer.items("/api/v1/unlinked"))


def _answer_questions(officer: ApiClient, case_id: str, narrator: Narrator) -> int:
    questions = list(officer.items("/api/v1/link-questions"))
    for each in questions:
        numbers = ", ".join(candidate["case"]["number"] for candidate in each["candidates"])
        name = each["recording"]["original_name"]
        narrator.say(
            f"{name} 可能属于 {numbers}，系统不猜测，由{officer.name}确认", "two cases are possible: a person decides"
        )
        officer.post(f"/api/v1/link-questions/{each['id']}/answer", {"case_id": case_id})
    return len(questions)


def link_by_hand(officer: ApiClient, case_id: str, unlinked: Facts, narrator: Narrator, *, quiet: bool) -> None:
    """Put one of `wait_for_linker` into the case."""
    recording = unlinked["recording"]
    form = {"recording_id": recording["id"], "stage": "investigation", "reason": "演示：同一现场的影像"}
    officer.post(f"/api/v1/cases/{case_id}/links", form)
    if not quiet:
        name = recording["original_name"]
        why = word_for("link_outcome", str(unlinked["outcome"]))
        narrator.say(f"{name} 手工关联案件：{why}", f"linked by hand: {unlinked['outcome']}")


def _put_right(officer: ApiClient, case_id: str, recording_ids: Collection[str]) -> None:
    """What the linker had put into the other case alone comes to the main one too, which is what is exported."""
    in_case = {str(link["recording_id"]) for link in officer.get(f"/api/v1/cases/{case_id}")["links"]}
    for recording_id in sorted(set(recording_ids) - in_case):
        form = {"recording_id": recording_id, "stage": "investigation", "reason": "演示：并入主案"}
        officer.post(f"/api/v1/cases/{case_id}/links", form)
    linked = {str(link["recording_id"]) for link in officer.get(f"/api/v1/cases/{case_id}")["links"]}
    require(linked == set(recording_ids), "每条记录都在案件中", "every recording is in the case")
