"""`liuhen dock --config FILE`: one TOML file that says it all (docs/docking.md has an example). Unknown members are
refused by name: a misspelt limit would otherwise be no limit.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.dock.errors import ConfigUnusable, RateUnreadable
from ingest.dock.marks import READ_ONLY_RULES, MarkRules
from ingest.dock.pacing import MOST_PARALLEL, USUAL_PARALLEL, RateSchedule, parse_window
from ingest.dock.sources import Places
from ingest.dock.watching import WatchTiming
from ingest.dock.words import Words, reason_of

A_DAY_SECONDS = 86400.0
_NOTHING_TO_WATCH = Words(
    "neither folders nor mounts are named: there is nothing to watch",
    "没有写 folders，也没有写 mounts：没有可监视的位置",
)
_TABLE = Words("a table", "一个表，写作 [名称]")
_TEXT = Words("text in quotes", "带引号的文本")
_TEXTS = Words('a list of texts, as ["a", "b"]', '文本列表，如 ["a", "b"]')
_FLAG = Words("true or false", "true 或 false")


@dataclass(frozen=True, slots=True)
class DockConfig:
    """What the agent is asked for, by a file or on the command line; None where nothing is said.

    Relative paths of a file start at its folder.
    """

    places: Places = field(default_factory=Places)
    timing: WatchTiming = field(default_factory=WatchTiming)
    rates: RateSchedule = field(default_factory=RateSchedule)
    marks: MarkRules = field(default_factory=MarkRules)
    url: str = ""
    station_key_file: Path | None = None
    station_token_file: Path | None = None
    state: Path | None = None
    wipe: bool = False
    parallel: int = USUAL_PARALLEL
    report_seconds: float = 60.0
    ca_file: Path | None = None
    archive_key: Path | None = None
    ledger_key: Path | None = None
    otel_url: str = ""


def read_config(path: Path) -> DockConfig:
    """Raises ConfigUnusable, naming the member."""
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigUnusable(path, reason_of(error)) from error
    except UnicodeDecodeError as error:
        raise ConfigUnusable(path, Words(str(error), f"第 {error.start + 1} 个字节起不是 UTF-8 文本")) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigUnusable(path, Words(str(error), _place_of(error))) from error
    members = _Members(path, document)
    marks = _Members(path, members.table("marks"), "marks.")
    usual = DockConfig()
    config = DockConfig(
        places=Places(members.paths("folders"), members.paths("mounts")),
        timing=WatchTiming(
            members.number("poll_seconds", usual.timing.poll_seconds, 0.1, A_DAY_SECONDS),
            members.number("settle_seconds", usual.timing.settle_seconds, 0.0, A_DAY_SECONDS),
        ),
        rates=_read_rates(members),
        marks=_read_marks(marks),
        url=members.text("url", usual.url),
        station_key_file=members.path("station_key_file"),
        station_token_file=members.path("station_token_file"),
        state=members.path("state"),
        wipe=members.flag("wipe"),
        parallel=members.whole("parallel", usual.parallel, 1, MOST_PARALLEL),
        report_seconds=members.number("report_seconds", usual.report_seconds, 1.0, A_DAY_SECONDS),
        ca_file=members.path("ca_file"),
        archive_key=members.path("archive_key"),
        ledger_key=members.path("ledger_key"),
        otel_url=members.text("otel_url", usual.otel_url),
    )
    marks.require_known()
    members.require_known()
    if not config.places.folders and not config.places.mounts:
        raise ConfigUnusable(path, _NOTHING_TO_WATCH)
    return config


def _read_rates(members: _Members) -> RateSchedule:
    try:
        return RateSchedule(tuple(parse_window(text) for text in members.texts("limits", ())))
    except RateUnreadable as error:
        raise members.refusal("limits", error.words) from error


def _read_marks(members: _Members) -> MarkRules:
    usual = MarkRules()
    read_only = members.text("read_only", usual.read_only)
    if read_only not in READ_ONLY_RULES:
        raise members.refusal(
            "read_only", Words(f"is one of {', '.join(READ_ONLY_RULES)}", f"须为 {'、'.join(READ_ONLY_RULES)} 之一")
        )
    return MarkRules(
        members.texts("folders", usual.folders),
        members.texts("names", usual.names),
        read_only,  # type: ignore[arg-type]  # it was looked up just above
    )


class _Members:
    """The members of one table, each read once with what it has to be; what was not read is unknown."""

    def __init__(self, path: Path, table: Mapping[str, Any], prefix: str = "") -> None:
        self._path = path
        self._left = dict(table)
        self._prefix = prefix

    def refusal(self, name: str, what: Words) -> ConfigUnusable:
        member = f"{self._prefix}{name}"
        return ConfigUnusable(self._path, Words(f"{member}: {what.en}", f"{member}：{what.zh}"))

    def require_known(self) -> None:
        if self._left:
            raise self.refusal(sorted(self._left)[0], Words("is not known here", "不认识这个成员，请核对拼写"))

    def table(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._read(name, {}, lambda value: isinstance(value, dict), _TABLE)
        return found

    def text(self, name: str, usual: str) -> str:
        return str(self._read(name, usual, lambda value: isinstance(value, str), _TEXT))

    def texts(self, name: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._read(name, usual, _is_texts, _TEXTS))

    def path(self, name: str) -> Path | None:
        text = self.text(name, "")
        return self._path.parent / Path(text).expanduser() if text else None

    def paths(self, name: str) -> tuple[Path, ...]:
        return tuple((self._path.parent / Path(text).expanduser()).resolve() for text in self.texts(name, ()))

    def flag(self, name: str) -> bool:
        return bool(self._read(name, False, lambda value: isinstance(value, bool), _FLAG))

    def whole(self, name: str, usual: int, least: int, most: int) -> int:
        return int(
            self._read(
                name,
                usual,
                lambda value: _is_number(value, int) and least <= value <= most,
                Words(f"{least} to {most}", f"{least} 至 {most} 的整数"),
            )
        )

    def number(self, name: str, usual: float, least: float, most: float) -> float:
        return float(
            self._read(
                name,
                usual,
                lambda value: _is_number(value, (int, float)) and least <= value <= most,
                Words(f"a number from {least:g} to {most:g}", f"{least:g} 至 {most:g} 的数"),
            )
        )

    def _read(self, name: str, usual: Any, fits: Callable[[Any], bool], what: Words) -> Any:
        value = self._left.pop(name, usual)
        if not fits(value):
            raise self.refusal(name, Words(f"is {what.en}", f"须为{_spaced(what.zh)}"))
        return value


def _place_of(error: tomllib.TOMLDecodeError) -> str:
    """Where the file is no TOML: up to Python 3.13 the library says it only within its sentence."""
    place = re.search(r"line (\d+), column (\d+)", str(error))
    return f"第 {place[1]} 行第 {place[2]} 列不是正确的 TOML" if place else "结尾处不是正确的 TOML"


def _spaced(words: str) -> str:
    return f" {words}" if words[0].isascii() else words


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_number(value: object, kinds: type | tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)
