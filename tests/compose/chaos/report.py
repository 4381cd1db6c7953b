"""The tables of a run: what was killed and how long it was away, and what was done meanwhile and besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from tests.compose.chaos.judge import Verdict
from tests.compose.chaos.observed import Observed
from tests.compose.chaos.outages import Outage, within_any
from tests.compose.chaos.plan import TARGETS

_SHOWN = 20


def tables(observed: Observed, found: Verdict) -> Iterator[str]:
    kills = [each for each in observed.outages if each.kind == "kill"]
    if kills:
        yield "kills by target             kills   shortest     median    longest outage, in seconds"
        for target in TARGETS:
            yield _kills_line(target, [each for each in kills if each.target == target])
    for other in observed.outages:
        if other.kind != "kill":
            yield f"  {other.what}: {_seconds(other.seconds)} s until healthy"
    done = {
        "uploads received": [(moment, moment) for moment in observed.uploads.received_at],
        "uploads refused or cut": [(moment, moment) for moment in observed.uploads.refused_at],
        "playbacks whole": [(each.asked_at, each.ended_at) for each in observed.playbacks if not each.error],
        "playbacks refused or cut": [(each.asked_at, each.ended_at) for each in observed.playbacks if each.error],
    }
    yield "                            while something was away   otherwise"
    for what, moments in done.items():
        inside = sum(any(within_any(observed.outages, moment) for moment in each) for each in moments)
        yield f"  {what:<26}{inside:>25}{len(moments) - inside:>12}"
    for what in ("lost", "doubled", "wrong", "outside"):
        yield from (f"{what}: {line}" for line in _first(getattr(found, what)))
    yield found.last_line()


def _kills_line(target: str, outages: Sequence[Outage]) -> str:
    seconds = [each.seconds for each in outages if each.seconds is not None]
    if not seconds:
        return f"  {target:<26}{len(outages):>5}"
    shown = "".join(f"{each:>11.1f}" for each in (min(seconds), median(seconds), max(seconds)))
    return f"  {target:<26}{len(outages):>5}{shown}"


def _seconds(seconds: float | None) -> str:
    return "?" if seconds is None else f"{seconds:.1f}"


def _first(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    return [*every[:_SHOWN], *([f"and {len(every) - _SHOWN} more"] if len(every) > _SHOWN else [])]
