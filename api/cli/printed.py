"""What a command prints: nothing that an uploader wrote, in a file or its name, steers the terminal it is shown on."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from integrity.hidden_signs import escaped


def print_line(line: str) -> None:
    """One line, whatever it holds: also an end of a line is shown, and makes none."""
    print(escaped(line), flush=True)


def print_remark(line: str) -> None:
    """As `print_line`, on stderr."""
    print(escaped(line), file=sys.stderr, flush=True)


def print_json(facts: Mapping[str, object], indent: int | None = None) -> None:
    """As JSON that is read back as what it was. json.dumps escapes neither C1 controls nor direction overrides."""
    print(escaped(json.dumps(facts, ensure_ascii=False, indent=indent), but="\n"), flush=True)
