"""A mistyped command: what is wrong is said in both languages, with the form it takes and where its help is."""

from __future__ import annotations

import re

import pytest

from api.cli import main

HELP = "帮助 / help: {} --help"
MISTAKES = [
    (["dock", "--nope"], "没有选项 --nope，是否想写 --wipe", "No such option: --nope", "liuhen dock"),
    (["scrubb"], "没有命令 scrubb，是否想写 scrub", "No such command 'scrubb'", "liuhen"),
    (["admin", "station", "enrol"], "缺少参数 name", "Missing argument 'name'", "liuhen admin station enrol"),
    (["admin", "station", "enrol", "a", "b"], "多出参数 b", "unexpected extra argument", "liuhen admin station enrol"),
    (["dock"], "FOLDER 与 --config 须且只能给出一个", "give either FOLDER or --config", "liuhen dock"),
    (["dock", "x", "--parallel", "many"], "--parallel 应为整数", "should be a valid integer", "liuhen dock"),
    (["dock", "x", "--limit-rate", "inf"], "--limit-rate 不得大于", "less than or equal to", "liuhen dock"),
    (
        ["dock", "x", "--limit-rate", "nan"],
        "--limit-rate 不得大于 1000000",
        "less than or equal to 1000000",
        "liuhen dock",
    ),
    (
        ["admin", "token", "create", "--expires-hours", "1e300"],
        "--expires-hours 不得大于 876000",
        "less than or equal to 876000",
        "liuhen admin token create",
    ),
    (["dock", "x", "--parallel", "0"], "--parallel 不得小于 1", "greater than or equal to 1", "liuhen dock"),
]


@pytest.mark.parametrize(("arguments", "chinese", "english", "command"), MISTAKES)
def test_a_mistake_is_said_in_both_languages_with_the_help(
    arguments: list[str], chinese: str, english: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    said = capsys.readouterr().err
    first, form, help_line = said.rstrip("\n").split("\n")
    assert first.startswith("用法有误")
    assert chinese in first
    assert english in first
    assert form.startswith(f"用法 / usage: {command} ")
    assert "  " not in form
    assert help_line == HELP.format(command)


def test_an_option_without_its_value_names_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["dock", "x", "--parallel"]) == 2
    assert "选项 --parallel 后面要有值 / Option '--parallel' requires an argument" in capsys.readouterr().err


def test_what_is_typed_reaches_no_terminal_as_more_than_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["\x1b]0;owned\x07up"]) == 2
    assert "\x1b" not in capsys.readouterr().err


def test_a_group_without_a_command_shows_its_help_and_complains_of_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["admin", "station"]) == 2
    shown = capfd.readouterr()
    assert "enrol" in shown.out + shown.err
    assert "用法有误" not in shown.err


def test_asking_for_help_is_no_mistake(capfd: pytest.CaptureFixture[str]) -> None:
    assert main.run(["dock", "--help"]) == 0
    assert re.search(r"--wipe", capfd.readouterr().out)
