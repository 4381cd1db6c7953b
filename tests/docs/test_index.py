"""docs/README.md leads to every page, and to none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_index_leads_to_every_page_once_and_to_nothing_else() -> None:
    index = (DOCS / "README.md").read_text("utf-8")
    led_to = re.findall(r"^(?:\| |\d+\. )\[[^]]+\]\(([\w/.-]+)\)", index, re.MULTILINE)
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if path.name != "README.md"]
    assert sorted(led_to) == sorted(pages)
