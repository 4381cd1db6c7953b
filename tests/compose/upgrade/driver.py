"""docker/upgrade, run once while everybody works, and what it replaced when."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from dataclasses import replace

from tests.compose.chaos.outages import Outage
from tests.compose.chaos.served import Served, StoodStill
from tests.compose.machine import ROOT
from tests.compose.prepared import Clock
from tests.compose.stack import PROJECT, Stack
from tests.compose.upgrade.previous import take_new

_SECONDS = 1200.0
_REPLACED = re.compile(r"docker/upgrade: (\S+) is replaced")


class UpgradeDriver:
    """`stack` has the new compose file; what runs is the previous release's."""

    def __init__(self, stack: Stack, clock: Clock) -> None:
        self._stack, self._clock = stack, clock
        self.outages: list[Outage] = []
        self.complaints: list[str] = []

    def run(self, served: Served) -> None:
        try:
            self._clock.say(f"all served by the previous release after {served.wait('before the upgrade'):.1f} s")
            take_new(self._stack.machine)
            code = self._upgrade()
            if code:
                self.complaints.append(f"docker/upgrade ends with {code}")
            self._clock.say(f"all served by the new release after {served.wait('after the upgrade'):.1f} s")
        except StoodStill as failed:
            self.complaints.append(str(failed))
        self.complaints += [f"{name} still runs the previous release" for name in self._left()]

    def _upgrade(self) -> int:
        environment = self._stack.machine.environment() | self._stack.addresses | {"PROJECT": PROJECT}
        process = subprocess.Popen(
            [ROOT / "docker" / "upgrade", *self._stack.words],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        late = threading.Timer(_SECONDS, process.terminate)
        late.start()
        began_at = self._clock.now()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self._clock.say(line.rstrip())
                if found := _REPLACED.fullmatch(line.strip()):
                    self._note(found[1], began_at)
                began_at = self._clock.now()
            return process.wait()
        finally:
            late.cancel()

    def _note(self, service: str, began_at: float) -> None:
        """It was away at most since what the script said before."""
        now = self._clock.now()
        target = "proxy" if service == "proxy" else "replaced"
        outage = Outage(target, f"{service} replaced", began_at, kind="replace")
        self.outages.append(replace(outage, running_at=now, healthy_at=now))

    def _left(self) -> list[str]:
        """Containers of the archive's own image that are not of the new one."""
        shown = self._stack.machine.podman("image", "inspect", "localhost/liuhen:latest").stdout
        (new,) = (str(each["Id"]) for each in json.loads(shown))
        return [
            str(each["Name"])
            for each in self._stack.inspected()
            if str(each["ImageName"]).startswith("localhost/liuhen:") and each["Image"] != new
        ]
