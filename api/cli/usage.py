"""What is said to somebody who mistyped a command: the mistake, the form it takes, and where the help is.

The parser says it in English alone, in a box. Its own words stay, as the English half; the Chinese half is made of what
the error carries, and where that says too little, of its sentence.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Any, Final

# Typer has the parser inside itself, and shows of its errors no more than two.
from typer._click.exceptions import BadParameter, ClickException, MissingParameter, NoSuchOption, UsageError

_EXTRA: Final = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<said>.*)\)")
_NO_COMMAND: Final = re.compile(r"No such command '(?P<said>.*?)'")
_WANTS_VALUE: Final = re.compile(r"Option '(?P<said>.*?)' requires (?:an argument|\d+ arguments)")
_TAKES_NONE: Final = re.compile(r"Option '(?P<said>.*?)' does not take a value")
_OF_THE_LINE: Final = (
    (_EXTRA, "多出参数 {said}"),
    (_NO_COMMAND, "没有命令 {said}"),
    (_WANTS_VALUE, "选项 {said} 后面要有值"),
    (_TAKES_NONE, "选项 {said} 后面不带值"),
)
_OF_A_VALUE: Final = (
    (re.compile(r"should be a valid integer"), "应为整数"),
    (re.compile(r"should be a (?:valid|finite) number"), "应为数"),
    (re.compile(r"should be a valid boolean"), "应为是或否（yes、no）"),
    (re.compile(r"should be a valid UUID"), "应为编号（UUID）"),
    (re.compile(r"should be a valid (?:date|datetime)"), "应为日期或时间"),
    (re.compile(r"should be greater than or equal to (?P<least>\S+)"), "不得小于 {least}"),
    (re.compile(r"should be greater than (?P<least>\S+)"), "须大于 {least}"),
    (re.compile(r"should be less than or equal to (?P<most>\S+)"), "不得大于 {most}"),
    (re.compile(r"should be less than (?P<most>\S+)"), "须小于 {most}"),
    (re.compile(r"(?:should be|is not one of) (?P<among>'.*)"), "应为下列之一：{among}"),
    (re.compile(r"does not match the formats? (?P<among>.*)"), "应为下列格式：{among}"),
    (re.compile(r"(?:File|Directory|Path) (?P<said>'.*') does not exist"), "{said} 不存在"),
    (re.compile(r"File (?P<said>'.*') is a directory"), "{said} 是文件夹，应为文件"),
    (re.compile(r"Directory (?P<said>'.*') is a file"), "{said} 是文件，应为文件夹"),
    (re.compile(r"(?:File|Directory|Path) (?P<said>'.*') is not readable"), "{said} 不可读"),
    (re.compile(r"(?:File|Directory|Path) (?P<said>'.*') is not writable"), "{said} 不可写"),
)
_IN_BOTH: Final = " / "


def explain_usage(error: ClickException) -> Iterator[str]:
    """Lines in both languages: what is wrong, and, where it is the command line, its form and its help. None where all
    that happened is that a group was named without a command, and showed its help."""
    if not error.format_message():
        return
    yield _said(error)
    context: Any = getattr(error, "ctx", None)
    if not isinstance(error, UsageError) or context is None:
        return
    form = " ".join(context.get_usage().removeprefix("Usage:").split())
    yield f"用法 / usage: {form}"
    names = context.help_option_names
    yield f"帮助 / help: {' '.join(context.command_path.split())} {names[-1] if names else ''}".rstrip()


def _said(error: ClickException) -> str:
    message = error.format_message().rstrip(".")
    if isinstance(error, MissingParameter):
        kind = "选项" if error.param is not None and error.param.param_type_name == "option" else "参数"
        hint = message.partition("'")[2].partition("'")[0]
        return f"用法有误：缺少{kind} {hint}".rstrip() + _IN_BOTH + message
    if isinstance(error, BadParameter):
        return _of_value(error, message)
    if isinstance(error, NoSuchOption):
        near = "、".join(sorted(error.possibilities or ()))
        return f"用法有误：没有选项 {error.option_name}" + (f"，是否想写 {near}" if near else "") + _IN_BOTH + message
    for pattern, words in _OF_THE_LINE:
        if found := pattern.match(message):
            return f"用法有误：{words.format(**found.groupdict())}{_nearest(error, pattern, found)}{_IN_BOTH}{message}"
    return f"用法有误 / usage: {message}"


def _of_value(error: BadParameter, message: str) -> str:
    """Ours are in both languages by themselves."""
    own, hint = error.message.rstrip("."), message.partition(": ")[0].partition("for ")[2].replace("'", "")
    if _IN_BOTH in own:
        return f"用法有误 / usage: {f'{hint}: ' if hint else ''}{own}"
    for pattern, words in _OF_A_VALUE:
        if found := pattern.search(own):
            own = words.format(**found.groupdict())
            return f"用法有误：{hint or '参数'} {own}{_IN_BOTH}{message}"
    return f"用法有误：{hint or '参数'} 的值不可用{_IN_BOTH}{message}"


def _nearest(error: ClickException, pattern: re.Pattern[str], found: re.Match[str]) -> str:
    """The command that was meant, if one is like it."""
    context: Any = getattr(error, "ctx", None)
    if pattern is not _NO_COMMAND or context is None:
        return ""
    near = difflib.get_close_matches(found["said"], context.command.list_commands(context), n=1)
    return f"，是否想写 {near[0]}" if near else ""
