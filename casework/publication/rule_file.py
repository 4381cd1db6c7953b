"""The rules of publishing as a file states them: channels, grounds not to publish, and what is masked how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Table, Value, read_rules
from storage.catalog.publication import PUBLICATION_KINDS

SHIPPED: Final = Path(__file__).parent / "shipped"
LONGEST_PATTERN: Final = 500
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Named:
    code: str
    name_zh: str
    name_en: str

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "name": {"zh": self.name_zh, "en": self.name_en}}


@dataclass(frozen=True)
class Channel(Named):
    """公示渠道. `required_for`: kinds of publications that have to be posted there."""

    required_for: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "required_for": list(self.required_for)}


@dataclass(frozen=True)
class Ground(Named):
    """不予公开的事由, with its law."""

    law: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**super().as_json(), "law": list(self.law)}


@dataclass(frozen=True)
class Mask(Named):
    """What matches `pattern` is shown as `shown`; `never_kept`: for no reason as it is."""

    pattern: str
    shown: str
    never_kept: bool

    def as_json(self) -> dict[str, Any]:
        said = {"pattern": self.pattern, "shown": self.shown, "never_kept": self.never_kept}
        return {**super().as_json(), **said}


@dataclass(frozen=True)
class NameMask:
    """Of a natural person's name the family name stays; each further sign is `shown`. `compound`: 复姓."""

    shown: str
    compound: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"shown": self.shown, "compound": list(self.compound)}


@dataclass(frozen=True)
class PublicityFile(VersionFile):
    """One version of the rules."""

    channels: tuple[Channel, ...]
    grounds: tuple[Ground, ...]
    names: NameMask
    masks: tuple[Mask, ...]

    def rules_as_json(self) -> dict[str, Any]:
        lists = {"channels": self.channels, "grounds": self.grounds, "masks": self.masks}
        return {**{name: [each.as_json() for each in of] for name, of in lists.items()}, "names": self.names.as_json()}


def channels_of(rules: Mapping[str, Any]) -> tuple[Channel, ...]:
    """What `rules_as_json` stored, as the three below."""
    return tuple(Channel(*_named(each), tuple(each["required_for"])) for each in rules["channels"])


def grounds_of(rules: Mapping[str, Any]) -> tuple[Ground, ...]:
    return tuple(Ground(*_named(each), tuple(each["law"])) for each in rules["grounds"])


def masks_of(rules: Mapping[str, Any]) -> tuple[Mask, ...]:
    return tuple(Mask(*_named(each), each["pattern"], each["shown"], each["never_kept"]) for each in rules["masks"])


def name_mask_of(rules: Mapping[str, Any]) -> NameMask:
    return NameMask(rules["names"]["shown"], tuple(rules["names"]["compound"]))


def read_publicity(content: bytes) -> PublicityFile:
    """A file of the rules: docs/formats/rules.md. Raises RuleFileUnusable, which names line and field."""
    text, table = read_rules(content)
    table.names((*HEADING, "channels", "grounds", "names", "masks"), (*HEADING_OPTIONAL, "supersedes"))
    supersedes = table.maybe("supersedes")
    return PublicityFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        channels=tuple(_channel(each) for each in _coded(table.at("channels"))),
        grounds=tuple(_ground(each) for each in _coded(table.at("grounds"))),
        names=_name_mask(table.at("names").table()),
        masks=tuple(_mask(each) for each in _coded(table.at("masks"))),
    )


def refuse_nonsense(file: PublicityFile) -> None:
    """What reads well and makes no sense. Raises RuleFileUnusable."""
    refuse_later_superseded(file)


def _coded(value: Value) -> list[Table]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    seen: set[str] = set()
    for place in places:
        code = place.table().at("code")
        word = code.matching(_CODE, "no_code")
        if word in seen:
            raise code.refused("twice", found=word)
        seen.add(word)
    return [place.table() for place in places]


def _named(stored: Mapping[str, Any]) -> tuple[str, str, str]:
    return stored["code"], stored["name"]["zh"], stored["name"]["en"]


def _read_named(table: Table) -> tuple[str, str, str]:
    name = table.at("name").table().names(("zh", "en"))
    code = table.at("code").matching(_CODE, "no_code")
    return code, name.at("zh").line_of_text(), name.at("en").line_of_text()


def _channel(table: Table) -> Channel:
    table.names(("code", "name"), ("required_for",))
    wanted = table.maybe("required_for")
    kinds = () if wanted is None else tuple(each.word(PUBLICATION_KINDS) for each in wanted.list())
    return Channel(*_read_named(table), kinds)


def _ground(table: Table) -> Ground:
    table.names(("code", "name", "law"))
    law = table.at("law").lines_of_text()
    if not law:
        raise table.at("law").refused("empty")
    return Ground(*_read_named(table), law)


def _mask(table: Table) -> Mask:
    table.names(("code", "name", "pattern", "shown"), ("never_kept",))
    value, never = table.at("pattern"), table.maybe("never_kept")
    pattern, shown = value.text("no_pattern", LONGEST_PATTERN), table.at("shown").line_of_text()
    try:
        found = re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise value.refused("no_pattern") from error
    if found.match("") is not None:
        raise value.refused("no_pattern")
    if found.search(shown):
        # What is shown would be masked again, and never be fit to be published.
        raise table.at("shown").refused("still_masked")
    return Mask(*_read_named(table), pattern, shown, never is not None and never.truth())


def _name_mask(table: Table) -> NameMask:
    table.names(("shown", "compound"))
    return NameMask(table.at("shown").line_of_text(), table.at("compound").lines_of_text())
