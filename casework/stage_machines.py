"""What leads where: the stages of a case (环节) by its procedure, by whom, and what must be there first.

This table is the database's too (`stage_step_roles` in migration 0022): a test holds the one against the other.
An officer decides on the spot what the law lets him decide there (行政处罚法 51–54, and what a check found); elsewhere
the head decides, here a supervisor (行政处罚法 57, 行政强制法 18).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from storage.catalog.casework import STAGES, UNSTATED

_CASEWORKERS: Final = ("officer", "supervisor")
_HEADS: Final = ("supervisor",)


@dataclass(frozen=True)
class StageStep:
    """`needs`: what must be there; words of StageNeeds (casework/errors.py)."""

    leads_from: str
    leads_to: str
    by: tuple[str, ...] = _CASEWORKERS
    needs: tuple[str, ...] = ()


_INVESTIGATE: Final = StageStep("initiation", "investigation")
_DECIDE: Final = StageStep("investigation", "decision")
_DONE_BY_OFFICERS: Final = StageStep("decision", "execution")
_DONE_BY_HEADS: Final = StageStep("decision", "execution", by=_HEADS)

MACHINES: Final[Mapping[str, tuple[StageStep, ...]]] = {
    "routine_check": (_INVESTIGATE, _DECIDE, _DONE_BY_OFFICERS),
    "random_check": (_INVESTIGATE, _DECIDE, _DONE_BY_OFFICERS),
    "coercive_measure": (_INVESTIGATE, _DECIDE, _DONE_BY_HEADS),
    # 当场: what the officer saw may be all the investigation there is.
    "simple_penalty": (StageStep("initiation", "decision"), _INVESTIGATE, _DECIDE, _DONE_BY_OFFICERS),
    "ordinary_penalty": (_INVESTIGATE, _DECIDE, _DONE_BY_HEADS),
    "hearing_penalty": (
        _INVESTIGATE,
        StageStep("investigation", "hearing"),
        StageStep("hearing", "decision", needs=("hearing_held",)),
        _DONE_BY_HEADS,
    ),
    # Cases of before procedures were stated: they get no further than what all procedures share.
    UNSTATED: (_INVESTIGATE,),
}


def stages_in(procedure: str) -> tuple[str, ...]:
    """The stages a case of this procedure goes through, in order; all but the hearing while it is unstated."""
    if procedure == UNSTATED:
        return tuple(stage for stage in STAGES if stage != "hearing")
    reached = {STAGES[0], *(step.leads_to for step in MACHINES[procedure])}
    return tuple(stage for stage in STAGES if stage in reached)


def optional_stages_in(procedure: str) -> frozenset[str]:
    """Those that a case may leave out, because another step leads past them."""
    order = stages_in(procedure)
    past: set[str] = set()
    for step in MACHINES[procedure]:
        past.update(order[order.index(step.leads_from) + 1 : order.index(step.leads_to)])
    return frozenset(past)


def steps_from(procedure: str, stage: str) -> tuple[StageStep, ...]:
    return tuple(step for step in MACHINES[procedure] if step.leads_from == stage)


def find_step(procedure: str, stage: str, wanted: str) -> StageStep | None:
    return next((step for step in steps_from(procedure, stage) if step.leads_to == wanted), None)
