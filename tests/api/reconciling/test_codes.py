"""docs/reconcile.md has every code, with the very words that the command says."""

from __future__ import annotations

from pathlib import Path

from api.reconciling.codes import CODES

PAGE = Path(__file__).parents[3] / "docs" / "reconcile.md"


def test_the_page_says_of_each_code_what_the_command_says() -> None:
    page = PAGE.read_text("utf-8")
    for code in CODES.values():
        means, do = f"{code.chinese} · {code.english}", f"{code.do_chinese} · {code.do_english}"
        assert f"| `{code.name}` | {means} | {do} |" in page
    assert page.count("\n| `") == len(CODES) + len(("found", "progress", "ended"))
