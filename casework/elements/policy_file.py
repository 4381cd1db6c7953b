"""A policy as people write it: YAML, read strictly, so that a mistyped word is a mistake and never a rule less."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import yaml

from casework.elements.errors import PolicyUnusable
from casework.register.calendar import is_usable
from storage.catalog.casework import STAGES
from storage.catalog.elements import ELEMENTS

MOST_BYTES: Final = 256 << 10
LONGEST_TEXT: Final = 200
WHEN: Final = ("always", "for_acts", "never")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_JURISDICTION: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,39}")
_FIELDS: Final = ("jurisdiction", "version", "title", "valid_from", "elements")
_OPTIONAL: Final = ("valid_until", "unit", "supersedes", "acts")


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
class PolicyFile:
    """`last_day` None: no end. `unit_code` None: of all units. `supersedes`: the version that ends where it begins."""

    jurisdiction: str
    version: int
    title_zh: str
    title_en: str
    valid_from: date
    last_day: date | None
    unit_code: str | None
    supersedes: int | None
    rules: Rules
    source: str

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.source.encode()).digest()


def read_policy(content: bytes) -> PolicyFile:
    """Raises PolicyUnusable, which names the place."""
    if len(content) > MOST_BYTES:
        raise PolicyUnusable("the file", "too_large")
    text, table = _parse(content)
    _names(table, "", _FIELDS, _OPTIONAL)
    title = _table(table["title"], "title")
    _names(title, "title.", ("zh", "en"))
    valid_from = _day(table["valid_from"], "valid_from")
    last_day = None if table.get("valid_until") is None else _day(table["valid_until"], "valid_until")
    if last_day is not None and last_day < valid_from:
        raise PolicyUnusable("valid_until", "ends_before_it_begins")
    return PolicyFile(
        jurisdiction=_matching(table["jurisdiction"], "jurisdiction", _JURISDICTION, "no_jurisdiction"),
        version=_number(table["version"], "version"),
        title_zh=_line(title["zh"], "title.zh"),
        title_en=_line(title["en"], "title.en"),
        valid_from=valid_from,
        last_day=last_day,
        unit_code=None if table.get("unit") is None else _line(table["unit"], "unit"),
        supersedes=None if table.get("supersedes") is None else _number(table["supersedes"], "supersedes"),
        rules=_rules(table),
        source=text,
    )


def refuse_nonsense(file: PolicyFile) -> None:
    """What reads well and makes no sense. Looked at when a version is loaded, and not when it is read again: whatever
    an earlier release took in, stays what it is. Raises PolicyUnusable."""
    if file.supersedes is not None and file.supersedes >= file.version:
        raise PolicyUnusable(f"supersedes {file.supersedes}", "not_earlier")
    for name, rule in file.rules.elements.items():
        if rule.required == "never" and rule.law:
            raise PolicyUnusable(f"elements.{name}.law", "law_of_nothing")
        if rule.required == "for_acts" and name == "act":
            raise PolicyUnusable("elements.act", "circular")
    seen: set[str] = set()
    for place, act in enumerate(file.rules.acts, 1):
        for where, name in (("name.zh", act.name_zh), ("name.en", act.name_en)):
            if f"{where} {name.casefold()}" in seen:
                raise PolicyUnusable(f"acts[{place}].{where} {name}", "twice")
            seen.add(f"{where} {name.casefold()}")
        for at, name in enumerate(act.demands):
            if name in act.demands[:at]:
                raise PolicyUnusable(f"acts[{place}].demands {name}", "twice")


def _rules(table: Mapping[str, Any]) -> Rules:
    elements = _table(table["elements"], "elements")
    _names(elements, "elements.", (), ELEMENTS)
    if not elements:
        raise PolicyUnusable("elements", "empty", ELEMENTS)
    rules = {name: _rule(elements[name], f"elements.{name}") for name in ELEMENTS if name in elements}
    acts = tuple(_act(each, f"acts[{place}]") for place, each in enumerate(_list(table.get("acts") or [], "acts"), 1))
    codes = [act.code for act in acts]
    for place, code in enumerate(codes, 1):
        if code in codes[: place - 1]:
            raise PolicyUnusable(f"acts[{place}].code {code}", "twice")
    for place, act in enumerate(acts, 1):
        for name in act.demands:
            if name not in rules or rules[name].required != "for_acts":
                raise PolicyUnusable(f"acts[{place}].demands {name}", "not_for_acts")
    demanded = {name for act in acts for name in act.demands}
    for name, rule in rules.items():
        if rule.required == "for_acts" and name not in demanded:
            raise PolicyUnusable(f"elements.{name}", "never_demanded")
    return Rules(rules, acts)


def _rule(value: object, where: str) -> ElementRule:
    table = _table(value, where)
    _names(table, f"{where}.", ("required",), ("law",))
    return ElementRule(_word(table["required"], f"{where}.required", WHEN), _lines(table.get("law"), f"{where}.law"))


def _act(value: object, where: str) -> Act:
    table = _table(value, where)
    _names(table, f"{where}.", ("code", "name"), ("stage", "demands", "law"))
    name = _table(table["name"], f"{where}.name")
    _names(name, f"{where}.name.", ("zh", "en"))
    demands = _lines(table.get("demands"), f"{where}.demands")
    return Act(
        code=_matching(table["code"], f"{where}.code", _CODE, "no_code"),
        name_zh=_line(name["zh"], f"{where}.name.zh"),
        name_en=_line(name["en"], f"{where}.name.en"),
        stage=None if table.get("stage") is None else _word(table["stage"], f"{where}.stage", STAGES),
        demands=tuple(_word(each, f"{where}.demands", ELEMENTS) for each in demands),
        law=_lines(table.get("law"), f"{where}.law"),
    )


def _parse(content: bytes) -> tuple[str, Mapping[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
        parsed = yaml.load(text, Loader=_OnceEach)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise PolicyUnusable("the file" if mark is None else f"line {mark.line + 1}", "not_yaml") from error
    except (UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise PolicyUnusable("the file", "not_yaml") from error
    return text, _table(parsed, "the file")


class _OnceEach(yaml.SafeLoader):  # type: ignore[misc]
    """Plain values alone; and no name twice, where YAML would take the last one without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable):
                if key in seen:
                    raise PolicyUnusable(f"line {key_node.start_mark.line + 1}: {key}", "twice")
                seen.add(key)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def _names(table: Mapping[str, Any], prefix: str, needed: Sequence[str], optional: Sequence[str] = ()) -> None:
    known = (*needed, *optional)
    for name in table:
        if name not in known:
            raise PolicyUnusable(f"{prefix}{str(name)[:40]}", "unknown", known)
    for name in needed:
        if table.get(name) is None:
            raise PolicyUnusable(f"{prefix}{name}", "missing")


def _table(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise PolicyUnusable(where, "not_a_table")
    return value


def _list(value: object, where: str) -> Sequence[object]:
    if not isinstance(value, list):
        raise PolicyUnusable(where, "not_a_list")
    return value


def _lines(value: object, where: str) -> tuple[str, ...]:
    return () if value is None else tuple(_line(each, where) for each in _list(value, where))


def _line(value: object, where: str) -> str:
    # A code of digits is read as a number: it is meant as it is written.
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT or not text.isprintable():
        raise PolicyUnusable(where, "no_text")
    return text.strip()


def _matching(value: object, where: str, pattern: re.Pattern[str], problem: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise PolicyUnusable(where, problem)
    return value


def _word(value: object, where: str, known: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in known:
        raise PolicyUnusable(f"{where} {str(value)[:40]}", "unknown", tuple(known))
    return value


def _number(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 31:
        raise PolicyUnusable(where, "no_number")
    return value


def _day(value: object, where: str) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise PolicyUnusable(where, "no_day")
    if not is_usable(value):
        raise PolicyUnusable(where, "no_such_year")
    return value
