"""Pages of `--help` on which nothing is cut off, however narrow the terminal."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


def fold_help_pages() -> None:
    """Have Typer fold a text that does not fit its column.

    It shortens what has no blank to break at, and a Chinese sentence has none: of an option only the English half was
    left to read. Typer has no setting for it, so its one maker of such texts is wrapped, when a page is first shown:
    what draws pages is not even imported before.
    """
    for kind in (TyperCommand, TyperGroup):
        _fold_first(kind)


def _fold_first(kind: Any) -> None:
    shown = kind.format_help
    if getattr(shown, "folds", False):
        return

    def format_help(self: Any, ctx: Any, formatter: Any) -> None:
        from typer import rich_utils

        rich_utils._make_rich_text = _folding(rich_utils._make_rich_text)
        shown(self, ctx, formatter)

    format_help.folds = True  # type: ignore[attr-defined]
    kind.format_help = format_help


def _folding(make: Any) -> Any:
    if getattr(make, "folds", False):
        return make

    def make_folded(**options: Any) -> Any:
        from rich.text import Text

        text = make(**options)
        if isinstance(text, Text):
            text.overflow = "fold"
        return text

    make_folded.folds = True  # type: ignore[attr-defined]
    return make_folded
