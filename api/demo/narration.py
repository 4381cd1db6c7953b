"""The demo's voice: numbered steps and plain sentences, Chinese first with English beside, on a terminal or not."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.consoles import make_console
from integrity.hidden_signs import escaped


class Narrator:
    """Says what happens. Names come from strangers' cards, so nothing is taken for markup or control characters."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or make_console()
        self._began_at = time.monotonic()
        self._steps = 0

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began_at

    def step(self, chinese: str, english: str) -> None:
        """Begin the next step."""
        self._steps += 1
        self._print("")
        self._print(f"{self._steps:2}. {chinese} / {english}", "bold cyan", f"  [{self.seconds:.1f} s]")

    def say(self, chinese: str, english: str) -> None:
        """One thing that is so."""
        self._print(f"    {chinese} / {english}")

    def announce(self, line: str) -> None:
        """What is looked for at the beginning of a line."""
        self._print(line, "bold")

    def held(self, chinese: str, english: str) -> None:
        """One thing that was checked and holds."""
        self._print(f"  ✓ {chinese} / {english}", "green")

    def quote(self, lines: Sequence[str]) -> None:
        """What a program said, or what is written somewhere, as it stands there."""
        for line in lines:
            self._print(f"    │ {line}", "dim")

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        table = Table(*headings, pad_edge=False)
        for row in rows:
            table.add_row(*(Text(escaped(cell), overflow="fold") for cell in row))
        self._console.print(table)

    def _print(self, line: str, style: str = "", dim: str = "") -> None:
        text = Text(escaped(line), style=style)
        text.append(dim, style="dim")
        self._console.print(text, soft_wrap=True)
