"""What a measurement comes to: one row each, the same for people, for programs and for the bar it must hold."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from api.consoles import make_console

JsonScalar = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Row:
    """One measure in `unit`. Less is better for ours, and `bar` bounds the ratio where there is a peer, else ours.

    Figures stay as measured: rounded to milliseconds, those of a short run would no longer agree with their ratio.
    What could not be measured here has none, and its bar does not hold.
    """

    measure: str
    unit: str
    ours: float | None
    peer: float | None
    ratio: float | None
    bar: float
    holds: bool

    @classmethod
    def beside_peer(cls, measure: str, unit: str, *, ours: float, peer: float, bar: float) -> Row:
        """Ours against what a peer took in the same run: at most `bar` times as much."""
        ratio = ours / peer
        return cls(measure, unit, ours, peer, ratio, bar, ratio <= bar)

    @classmethod
    def below_bar(cls, measure: str, unit: str, *, ours: float, bar: float) -> Row:
        """Ours alone: at most `bar` of its unit."""
        return cls(measure, unit, ours, None, None, bar, ours <= bar)

    @classmethod
    def left_out(cls, measure: str, unit: str, *, bar: float) -> Row:
        """Not measured: what it takes is not here. Whoever leaves it out says what that is."""
        return cls(measure, unit, None, None, None, bar, False)

    def to_json(self) -> dict[str, JsonScalar]:
        """The row as `liuhen bench --json` gives it."""
        return dataclasses.asdict(self)


def describe_machine() -> str:
    """The machine in one line: what a figure is worth depends on it."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "") if Path("/etc/os-release").exists() else ""
    parts = (_processor(), f"{os.cpu_count()} CPU", f"{memory_gib:.0f} GiB", system or platform.platform())
    return ", ".join((*parts, f"Python {platform.python_version()}"))


def print_table(rows: Sequence[Row], machine: str, console: Console | None = None) -> None:
    """Print the rows as a table for people, and the machine below it."""
    measure = Column("测量 / measure", overflow="fold")
    table = Table(measure, "本系统 / ours", "对照 / peer", "比值 / ratio", "上限 / bar", "达标 / holds")
    for row in rows:
        table.add_row(row.measure, *_cells(row))
    console = console or make_console()
    console.print(table)
    console.print(f"机器 / machine: {machine}", highlight=False)


def _cells(row: Row) -> tuple[str, ...]:
    if row.ours is None:
        return "未测 / not measured", "—", "—", f"{row.bar:.2f}×", "[red]未测 / not measured[/]"
    peer = "—" if row.peer is None else f"{_figure(row.peer)} {row.unit}"
    ratio = "—" if row.ratio is None else f"{row.ratio:.2f}×"
    bar = f"{row.bar:g} {row.unit}" if row.ratio is None else f"{row.bar:.2f}×"
    holds = "[green]是 / yes[/]" if row.holds else "[red]否 / no[/]"
    return f"{_figure(row.ours)} {row.unit}", peer, ratio, bar, holds


def _figure(value: float) -> str:
    # Four digits are more than two runs have in common.
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
