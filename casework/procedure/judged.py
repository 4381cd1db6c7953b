"""An act as it was judged: what its recordings come to, what it lacks besides, and what of it forbids closing."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from casework.checklists.checklist_file import ActRule
from casework.completeness.engine import Label, State, Verdict
from casework.procedure.acts import ActNow
from casework.procedure.footage import CaseFootage
from storage.catalog.procedure import ActExplanation


@dataclass(frozen=True)
class Stretch:
    """A part of an act, in true time. `explained_by`: explanations that stand for it, or wait to be confirmed."""

    starts_at: datetime
    ends_at: datetime
    state: State
    label: Label
    explained_by: tuple[uuid.UUID, ...]


@dataclass(frozen=True)
class JudgedAct:
    """An act with what its recordings come to. `until`: its end, or now while it is under way.

    `recordings` may have been made during it; `uncounted` are those that name no device, where several devices are
    demanded: nothing says that they are of another one; and of a session in a room those that are of no device of it.
    No `stretches` where no recording is asked for. `room_devices`: how many it has; None: it went on in no room.
    """

    act: ActNow
    rule: ActRule
    until: datetime
    verdict: Verdict
    stretches: tuple[Stretch, ...]
    recordings: tuple[CaseFootage, ...]
    uncounted: tuple[CaseFootage, ...]
    explanations: tuple[ActExplanation, ...]
    short_by: timedelta = timedelta(0)
    """What of it is neither recorded nor explained in any case, though nobody can say where: all footage that may have
    been made during it is not long enough."""
    room_devices: int | None = None
    duties_missing: tuple[str, ...] = ()
    """What of the rule's duties nobody has entered of it."""
    unserved: bool = False
    """A document was left in it, and nothing proves that it was served: then it was not (S6)."""

    @property
    def under_way(self) -> bool:
        return self.act.said.ends_at is None

    @property
    def forbids_closing(self) -> str | None:
        """under_way, missing, short, doubtful, duties or unserved; None: as far as this act goes it may be closed."""
        if self.under_way:
            return "under_way"
        if self.verdict == "incomplete" and not self.rule.closes_with_gap:
            return "missing"
        if self.short_by and not self.rule.closes_with_gap:
            return "short"
        if self.verdict == "doubtful" and not self.rule.closes_in_doubt:
            return "doubtful"
        if self.duties_missing and not self.rule.closes_without_duties:
            return "duties"
        return "unserved" if self.unserved else None

    @property
    def waits(self) -> bool:
        """Somebody has something to do about it: what forbids closing, what is missing, what is to be confirmed.
        Clocks that leave a doubt, where the rule lets it be, ask nothing of anybody."""
        missing = bool(self.short_by) or any(each.state == "missing" for each in self.open_stretches)
        return self.forbids_closing is not None or missing or bool(self.to_confirm)

    @property
    def to_confirm(self) -> tuple[ActExplanation, ...]:
        """Explanations that a superior has to decide on."""
        if self.rule.written_reason:
            return ()
        return tuple(each for each in self.explanations if each.state == "pending")

    @property
    def open_stretches(self) -> tuple[Stretch, ...]:
        """What is not covered and not explained, as far as it was confirmed where that is needed."""
        return tuple(each for each in self.stretches if each.state != "covered" and each.label != "confirmed")
