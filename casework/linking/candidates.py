"""Which cases a recording may belong to, with what speaks for each, and whether one of them is clear."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from casework.linking.scoring import (
    ASKED_FROM,
    AT_THE_SCENE,
    CLEAR_BY,
    INSIDE_FROM,
    LINKS_FROM,
    SURELY_INSIDE_FROM,
    TIME_POINTS,
    VOUCHED,
    Observed,
    Reason,
    Work,
    weigh_case,
)
from storage.measures import shifted

MOST_CHOICES = 8
DEVICE_CODES = (
    "device",
    "officer_and_device",
    "holder_and_device",
    "device_issued",
    "device_in_room",
    "device_of_another",
)
OFFICER_CODES = (
    "officer",
    "officer_and_device",
    "officer_other_device",
    "officer_against_register",
    "holder",
    "holder_and_device",
)


@dataclass(frozen=True)
class Candidate:
    """A case, its score, and the reasons; `stage` is the best assignment's."""

    case_id: uuid.UUID
    stage: str
    score: int = 0
    reasons: tuple[Reason, ...] = ()
    assignment_ids: tuple[uuid.UUID, ...] = field(default=())
    closed: bool = False
    """Footage comes late, also of a case that was closed on the spot; into one that is closed a person puts it."""
    ceiling: int = 0
    """What it would score, its clock undoubted, if the scene that nobody stated were where the recording was made."""

    @property
    def undoubted(self) -> int:
        """Without the clock's doubt: that speaks against linking, but for no other case."""
        return self.score - sum(reason.points for reason in self.reasons if reason.code == "clock_in_doubt")

    @property
    def vouched(self) -> bool:
        """Whether anybody but the uploader says who recorded it."""
        return any(reason.code in VOUCHED for reason in self.reasons)

    @property
    def inside(self) -> bool:
        """Whether so much of it lies in the duty that it was hardly made on the way there or back."""
        for reason in self.reasons:
            if reason.code.startswith("time_"):
                surely = reason.code in ("time_satellites", "time_learnt")
                return reason.points >= (SURELY_INSIDE_FROM if surely else INSIDE_FROM) * TIME_POINTS
        return False

    @property
    def matched(self) -> tuple[str, ...]:
        """ "device", "officer" or both."""
        codes = {reason.code for reason in self.reasons}
        named = (("device", DEVICE_CODES), ("officer", OFFICER_CODES))
        return tuple(name for name, telling in named if codes & set(telling))

    def reasons_as_json(self) -> list[dict[str, str | int]]:
        return [reason.as_json() for reason in self.reasons]

    def as_json(self) -> dict[str, Any]:
        return {
            "case_id": str(self.case_id),
            "stage": self.stage,
            "matched": list(self.matched),
            "assignments": [str(assignment_id) for assignment_id in self.assignment_ids],
            "score": self.score,
            "reasons": self.reasons_as_json(),
        }


def find_candidates(
    observed: Observed, works: Iterable[Work], standing: Collection[uuid.UUID] = ()
) -> tuple[Candidate, ...]:
    """The best first; a repeat over the same facts finds the same. Closed cases are among them: what was at work then
    is what matters, and a recording of one that was closed on the spot must not go to its neighbour.
    """
    first, last = observed.moment.earliest, shifted(observed.moment.latest, observed.length)
    by_case: dict[uuid.UUID, list[Work]] = {}
    touched = set()
    for work in works:
        by_case.setdefault(work.case_id, []).append(work)
        if work.start <= last and work.end > first:
            touched.add(work.case_id)
    found = [
        _candidate(observed, case_id, of_case, case_id in standing)
        for case_id, of_case in by_case.items()
        if case_id in touched
    ]
    worth = [each for each in found if each is not None and each.score >= ASKED_FROM]
    return tuple(sorted(worth, key=lambda each: (-each.score, str(each.case_id))))[:MOST_CHOICES]


def best_of_each(found: Sequence[Sequence[Candidate]]) -> tuple[Candidate, ...]:
    """Of several ways to see one recording: each case as it looks best, the best first."""
    if len(found) == 1:
        return tuple(found[0])
    best: dict[uuid.UUID, Candidate] = {}
    for each in sorted((each for one in found for each in one), key=lambda each: (-each.score, str(each.case_id))):
        best.setdefault(each.case_id, each)
    return tuple(best.values())[:MOST_CHOICES]


def clear_one(candidates: Sequence[Candidate]) -> Candidate | None:
    """The best, when it is open, the register speaks for it, it has points enough, lies in its duty, and every other is
    far behind, were its unstated scene the right one."""
    if not candidates or candidates[0].score < LINKS_FROM:
        return None
    best, others = candidates[0], candidates[1:]
    if best.closed or not best.vouched or not best.inside:
        return None
    # Where the best is ahead by its scene, a case whose scene nobody stated might be there as well.
    by_scene = any(reason.code == "at_the_scene" for reason in best.reasons)
    behind = (best.undoubted - max(each.undoubted, each.ceiling if by_scene else 0) for each in others)
    return best if all(points >= CLEAR_BY for points in behind) else None


def _candidate(observed: Observed, case_id: uuid.UUID, works: Sequence[Work], stands: bool) -> Candidate | None:
    scored = weigh_case(observed, case_id, works)
    if scored is None:
        return None
    score, fitting = scored
    could_be = AT_THE_SCENE if observed.place is not None and all(work.place is None for work in fitting) else 0
    ids = tuple(work.id for work in fitting)
    closed = not stands and any(work.closed for work in works)
    found = Candidate(case_id, fitting[0].stage, score.points, score.reasons, ids, closed)
    return replace(found, ceiling=found.undoubted + could_be)
