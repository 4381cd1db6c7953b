"""The containers of docker/compose.yaml: started, waited for, looked at, and gone at the end whatever happened."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.compose.machine import ROOT, Machine
from tests.ports import find_free_port

PROJECT = "liuhen-test"
_UP_SECONDS = 900.0
_DOWN_SECONDS = 240.0
_COMMAND_SECONDS = 240.0
_ROUND_SECONDS = 2.0
_ASK_METRICS = """
import urllib.request
print(urllib.request.urlopen("http://127.0.0.1:8000/metrics", timeout=10).read().decode())
"""


@dataclass
class Stack:
    """`url` is where the proxy answers on this machine, with the certificate `authority`."""

    machine: Machine
    files: Sequence[Path]
    profiles: Sequence[str] = ()
    port: int = field(default_factory=find_free_port)
    prometheus_port: int = field(default_factory=find_free_port)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def authority(self) -> Path:
        return ROOT / "docker" / "secrets" / "tls-certificate"

    @property
    def words(self) -> tuple[str, ...]:
        """What every call of compose begins with."""
        files = tuple(word for each in self.files for word in ("--file", str(each)))
        return ("podman-compose", "--project-name", PROJECT, "--in-pod", "false", *files)

    def compose(self, *words: str, seconds: float, check: bool = True) -> subprocess.CompletedProcess[str]:
        profiles = tuple(word for each in self.profiles for word in ("--profile", each))
        return self.machine.run((*self.words, *profiles, *words), seconds=seconds, check=check, **self.addresses)

    def command(self, *words: str) -> dict[str, Any]:
        """What `liuhen WORDS` says in the container that has every setting; of its JSON, the object."""
        asked = ("--profile", "liuhen", "run", "--rm", "--no-deps", "-T", "liuhen", *words)
        said = self.compose(*asked, seconds=_COMMAND_SECONDS).stdout
        return dict(json.loads(said[said.index("{") :]))

    def figures(self, service: str) -> dict[str, float]:
        """What an API process says at /metrics of the archive, by name with labels, asked inside its container."""
        told = self.machine.podman("exec", self.name_of(service), "python", "-c", _ASK_METRICS).stdout
        lines = [line.rpartition(" ") for line in told.splitlines() if line.startswith("liuhen_")]
        return {name: float(value) for name, _, value in lines}

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "HTTPS_ADDRESS": f"127.0.0.1:{self.port}",
            "PROMETHEUS_ADDRESS": f"127.0.0.1:{self.prometheus_port}",
            "OTEL_URL": "http://collector:4318",
        }

    def containers(self) -> list[dict[str, Any]]:
        listed = self.machine.podman("ps", "--all", "--format", "json", "--filter", f"name=^{PROJECT}_").stdout
        return list(json.loads(listed or "[]"))

    def inspected(self) -> list[dict[str, Any]]:
        names = [str(each["Names"][0]) for each in self.containers()]
        return list(json.loads(self.machine.podman("inspect", *names).stdout)) if names else []

    def name_of(self, service: str) -> str:
        return f"{PROJECT}_{service}_1"

    def logs(self, service: str, lines: int = 40) -> str:
        done = self.machine.podman("logs", "--tail", str(lines), self.name_of(service), check=False)
        return done.stdout + done.stderr

    def start(self) -> None:
        """Everything of the profiles, healthy. Raises with the ends of the logs of what is not."""
        stopping = threading.Event()
        asking = threading.Thread(target=self._ask_after_health, args=(stopping,), name="health")
        asking.start()
        try:
            self.compose("up", "--detach", "--no-build", seconds=_UP_SECONDS)
            self.wait_until_healthy(_UP_SECONDS)
        finally:
            stopping.set()
            asking.join()

    def wait_until_healthy(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while waiting := self.unhealthy():
            if time.monotonic() > deadline:
                told = "\n".join(f"--- {name}\n{self.logs(name)}" for name in waiting)
                raise AssertionError(f"not healthy: {', '.join(waiting)}\n{told}")
            for name in waiting:
                self.machine.podman("healthcheck", "run", self.name_of(name), check=False)
            time.sleep(_ROUND_SECONDS)

    def unhealthy(self) -> list[str]:
        """Services that run and are to be healthy, and are not; a one-shot that has not ended well."""
        found = []
        for each in self.inspected():
            service, state = str(each["Config"]["Labels"]["com.docker.compose.service"]), each["State"]
            if not has_health_check(each):
                if state["Status"] == "exited" and state["ExitCode"] != 0:
                    found.append(service)
            elif state["Status"] != "running" or state["Health"]["Status"] != "healthy":
                found.append(service)
        return found

    def _ask_after_health(self, stopping: threading.Event) -> None:
        """In systemd's place: `depends_on: service_healthy` would wait for ever."""
        while not stopping.wait(_ROUND_SECONDS):
            for each in self.containers():
                if each["State"] == "running" and "(starting)" in each["Status"]:
                    self.machine.podman("healthcheck", "run", str(each["Names"][0]), check=False)

    def stop(self) -> None:
        """Ended in order, and nothing left of it: no container, no network, no volume."""
        self.compose("down", "--volumes", "--timeout", "30", seconds=_DOWN_SECONDS, check=False)
        for each in self.containers():
            self.machine.podman("rm", "--force", "--volumes", str(each["Names"][0]), check=False)
        for kind in ("volume", "network"):
            listed = self.machine.podman(kind, "ls", "--format", "{{.Name}}", "--filter", f"name={PROJECT}_").stdout
            for name in listed.split():
                self.machine.podman(kind, "rm", "--force", name, check=False)


@contextmanager
def running(stack: Stack, *, afresh: bool = True) -> Iterator[Stack]:
    """From its start to its end, of which nothing is left. `afresh`: without anything of before, either."""
    if afresh:
        stack.stop()
    try:
        stack.start()
        yield stack
    except BaseException as error:
        for each in stack.containers():
            service = str(each["Names"][0]).removeprefix(f"{PROJECT}_").removesuffix("_1")
            error.add_note(f"--- {service}: {each['State']}\n{stack.logs(service, 15)}")
        raise
    finally:
        stack.stop()


def has_health_check(inspected: dict[str, Any]) -> bool:
    check = inspected["Config"].get("Healthcheck") or {}
    return bool(check.get("Test")) and check["Test"] != ["NONE"]
