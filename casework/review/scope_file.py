"""The list of decisions that need a legal review (重大执法决定法制审核目录清单) as a file of rules states it.

Each line is one of the notice's five grounds with what a decision has to be to meet it; several lines may have one
ground. What is computed from them is the database's: `review_scope_of` in migration 0026.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Table, Value, read_rules
from storage.catalog.casework import CASE_KINDS
from storage.catalog.decisions import FACTS, LEVELS, MEASURES, PARTY_KINDS

GROUNDS: Final = ("public_interest", "social_risk", "major_rights", "hearing", "complex")
"""重大公共利益; 重大社会影响或社会风险; 重大权益; 经听证; 疑难复杂、多个法律关系 (三（三）2)."""
FIELDS: Final = (
    "city_appearance",
    "sanitation",
    "landscaping",
    "municipal",
    "construction",
    "planning",
    "environment",
    "housing",
    "gas",
    "water",
    "other",
)
SHIPPED: Final = Path(__file__).parent / "shipped"
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "kinds": CASE_KINDS,
    "measures": MEASURES,
    "levels": LEVELS,
    "fields": FIELDS,
    "facts": FACTS,
}
_NUMBERS: Final[Mapping[str, int]] = {"amount_from_fen": 10**15, "affected_from": 10**6}


@dataclass(frozen=True)
class ScopeTrigger:
    """One line. All of `when` has to be so: of words one of those named, of numbers at least as much (amounts in fen:
    of all decisions of the case together). `facts` are those that anybody stated in the case, or that it shows."""

    code: str
    ground: str
    name_zh: str
    name_en: str
    law: tuple[str, ...]
    when: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "ground": self.ground,
            "name": {"zh": self.name_zh, "en": self.name_en},
            "law": list(self.law),
            "when": dict(self.when),
        }


@dataclass(frozen=True)
class ScopeFile(VersionFile):
    """One version of the list."""

    triggers: tuple[ScopeTrigger, ...]

    def rules_as_json(self) -> dict[str, Any]:
        return {"triggers": [trigger.as_json() for trigger in self.triggers]}


def triggers_of(rules: Mapping[str, Any]) -> dict[str, ScopeTrigger]:
    """What `rules_as_json` stored, by code."""
    return {
        each["code"]: ScopeTrigger(
            each["code"], each["ground"], each["name"]["zh"], each["name"]["en"], tuple(each["law"]), each["when"]
        )
        for each in rules["triggers"]
    }


def read_scope(content: bytes) -> ScopeFile:
    """A file of the list: docs/formats/rules.md. Raises RuleFileUnusable, which names line and field."""
    text, table = read_rules(content)
    table.names((*HEADING, "triggers"), (*HEADING_OPTIONAL, "supersedes"))
    supersedes = table.maybe("supersedes")
    return ScopeFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        triggers=_triggers(table.at("triggers")),
    )


def refuse_nonsense(file: ScopeFile) -> None:
    """What reads well and makes no sense. Raises RuleFileUnusable."""
    refuse_later_superseded(file)


def _triggers(value: Value) -> tuple[ScopeTrigger, ...]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    triggers: dict[str, ScopeTrigger] = {}
    for place in places:
        trigger = _trigger(place)
        if trigger.code in triggers:
            raise place.table().at("code").refused("twice", found=trigger.code)
        triggers[trigger.code] = trigger
    return tuple(triggers.values())


def _trigger(value: Value) -> ScopeTrigger:
    table = value.table().names(("code", "ground", "name", "law", "when"))
    name, law = table.at("name").table().names(("zh", "en")), table.at("law").lines_of_text()
    if not law:
        raise table.at("law").refused("empty")
    when = table.at("when").table().names((), (*_WORDS, "party", *_NUMBERS))
    if not when:
        raise table.at("when").refused("empty", (*_WORDS, "party", *_NUMBERS))
    return ScopeTrigger(
        code=table.at("code").matching(_CODE, "no_code"),
        ground=table.at("ground").word(GROUNDS),
        name_zh=name.at("zh").line_of_text(),
        name_en=name.at("en").line_of_text(),
        law=law,
        when=_when(when),
    )


def _when(table: Table) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name in table:
        value = table.at(name)
        if name in _WORDS:
            read[name] = [each.word(_WORDS[name]) for each in value.list()]
            if not read[name]:
                raise value.refused("empty", _WORDS[name])
        elif name == "party":
            read[name] = value.word(PARTY_KINDS)
        else:
            read[name] = value.number(last=_NUMBERS[name])
    return read
