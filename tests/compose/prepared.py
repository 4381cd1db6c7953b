"""What every run over the containers begins with: images built, secrets made, and an end in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.compose.machine import IMAGES, ROOT, Machine
from tests.compose.stack import Stack

BROKERS = ("valkey", "rabbitmq")
IMAGES_KEPT = ROOT / "build" / "compose"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Clock:
    """Seconds since a run began, by a clock that nobody sets."""

    began_at: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        return time.monotonic() - self.began_at

    def say(self, words: str) -> None:
        print(f"[{self.now():5.0f} s] {words}", flush=True)


def prepared_stack(
    folder: Path, broker: str, profiles: Sequence[str], say: Say, more_files: Sequence[Path] = ()
) -> Stack:
    """Its images built in `folder`, which keeps them, and its secrets made where there are none. Not started."""
    machine = Machine(folder.absolute())
    machine.configure()
    build_all(machine, say)
    subprocess.run([ROOT / "docker" / "make-secrets"], check=True, cwd=ROOT)
    files = [ROOT / "docker" / "compose.yaml"]
    if broker == "rabbitmq":
        files.append(ROOT / "docker" / "compose.rabbitmq.yaml")
    return Stack(machine, [*files, *more_files], profiles)


def build_all(machine: Machine, say: Say) -> None:
    machine.take_base()
    for image in IMAGES:
        machine.build(image)
        size = int(machine.podman("image", "inspect", "--format", "{{.Size}}", f"localhost/{image}").stdout)
        say(f"built {image}: {size / (1 << 20):.0f} MiB")
    tools = "for tool in cc gcc g++ ld as make; do command -v $tool && exit 1; done; exit 0"
    machine.podman("run", "--rm", "--network=none", "--entrypoint=/bin/sh", "localhost/liuhen", "-c", tools)


def end_in_time(seconds: float) -> None:
    """Interrupt this process then, so that all it has started is taken down."""

    def end() -> None:
        print(f"not done within {seconds:.0f} s", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGINT)

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
