"""What the migrations make of the functions that stand guard: their bodies, the last one of each name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

_VERSIONS: Final = Path(__file__).parents[3] / "storage/migrations/versions"
_FUNCTION: Final = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (\w+)\(.*?\bAS \$\$(.*?)\$\$;?$", re.DOTALL | re.MULTILINE
)


@cache
def shipped_bodies() -> Mapping[str, str]:
    """The source of each function of the package, by its name."""
    bodies: dict[str, str] = {}
    for path in sorted(_VERSIONS.glob("*.sql")):
        bodies |= dict(_FUNCTION.findall(path.read_text("utf-8")))
    return bodies
