"""Pages of `--help` on a terminal of 80 columns: nothing of either language is cut off."""

from __future__ import annotations

import re
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from api.cli import main as root
from tests.sampling import some_of


def _commands(command: Any, words: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    named = {name: each for name, each in getattr(command, "commands", {}).items() if not each.hidden}
    below = [_commands(each, (*words, name)) for name, each in named.items()]
    return [(words, command), *(found for each in below for found in each)]


APP = root.build_app(["--help"])
COMMANDS = _commands(typer.main.get_command(APP))
TRIED = some_of(COMMANDS, one_in=4)


@pytest.mark.parametrize(("words", "command"), TRIED, ids=[" ".join(words) or "liuhen" for words, _ in TRIED])
def test_every_option_is_told_of_whole_in_80_columns(
    words: tuple[str, ...], command: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(APP, [*words, "--help"])
    assert shown.exit_code == 0, shown.output
    page = re.sub(r"[\s│]", "", shown.output)
    for parameter in command.params:
        if getattr(parameter, "help", None) and not parameter.hidden:
            assert re.sub(r"\s", "", parameter.help) in page, parameter.name
