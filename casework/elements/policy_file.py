"""A policy as people write it: which elements recordings must have, and which acts there are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from casework.rules.errors import RuleFileUnusable
from casework.rules.heading import (
    HEADING,
    HEADING_OPTIONAL,
    VersionFile,
    read_heading,
    refuse_later_superseded,
)
from casework.rules.reading import Table, Value, read_rules
from storage.catalog.casework import STAGES
from storage.catalog.elements import ELEMENTS

WHEN: Final = ("always", "for_acts", "never")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class ElementRule:
    """`required` is a word of WHEN; `law` says on what ground."""

    required: str
    law: tuple[str, ...] = ()


@dataclass(frozen=True)
class Act:
    """执法行为: a code with its names; `demands` are elements it needs beyond those that all need."""

    code: str
    name_zh: str
    name_en: str
    stage: str | None = None
    demands: tuple[str, ...] = ()
    law: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    elements: Mapping[str, ElementRule] = field(default_factory=dict)
    acts: tuple[Act, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "elements": {
                name: {"required": rule.required, "law": list(rule.law)} for name, rule in self.elements.items()
            },
            "acts": [
                {
                    "code": act.code,
                    "name": {"zh": act.name_zh, "en": act.name_en},
                    "stage": act.stage,
                    "demands": list(act.demands),
                    "law": list(act.law),
                }
                for act in self.acts
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Rules:
        """What `as_json` made."""
        return cls(
            {name: ElementRule(rule["required"], tuple(rule["law"])) for name, rule in stored["elements"].items()},
            tuple(
                Act(
                    act["code"],
                    act["name"]["zh"],
                    act["name"]["en"],
                    act["stage"],
                    tuple(act["demands"]),
                    tuple(act["law"]),
                )
                for act in stored["acts"]
            ),
        )


@dataclass(frozen=True)
class PolicyFile(VersionFile):
    """One version of the policy."""

    rules: Rules

    def rules_as_json(self) -> dict[str, Any]:
        return self.rules.as_json()


def read_policy(content: bytes) -> PolicyFile:
    """Raises RuleFileUnusable, which names the place."""
    text, table = read_rules(content)
    table.names((*HEADING, "elements"), (*HEADING_OPTIONAL, "supersedes", "acts"))
    supersedes = table.maybe("supersedes")
    return PolicyFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        rules=_rules(table),
        source=text,
    )


def refuse_nonsense(file: PolicyFile) -> None:
    """What reads well and makes no sense. Looked at when a version is loaded, and not when it is read again: whatever
    an earlier release took in, stays what it is. Raises RuleFileUnusable."""
    refuse_later_superseded(file)
    for name, rule in file.rules.elements.items():
        if rule.required == "never" and rule.law:
            raise RuleFileUnusable(f"elements.{name}.law", "law_of_nothing")
        if rule.required == "for_acts" and name == "act":
            raise RuleFileUnusable("elements.act", "circular")
    seen: set[str] = set()
    for place, act in enumerate(file.rules.acts, 1):
        for where, name in (("name.zh", act.name_zh), ("name.en", act.name_en)):
            if f"{where} {name.casefold()}" in seen:
                raise RuleFileUnusable(f"acts[{place}].{where} {name}", "twice")
            seen.add(f"{where} {name.casefold()}")
        for at, name in enumerate(act.demands):
            if name in act.demands[:at]:
                raise RuleFileUnusable(f"acts[{place}].demands {name}", "twice")


def _rules(table: Table) -> Rules:
    elements = table.at("elements").table().names((), ELEMENTS)
    if not elements:
        raise table.at("elements").refused("empty", ELEMENTS)
    rules = {name: _rule(elements.at(name)) for name in ELEMENTS if name in elements}
    stated = table.maybe("acts")
    places = [] if stated is None else stated.list()
    acts = tuple(_act(each) for each in places)
    _refuse_odd_acts(acts, places, rules)
    demanded = {name for act in acts for name in act.demands}
    for name, rule in rules.items():
        if rule.required == "for_acts" and name not in demanded:
            raise elements.at(name).refused("never_demanded")
    return Rules(rules, acts)


def _refuse_odd_acts(acts: Sequence[Act], places: Sequence[Value], rules: Mapping[str, ElementRule]) -> None:
    codes: set[str] = set()
    for act, place in zip(acts, places, strict=True):
        if act.code in codes:
            raise place.table().at("code").refused("twice", found=act.code)
        codes.add(act.code)
    for act, place in zip(acts, places, strict=True):
        for name in act.demands:
            if name not in rules or rules[name].required != "for_acts":
                raise place.table().at("demands").refused("not_for_acts", found=name)


def _rule(value: Value) -> ElementRule:
    table = value.table().names(("required",), ("law",))
    return ElementRule(table.at("required").word(WHEN), _lines(table, "law"))


def _act(value: Value) -> Act:
    table = value.table().names(("code", "name"), ("stage", "demands", "law"))
    name = table.at("name").table().names(("zh", "en"))
    stage, demands = table.maybe("stage"), table.maybe("demands")
    wanted = [] if demands is None else demands.list()
    return Act(
        code=table.at("code").matching(_CODE, "no_code"),
        name_zh=name.at("zh").line_of_text(),
        name_en=name.at("en").line_of_text(),
        stage=None if stage is None else stage.word(STAGES),
        demands=tuple(Value(each.value, f"{value.where}.demands", each.line).word(ELEMENTS) for each in wanted),
        law=_lines(table, "law"),
    )


def _lines(table: Table, name: str) -> tuple[str, ...]:
    value = table.maybe(name)
    return () if value is None else value.lines_of_text()
