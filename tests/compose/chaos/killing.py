"""SIGKILL to one process of a container, as the kernel would send it, or the store ended in order.

Then it is waited for until the container is back, by its restart policy alone, and says of itself that it is healthy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.compose.chaos.outages import Outage
from tests.compose.chaos.plan import Act, Kill, StopStore
from tests.compose.prepared import Clock
from tests.compose.stack import Stack
from tests.torture.system import descendants, kill

_BACK_SECONDS = 120.0
_HEALTHY_SECONDS = 240.0
_PAUSE_SECONDS = 0.2


class NeverBack(Exception):
    """What was killed is not there again, or not healthy."""


def strike(act: Act, stack: Stack, broker: str, clock: Clock, began: Callable[[Outage], None]) -> Outage:
    """Do it and wait until all is back. `began` hears of the outage before it begins. Raises NeverBack."""
    if isinstance(act, StopStore):
        return _stop_store(act, stack, clock, began)
    service = service_of(act, broker)
    old, victim, named = _find_victim(act, stack, service)
    outage = Outage(act.target, named, clock.now())
    began(outage)
    if not kill(victim):
        raise NeverBack(f"{named} was gone before it was killed")
    _wait(lambda: _running(stack, service) not in (0, old), _BACK_SECONDS, f"{service} was not started again")
    return _once_healthy(replace(outage, running_at=clock.now()), stack, service, clock)


def service_of(act: Kill, broker: str) -> str:
    services = {"postgres": "postgres", "broker": broker, "rgw": "rgw"}
    return services.get(act.target) or f"{act.target}-{act.place}"


def _stop_store(act: StopStore, stack: Stack, clock: Clock, began: Callable[[Outage], None]) -> Outage:
    outage = Outage("rgw", f"rgw, stopped for {act.seconds:.0f} s", clock.now(), kind="stop")
    began(outage)
    stack.machine.podman("stop", "--time", "40", stack.name_of("rgw"))
    time.sleep(act.seconds)
    stack.machine.podman("start", stack.name_of("rgw"))
    return _once_healthy(replace(outage, running_at=clock.now()), stack, "rgw", clock)


def _find_victim(act: Kill, stack: Stack, service: str) -> tuple[int, int, str]:
    """The container's first process, the one to be killed, and what that is called."""
    first = _running(stack, service)
    if not first:
        raise NeverBack(f"{service} does not run")
    if act.target == "rgw":
        return first, _below(first, lambda pid: _program(pid) == act.place), f"rgw, {act.place}"
    # tini is the first of ours: what it looks after is the process itself.
    ours = act.target in ("api", "custody")
    return first, (_below(first, lambda pid: True) if ours else first), service


def _below(first: int, fits: Callable[[int], bool]) -> int:
    found = [pid for pid in descendants(first) if fits(pid)]
    if not found:
        raise NeverBack(f"nothing to kill below process {first}: {[_program(pid) for pid in descendants(first)]}")
    return found[0]


def _program(pid: int) -> str:
    """What it was started as: a daemon gives itself other names later."""
    try:
        return Path(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()).name
    except OSError:
        return ""


def _running(stack: Stack, service: str) -> int:
    """The container's first process, 0 while there is none."""
    shown = stack.machine.podman(
        "inspect", "--format", "{{.State.Running}} {{.State.Pid}}", stack.name_of(service), check=False
    ).stdout.split()
    return int(shown[1]) if shown[:1] == ["true"] else 0


def _once_healthy(outage: Outage, stack: Stack, service: str, clock: Clock) -> Outage:
    """In systemd's place the check is run here."""
    name = stack.name_of(service)
    _wait(
        lambda: stack.machine.podman("healthcheck", "run", name, check=False).returncode == 0,
        _HEALTHY_SECONDS,
        f"{service} is not healthy again",
    )
    return replace(outage, healthy_at=clock.now())


def _wait(until: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        if time.monotonic() > deadline:
            raise NeverBack(f"{what} within {seconds:.0f} s")
        time.sleep(_PAUSE_SECONDS)
