"""`liuhen dock FOLDER` beside `liuhen dock enrol`: what is no name of a command is for the command that docks.

A folder of such a name is written ./enrol.
"""

from __future__ import annotations

from typing import Any, ClassVar

from typer.core import TyperGroup


class DockGroup(TyperGroup):
    """A group with a command for when none is named; `--help` is that command's too."""

    DEFAULT: ClassVar[str] = "folder"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = bool(args) and args[0] in self.commands and args[0] != self.DEFAULT
        return super().parse_args(ctx, args if named else [self.DEFAULT, *args])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Usage speaks of what was typed: the default command's name was not."""
        name, command, rest = super().resolve_command(ctx, args)
        return ("" if name == self.DEFAULT else name), command, rest
