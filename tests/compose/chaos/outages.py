"""How long something was away, and which errors of playback that excuses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

GRACE_SECONDS = 5.0
"""After the container says of itself that it is healthy: the proxy leaves a node that failed out for two seconds
(`fail_timeout`) and waits three for one that does not answer its connection (`proxy_connect_timeout`)."""
AT_THE_KILL_SECONDS = 0.5
"""Between the signal and the end of what it ends: requests of that moment were under way, or met a closing socket."""

WHOLE, UNDER_WAY, NOTHING = "whole", "under way", "nothing"
EXCUSES = {
    # No sign-in, no grant and no entry of a window without the database; no byte without the store.
    "postgres": WHOLE,
    "rgw": WHOLE,
    # The other node is there: only what the killed one was sending just then is cut.
    "api": UNDER_WAY,
    # Who plays needs neither.
    "broker": NOTHING,
    "custody": NOTHING,
    # Ended in order and replaced, one after the other: who plays notices nothing. The only way in is another matter.
    "replaced": NOTHING,
    "proxy": WHOLE,
}


@dataclass(frozen=True)
class Outage:
    """Of one target: when it was killed or stopped, ran again, and was healthy again. Seconds of one steady clock.

    `healthy_at` is None while that is not so, or was never seen.
    """

    target: str
    what: str
    began_at: float
    running_at: float | None = None
    healthy_at: float | None = None
    kind: str = "kill"

    @property
    def seconds(self) -> float | None:
        return None if self.healthy_at is None else self.healthy_at - self.began_at

    def excuses(self, asked_at: float, ended_at: float) -> bool:
        """Whether a playback that was asked for and failed at these moments needed what was away meanwhile."""
        extent = EXCUSES[self.target]
        if extent == NOTHING or ended_at < self.began_at:
            return False
        if extent == UNDER_WAY:
            return asked_at <= self.began_at + AT_THE_KILL_SECONDS
        return self.healthy_at is None or asked_at <= self.healthy_at + GRACE_SECONDS

    def spans(self, moment: float) -> bool:
        """Whether it was away then, or back for less than the grace; whatever needed it."""
        after = self.healthy_at is not None and moment > self.healthy_at + GRACE_SECONDS
        return moment >= self.began_at and not after


def excused(outages: Iterable[Outage], asked_at: float, ended_at: float) -> bool:
    return any(each.excuses(asked_at, ended_at) for each in outages)


def within_any(outages: Iterable[Outage], moment: float) -> bool:
    return any(each.spans(moment) for each in outages)
