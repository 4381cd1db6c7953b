"""How complete the recordings of one act are: covered, doubtful and missing moments, what explains them, the verdict.

Times are whole microseconds of true time on one axis, whichever; spans are half-open. A moment is covered when as many
devices as the act needs record it for every error that their clocks may have, missing when fewer do for any error, and
doubtful otherwise; a short hole in what is covered is covered too. What has holes covers nothing for sure. More footage
never makes any of it worse (tests/casework/completeness/test_more_footage.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from casework.completeness.spans import Span, Spans, pieces, shifted_always, shifted_ever, union, within_at_least

State = Literal["covered", "doubtful", "missing"]
Label = Literal["none", "pending", "confirmed"]
Verdict = Literal["incomplete", "doubtful", "complete_with_explanations", "complete"]
VERDICTS: Final[tuple[Verdict, ...]] = ("incomplete", "doubtful", "complete_with_explanations", "complete")
"""The worst first. `incomplete` refuses closing; what `doubtful` does, the rule of the act decides."""
_ALWAYS: Final[Spans] = ((-(1 << 62), 1 << 62),)


@dataclass(frozen=True)
class Clock:
    """What is known of a device's clock while it made a file: true time is the stamp less `offset`, give or take
    `uncertainty`. Files of one device with the same two come from one clock, which errs in all of them alike; `name`
    tells clocks apart that are known to be others all the same."""

    offset: int
    uncertainty: int
    name: str = ""


@dataclass(frozen=True)
class Footage:
    """One recording, by the stamps of its device; without a clock its stamps are worth nothing. `held`: of one with
    holes, nobody knows where, how many microseconds of it there are at most; None of one that is whole."""

    device: str
    stamped: Span
    clock: Clock | None
    held: int | None = None

    @property
    def most(self) -> int:
        """Microseconds that it can show."""
        length = max(0, self.stamped[1] - self.stamped[0])
        return length if self.held is None else min(length, self.held)


@dataclass(frozen=True)
class Explanation:
    """Why there is nothing to see. `confirmed`: by somebody else than the named officer who gives it."""

    span: Span
    confirmed: bool


@dataclass(frozen=True)
class Demand:
    """The act from its first to its last event: so many devices at once, holes no longer than `allowed_gap` between."""

    span: Span
    devices: int = 1
    allowed_gap: int = 0


@dataclass(frozen=True)
class Stretch:
    """`label`: what explains it; of what is covered nothing needs to."""

    span: Span
    state: State
    label: Label = "none"


@dataclass(frozen=True)
class Completeness:
    verdict: Verdict
    stretches: tuple[Stretch, ...]
    """From the act's first moment to its last, without a break; neighbours differ."""


def judge_completeness(
    demand: Demand, footage: Sequence[Footage], explanations: Sequence[Explanation] = ()
) -> Completeness:
    """Lay the footage of each device on the time line, count devices, close holes, label what is left, and judge."""
    surely, perhaps = lay_on_time_line(footage, demand.allowed_gap)
    covered = close_holes(within_at_least(surely, demand.devices), demand.allowed_gap)
    possible = within_at_least(perhaps, demand.devices)
    return judge_laid(demand.span, covered, possible, explanations)


def judge_laid(act: Span, covered: Spans, possible: Spans, explanations: Sequence[Explanation] = ()) -> Completeness:
    """Label what is not covered, and judge: `possible` are the moments that are covered for some errors at least."""
    stretches = _label(act, covered, possible, explanations)
    return Completeness(_judge(stretches), stretches)


def lay_on_time_line(footage: Sequence[Footage], allowed_gap: int) -> tuple[list[Spans], list[Spans]]:
    """By device the moments it records for every error of its clocks, and those it records for some.

    Clocks err independently: what none of them covers by itself for every error, some error leaves to none. A short
    hole between two files of one clock is as short whatever the error: so it is closed before the clock is doubted.
    """
    of_devices: dict[str, list[Footage]] = defaultdict(list)
    for each in footage:
        if each.most > 0:
            of_devices[each.device].append(each)
    surely, perhaps = [], []
    for of_one in of_devices.values():
        whole = _by_clock([each for each in of_one if each.held is None], allowed_gap)
        always = [span for clock, spans in whole.items() for span in shifted_always(spans, clock.uncertainty)]
        surely.append(union(always))
        either = _by_clock(of_one, allowed_gap)
        ever = [span for clock, spans in either.items() for span in shifted_ever(spans, clock.uncertainty)]
        perhaps.append(_ALWAYS if any(each.clock is None for each in of_one) else union(ever))
    return surely, perhaps


def _by_clock(footage: Sequence[Footage], allowed_gap: int) -> dict[Clock, Spans]:
    """What each clock that is worth something saw, in its true time, were it not off any further."""
    stamped: dict[Clock, list[Span]] = defaultdict(list)
    for each in footage:
        if each.clock is not None:
            stamped[each.clock].append((each.stamped[0] - each.clock.offset, each.stamped[1] - each.clock.offset))
    return {clock: union(spans, allowed_gap) for clock, spans in stamped.items()}


def close_holes(covered: Spans, allowed_gap: int) -> Spans:
    """With the holes that are short enough. A hole has footage on both sides: an act that begins before its first
    picture has lost its beginning, however little that is.

    Only what is covered is closed, and not what is possible: there the one edge of a hole would be taken with the error
    that moves it furthest to the right, and the other with that which moves it to the left, be it the same clock's.
    """
    return union(covered, allowed_gap)


def _label(act: Span, covered: Spans, possible: Spans, explanations: Sequence[Explanation]) -> tuple[Stretch, ...]:
    confirmed = union(each.span for each in explanations if each.confirmed)
    pending = union(each.span for each in explanations if not each.confirmed)
    named = []
    for span, (sure, maybe, settled, offered) in pieces(*act, (covered, possible, confirmed, pending)):
        state: State = "covered" if sure else "doubtful" if maybe else "missing"
        label: Label = "none" if sure else "confirmed" if settled else "pending" if offered else "none"
        named.append((span, (state, label)))
    joined = []
    for (state, label), same in groupby(named, key=lambda each: each[1]):
        spans = [span for span, _ in same]
        joined.append(Stretch((spans[0][0], spans[-1][1]), state, label))
    return tuple(joined)


def _judge(stretches: Sequence[Stretch]) -> Verdict:
    """By its worst stretch. Confirmed is confirmed: footage that makes a missing minute doubtful does not undo it."""
    open_states = {each.state for each in stretches if each.state != "covered" and each.label != "confirmed"}
    if "missing" in open_states:
        return "incomplete"
    if "doubtful" in open_states:
        return "doubtful"
    return "complete" if all(each.state == "covered" for each in stretches) else "complete_with_explanations"
