"""`liuhen dock --config FILE`: one TOML file that says it all (docs/docking.md has an example). Unknown members are
refused by name: a misspelt limit would otherwise be no limit.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.dock.errors import ConfigUnusable, RateUnreadable
from ingest.dock.marks import READ_ONLY_RULES, MarkRules
from ingest.dock.pacing import RateSchedule, parse_window
from ingest.dock.source import reason_of
from ingest.dock.watching import Places, WatchTiming

_MOST_PARALLEL = 16


@dataclass(frozen=True, slots=True)
class DockConfig:
    """The file's members; None where it does not say. Paths are as written, relative ones to the file's folder."""

    places: Places
    timing: WatchTiming
    rates: RateSchedule
    marks: MarkRules
    url: str
    station_key_file: Path | None
    station_token_file: Path | None
    state: Path | None
    wipe: bool
    parallel: int
    report_seconds: float
    ca_file: Path | None
    archive_key: Path | None
    ledger_key: Path | None


def read_config(path: Path) -> DockConfig:
    """Raises ConfigUnusable, naming the member."""
    try:
        document = tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigUnusable(path, reason_of(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigUnusable(path, str(error)) from error
    members = _Members(path, document)
    marks = _Members(path, members.table("marks"), "marks.")
    config = DockConfig(
        places=Places(members.paths("folders"), members.paths("mounts")),
        timing=WatchTiming(members.number("poll_seconds", 5.0, 0.1), members.number("settle_seconds", 10.0, 0.0)),
        rates=_read_rates(members),
        marks=_read_marks(marks),
        url=members.text("url", ""),
        station_key_file=members.path("station_key_file"),
        station_token_file=members.path("station_token_file"),
        state=members.path("state"),
        wipe=members.flag("wipe"),
        parallel=members.whole("parallel", 3, 1, _MOST_PARALLEL),
        report_seconds=members.number("report_seconds", 60.0, 1.0),
        ca_file=members.path("ca_file"),
        archive_key=members.path("archive_key"),
        ledger_key=members.path("ledger_key"),
    )
    marks.require_known()
    members.require_known()
    if not config.places.folders and not config.places.mounts:
        raise ConfigUnusable(path, "neither folders nor mounts are named: there is nothing to watch")
    return config


def _read_rates(members: _Members) -> RateSchedule:
    try:
        return RateSchedule(tuple(parse_window(text) for text in members.texts("limits", ())))
    except RateUnreadable as error:
        raise members.refusal("limits", str(error)) from error


def _read_marks(members: _Members) -> MarkRules:
    usual = MarkRules()
    read_only = members.text("read_only", usual.read_only)
    if read_only not in READ_ONLY_RULES:
        raise members.refusal("read_only", f"is one of {', '.join(READ_ONLY_RULES)}")
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

    def refusal(self, name: str, what: str) -> ConfigUnusable:
        return ConfigUnusable(self._path, f"{self._prefix}{name}: {what}")

    def require_known(self) -> None:
        if self._left:
            raise self.refusal(sorted(self._left)[0], "is not known here")

    def table(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._read(name, {}, lambda value: isinstance(value, dict), "a table")
        return found

    def text(self, name: str, usual: str) -> str:
        return str(self._read(name, usual, lambda value: isinstance(value, str), "text in quotes"))

    def texts(self, name: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._read(name, usual, _is_texts, 'a list of texts, as ["a", "b"]'))

    def path(self, name: str) -> Path | None:
        text = self.text(name, "")
        return self._path.parent / Path(text).expanduser() if text else None

    def paths(self, name: str) -> tuple[Path, ...]:
        return tuple((self._path.parent / Path(text).expanduser()).resolve() for text in self.texts(name, ()))

    def flag(self, name: str) -> bool:
        return bool(self._read(name, False, lambda value: isinstance(value, bool), "true or false"))

    def whole(self, name: str, usual: int, least: int, most: int) -> int:
        return int(
            self._read(
                name, usual, lambda value: _is_number(value, int) and least <= value <= most, f"{least} to {most}"
            )
        )

    def number(self, name: str, usual: float, least: float) -> float:
        return float(
            self._read(
                name, usual, lambda value: _is_number(value, (int, float)) and value >= least, f"{least:g} or more"
            )
        )

    def _read(self, name: str, usual: Any, fits: Callable[[Any], bool], what: str) -> Any:
        value = self._left.pop(name, usual)
        if not fits(value):
            raise self.refusal(name, f"is {what}")
        return value


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _is_number(value: object, kinds: type | tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)
