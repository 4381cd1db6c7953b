"""Carries the plan out: one act after the other, while the stations go on docking."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.torture import plan
from tests.torture.entry import LEASE_SECONDS
from tests.torture.plan import Act, Aim, Disturb, Fill, Kill, KillAll, Shift
from tests.torture.proxy import BadLink
from tests.torture.system import Engines, Station, kill, state_of
from tests.torture.turns import Turns

AIM_SECONDS = 30.0
"""How long an aim waits for its process to come by; then it is taken back, and comes again as turns.py says."""
MOST_AIMS = 6
"""At once, each at another step: while they wait for what comes by, other things are done.

A short run lays all of its own out: it has no more kills to come that files would have to live through.
"""
FILES_WAITING = 3
FEW_FILES_WAITING = 2
"""Of a run too short to aim at every step: all that lie there have to be sealed, and what is made of them made."""
TICK_SECONDS = 0.05


@dataclass
class LaidAim:
    """An aim that waits for its process. `resume_at`: it stands still until then."""

    aim: Aim
    wish: Path
    stopped: Path
    since: float = field(default_factory=time.monotonic)
    resume_at: float = 0.0


class Driver:
    """`turns` counts the kills; `points` those of them at known points, `others` what else was done."""

    def __init__(self, seed: int, kills: int, engines: Engines, stations: list[Station], link: BadLink) -> None:
        self.turns = Turns(seed, kills)
        self._most_aims = MOST_AIMS if kills > 2 * len(plan.CUSTODY_STEPS) else len(plan.CUSTODY_STEPS)
        self._files_waiting = FEW_FILES_WAITING if kills < len(plan.CUSTODY_STEPS) else FILES_WAITING
        self._engines, self._stations, self._link = engines, stations, link
        self.points: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self._filled_until = 0.0
        self._aims: list[LaidAim] = []
        self._overdue: list[Path] = []
        self._right_at: dict[str, float] = {}
        self._number = 0

    def run(self, deadline: float, say: Callable[[str], None]) -> None:
        """Until there were enough kills and all that the opening names was met, or time is over: what there was by
        then is judged all the same. Raises SystemExit when the supervisor has ended."""
        told = time.monotonic()
        while not self.turns.reached:
            if time.monotonic() > deadline:
                say(f"time is over after {self.turns.kills} kills, with these to come: {self._waiting()}")
                return
            self._engines.require_running()
            act = self.turns.next([each.aim for each in self._aims])
            if act is not None:
                self._do(act)
            self._attend(TICK_SECONDS)
            if time.monotonic() - told > 15:
                told = time.monotonic()
                docked = sum(len(station.docked) for station in self._stations)
                unsent = sum(len(station.waiting()) for station in self._stations)
                done = f"{self.turns.kills} kills and {self.turns.acts} acts"
                say(f"{done}; {docked} files, {unsent} of them not received yet; to come: {self._waiting()}")

    def _waiting(self) -> str:
        return "; ".join(self.turns.waiting([each.aim for each in self._aims])) or "nothing"

    def _do(self, act: Act) -> None:
        match act:
            case Aim():
                self._aim(act)
            case Kill():
                self._attend(act.delay_seconds)
                for victim in act.victims:
                    self._kill(replace(act, victims=(victim,)))
            case KillAll():
                self._attend(act.delay_seconds)
                self._engines.kill_all()
                self.turns.met_victim("everything at once")
                self._take_back_aims()
                self._engines.start()
            case Disturb():
                if act.cut_all:
                    self._link.cut_all()
                self._link.misbehave(act.manners, act.connections)
                self.others[f"link: {act.manners.manner}"] += 1
            case Fill():
                self._fill(act)
            case Shift():
                self._shift(act)

    def _attend(self, seconds: float) -> None:
        """Wait, and meanwhile see that there is always something to do."""
        until = time.monotonic() + seconds
        while True:
            for station in self._stations:
                station.fill(self._files_waiting)
                station.keep_agent()
            self._strike_stopped()
            self._set_right()
            if self._filled_until and time.monotonic() > self._filled_until:
                self.empty_disk()
            if time.monotonic() >= until:
                return
            time.sleep(TICK_SECONDS)

    def _kill(self, act: Kill) -> None:
        (victim,) = act.victims
        pid = self._find(victim)
        if pid is not None and kill(pid):
            self.turns.met_victim(victim)
        else:
            self.turns.missed(act)  # On its way back from the kill before.

    def _find(self, victim: str) -> int | None:
        if victim == "agent":
            running = [station.agent_pid for station in self._stations if station.agent_pid is not None]
            return running[self.turns.acts % len(running)] if running else None
        name, _, part = victim.partition(" ")
        if not part:
            return self._engines.pid_of(name)
        below = self._engines.children_of(name)
        return below[self.turns.acts % len(below)] if below else None

    def _aim(self, aim: Aim) -> None:
        """Lay the aim out; `_strike_stopped` sees to it when a process has come by."""
        while len(self._aims) >= self._most_aims or any(other.aim.step == aim.step for other in self._aims):
            self._attend(TICK_SECONDS)
        self._number += 1
        control = self._engines.control
        laid = LaidAim(aim, control / f"aim.{aim.role}.{aim.step}", control / f"stopped.{self._number}")
        passing = control / f"new.{self._number}"
        passing.write_text(f"{aim.skip} {self._number}")
        passing.rename(laid.wish)
        self._aims.append(laid)

    def _strike_stopped(self) -> None:
        now = time.monotonic()
        for laid in list(self._aims):
            if laid.resume_at:
                if now > laid.resume_at:
                    self._let_go_on(laid)
            elif laid.stopped.exists():
                self._strike(laid)
            elif now > laid.since + AIM_SECONDS:
                laid.wish.unlink(missing_ok=True)
                self._miss(laid)
        self._wake_overdue()

    def _take_back_aims(self) -> None:
        """Nobody attends to what stops while the archive starts, and a start waits for each of its parts."""
        for laid in [each for each in self._aims if each.aim.role != "dock"]:
            laid.wish.unlink(missing_ok=True)
            self._miss(laid)

    def _wake_overdue(self) -> None:
        """Who took a wish in time and came by when nobody waited any more, would stand still for ever, with what it has
        locked."""
        for stopped in [each for each in self._overdue if each.exists()]:
            pid = int(stopped.read_text().split()[0])
            state = state_of(pid)
            if state == "T":
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            if state in (None, "Z", "T"):
                self._overdue.remove(stopped)

    def _miss(self, laid: LaidAim) -> None:
        self._aims.remove(laid)
        self._overdue.append(laid.stopped)
        self.turns.missed(laid.aim)

    def _strike(self, laid: LaidAim) -> None:
        pid, where = laid.stopped.read_text().split(" ", 1)
        state = state_of(int(pid))
        if state is None or state == "Z":
            self._miss(laid)  # Something else killed it first.
        elif state != "T":
            return  # It said where it is, and stops in the next moment.
        elif not laid.aim.kills:
            laid.resume_at = time.monotonic() + LEASE_SECONDS + 1.0
        elif kill(int(pid)):
            self._aims.remove(laid)
            self.turns.met(laid.aim)
            self.points[where] += 1

    def _let_go_on(self, laid: LaidAim) -> None:
        self._aims.remove(laid)
        with suppress(ProcessLookupError):
            os.kill(int(laid.stopped.read_text().split()[0]), signal.SIGCONT)
        self.others["held until its lease ran out"] += 1

    def _fill(self, act: Fill) -> None:
        staging = self._engines.data / "staging"
        room = os.statvfs(staging)
        taken_bytes = room.f_bavail * room.f_frsize - act.room_bytes
        if taken_bytes > 0:
            descriptor = os.open(staging / "filler", os.O_WRONLY | os.O_CREAT, 0o600)
            with suppress(OSError):
                os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, taken_bytes)
            os.close(descriptor)
            self._filled_until = time.monotonic() + act.seconds
            self.others["staging disk filled"] += 1

    def _shift(self, act: Shift) -> None:
        clocks = plan.CLOCKS if act.clock == plan.MACHINE else (act.clock,)
        until = time.monotonic() + act.lasting_seconds
        for clock in clocks:
            shift_clock(self._engines.control, clock, act.seconds)
            self._right_at[clock] = until
        self.others["all clocks set wrong" if len(clocks) > 1 else "one clock set wrong"] += 1

    @property
    def clocks_were_wrong(self) -> bool:
        """Whether this run set any clock wrong."""
        return bool(self.others["all clocks set wrong"] or self.others["one clock set wrong"])

    def _set_right(self) -> None:
        for clock, until in list(self._right_at.items()):
            if time.monotonic() > until:
                shift_clock(self._engines.control, clock, 0)
                del self._right_at[clock]

    def empty_disk(self) -> None:
        (self._engines.data / "staging" / "filler").unlink(missing_ok=True)
        self._filled_until = 0.0

    def calm(self) -> None:
        """The world is good again: room, links and clocks, and nobody stands still."""
        self.empty_disk()
        self._link.behave()
        for clock in plan.CLOCKS:
            shift_clock(self._engines.control, clock, 0)
        for wish in self._engines.control.glob("aim.*"):
            wish.unlink(missing_ok=True)
        time.sleep(1.0)
        for stopped in self._engines.control.glob("stopped.*"):
            pid = int(stopped.read_text().split()[0])
            if state_of(pid) == "T":
                os.kill(pid, signal.SIGCONT)
        self._aims.clear()


def shift_clock(control: Path, clock: str, seconds: int) -> None:
    """Read by its process within a second; replaced whole, so that it is never read half."""
    name = clock.partition(" ")[0]
    passing = control / f"new-clock.{name}"
    passing.write_text(f"{seconds:+d}\n")
    passing.rename(control / f"clock.{name}")
