"""Rules of retention as people write them (保管期限规则): YAML, read strictly, one version a file.

Format: docs/formats/rules.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Table, Value, read_rules
from storage.catalog.casework import KIND_OF, UNSTATED

MOST_MONTHS: Final = 1200
PROCEDURES: Final = (*KIND_OF, UNSTATED)
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class KeptFor:
    """A class of retention (保管期限): so many months from the day of receipt; None: for ever."""

    code: str
    name_zh: str
    name_en: str
    months: int | None

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "name": {"zh": self.name_zh, "en": self.name_en}, "months": self.months}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> KeptFor:
        """What `as_json` made."""
        return cls(stored["code"], stored["name"]["zh"], stored["name"]["en"], stored["months"])


@dataclass(frozen=True)
class Demand:
    """Cases of a procedure, or with an act of a kind (`of`), are kept at least as long as a class says."""

    of: str
    at_least: str
    law: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {"of": self.of, "at_least": self.at_least, "law": list(self.law)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Demand:
        """What `as_json` made."""
        return cls(stored["of"], stored["at_least"], tuple(stored["law"]))


@dataclass(frozen=True)
class RetentionFile(VersionFile):
    """One version of the rules."""

    classes: tuple[KeptFor, ...]
    cases: tuple[Demand, ...]
    acts: tuple[Demand, ...]

    def rules_as_json(self) -> dict[str, Any]:
        return {
            "classes": [each.as_json() for each in self.classes],
            "cases": [each.as_json() for each in self.cases],
            "acts": [each.as_json() for each in self.acts],
        }


def classes_of(rules: Mapping[str, Any]) -> tuple[KeptFor, ...]:
    """What `rules_as_json` stored."""
    return tuple(KeptFor.from_json(each) for each in rules["classes"])


def demands_of(rules: Mapping[str, Any], procedure: str, act_kinds: frozenset[str]) -> tuple[Demand, ...]:
    """What `rules_as_json` stored of cases of this procedure, and of those with acts of these kinds."""
    cases = (Demand.from_json(each) for each in rules["cases"])
    acts = (Demand.from_json(each) for each in rules["acts"])
    return (*(each for each in cases if each.of == procedure), *(each for each in acts if each.of in act_kinds))


def read_retention(content: bytes) -> RetentionFile:
    """Raises RuleFileUnusable, which names the place."""
    text, table = read_rules(content)
    table.names((*HEADING, "classes", "cases"), (*HEADING_OPTIONAL, "supersedes", "acts"))
    supersedes, acts = table.maybe("supersedes"), table.maybe("acts")
    classes = _classes(table.at("classes"))
    known = tuple(each.code for each in classes)
    return RetentionFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        classes=classes,
        cases=_demands(table.at("cases"), "procedures", known),
        acts=() if acts is None else _demands(acts, "kinds", known),
    )


def refuse_nonsense(file: RetentionFile) -> None:
    """What reads well and makes no sense: looked at when a version is loaded, and not when it is read again. Raises
    RuleFileUnusable."""
    refuse_later_superseded(file)


def _classes(value: Value) -> tuple[KeptFor, ...]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    found: dict[str, KeptFor] = {}
    for place in places:
        each = _class(place.table())
        if each.code in found:
            raise place.table().at("code").refused("twice", found=each.code)
        found[each.code] = each
    return tuple(found.values())


def _class(table: Table) -> KeptFor:
    table.names(("code", "name"), ("keep_months", "permanent"))
    name = table.at("name").table().names(("zh", "en"))
    months, permanent = table.maybe("keep_months"), table.maybe("permanent")
    # For ever is said, and never what is left when a number was forgotten.
    if (months is None) == (permanent is None or not permanent.truth()):
        raise (permanent or table.at("code")).refused("months_or_permanent")
    return KeptFor(
        code=table.at("code").matching(_CODE, "no_code"),
        name_zh=name.at("zh").line_of_text(),
        name_en=name.at("en").line_of_text(),
        months=None if months is None else months.number("too_many_months", last=MOST_MONTHS),
    )


def _demands(value: Value, word: str, classes: tuple[str, ...]) -> tuple[Demand, ...]:
    found: dict[str, Demand] = {}
    for place in value.list():
        table = place.table().names((word, "at_least", "law"))
        at_least, law = table.at("at_least").word(classes), table.at("law").lines_of_text()
        if not law:
            raise table.at("law").refused("empty")
        for of in _named(table.at(word), word):
            if of in found:
                raise table.at(word).refused("twice", found=of)
            found[of] = Demand(of, at_least, law)
    return tuple(found.values())


def _named(value: Value, word: str) -> tuple[str, ...]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    if word == "procedures":
        return tuple(place.word(PROCEDURES) for place in places)
    return tuple(place.matching(_CODE, "no_code") for place in places)
