"""One version of the city's template of one document, as a file: fields, facts of the case, signatures and layout.

Format: docs/documents.md. What is wrong is named with its line and field; a template that cannot be rendered is refused
where it is loaded (casework/documents/templates.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from casework.documents.facts import FACTS, OF_DECISION
from casework.rules.errors import RuleFileUnusable
from casework.rules.heading import HEADING, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Table, Value, read_rules
from storage.catalog.casework import STAGES
from storage.catalog.documents import DOCUMENT_KINDS, SIGNING_ROLES

FIELD_TYPES: Final = ("line", "text", "day", "moment", "money", "number", "choice", "rows", "documents")
LONGEST_LAYOUT: Final = 40_000
MOST_SIGNATURES: Final = 5
OF_THE_DECISION: Final[Mapping[str, str]] = {"party": "party", "penalty": "decided"}
"""Fields that templates of before had typed, and the facts of the decision that stand there now: a document that
states a decision has them from it."""
_WORD: Final = re.compile(r"[㐀-鿿]{1,8}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
# A layout is rendered away from any network and file: what would ask for one is refused where somebody can mend it.
_REACHING_OUT: Final = re.compile(r"@preview|@local|\bread\s*\(|\bplugin\s*\(|\bimage\s*\(")


@dataclass(frozen=True)
class TemplateField:
    """What a person fills in. `columns` are those of `rows`; `choices` those of `choice`."""

    name: str
    type: str
    label_zh: str
    label_en: str
    required: bool
    law: tuple[str, ...] = ()
    hint_zh: str | None = None
    hint_en: str | None = None
    choices: tuple[str, ...] = ()
    columns: tuple[TemplateField, ...] = ()

    def as_json(self) -> dict[str, Any]:
        lists = {"law": list(self.law), "choices": list(self.choices), "columns": [c.as_json() for c in self.columns]}
        return {**vars(self), **lists}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> TemplateField:
        columns = tuple(cls.of(each) for each in stored["columns"])
        return cls(**{**stored, "law": tuple(stored["law"]), "choices": tuple(stored["choices"]), "columns": columns})


@dataclass(frozen=True)
class TemplateFact:
    """What is taken from the case: `name` is a word of FACTS."""

    name: str
    required: bool
    law: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "law": list(self.law)}


@dataclass(frozen=True)
class Template:
    """What a version of a template says. `word`: the document's part of the number (罚决); None: it bears none.

    `sealed`: it leaves the unit, and bears its seal. `signatures`: how many of each role it needs.
    """

    kind: str
    title: str
    word: str | None
    sealed: bool
    stages: tuple[str, ...]
    law: tuple[str, ...]
    signatures: Mapping[str, int]
    facts: tuple[TemplateFact, ...]
    fields: tuple[TemplateField, ...]
    layout: str

    @property
    def typed(self) -> tuple[TemplateField, ...]:
        """The fields that people fill in."""
        return tuple(field for field in self.fields if field.name not in self.lent)

    @property
    def lent(self) -> Mapping[str, str]:
        """By the name of a field that nobody fills in, the fact that stands in it."""
        states = DOCUMENT_KINDS[self.kind].states is not None
        names = {field.name for field in self.fields} if states else set()
        return {name: fact for name, fact in OF_THE_DECISION.items() if name in names}

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "title": self.title,
            "word": self.word,
            "sealed": self.sealed,
            "stages": list(self.stages),
            "law": list(self.law),
            "signatures": dict(self.signatures),
            "facts": [fact.as_json() for fact in self.facts],
            "fields": [field.as_json() for field in self.fields],
            "layout": self.layout,
        }

    @classmethod
    def of(cls, rules: Mapping[str, Any]) -> Template:
        """What `as_json` stored."""
        lists = {name: tuple(rules[name]) for name in ("stages", "law")}
        facts = tuple(TemplateFact(**{**each, "law": tuple(each["law"])}) for each in rules["facts"])
        return cls(
            **{**rules, **lists, "facts": facts, "fields": tuple(TemplateField.of(each) for each in rules["fields"])}
        )


@dataclass(frozen=True)
class TemplateFile(VersionFile):
    """One version of a template."""

    template: Template

    def rules_as_json(self) -> dict[str, Any]:
        return self.template.as_json()


def read_template(content: bytes) -> TemplateFile:
    """Raises RuleFileUnusable. `unit` is no name here: a template is the city's, and of all units."""
    text, table = read_rules(content)
    names = ("kind", "stages", "law", "facts", "fields", "layout")
    table.names((*HEADING, *names), ("valid_until", "supersedes", "word", "sealed", "signatures"))
    supersedes, heading = table.maybe("supersedes"), read_heading(table)
    return TemplateFile(
        **vars(heading),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        template=_template(table, heading.title_zh),
    )


def refuse_nonsense(file: TemplateFile) -> None:
    """What reads well and makes no sense: looked at when a version is loaded. Raises RuleFileUnusable."""
    refuse_later_superseded(file)
    template = file.template
    if DOCUMENT_KINDS[template.kind].states is None:
        return
    if not {fact.name for fact in template.facts} >= set(OF_DECISION) - {"amount"}:
        raise RuleFileUnusable("facts", "no_decision")
    for name in template.lent:
        raise RuleFileUnusable(f"fields.{name}", "of_decision")
    for name in ("party", "decided"):
        if f"facts.{name}" not in template.layout:
            raise RuleFileUnusable(f"layout (facts.{name})", "unsaid")


def _template(table: Table, title: str) -> Template:
    word, sealed = table.maybe("word"), table.maybe("sealed")
    kind, facts = table.at("kind").word(tuple(DOCUMENT_KINDS)), tuple(_facts(table.at("facts").table()))
    if kind == "penalty_decision" and "amount" not in {fact.name for fact in facts}:
        raise table.at("facts").refused("no_amount")
    return Template(
        kind=kind,
        title=title,
        word=None if word is None else word.matching(_WORD, "no_word"),
        sealed=sealed is not None and sealed.truth(),
        stages=_stages(table.at("stages")),
        law=_law(table.at("law")),
        signatures=_signatures(table.maybe("signatures")),
        facts=facts,
        fields=tuple(_fields(table.at("fields").table())),
        layout=_layout(table.at("layout")),
    )


def _stages(value: Value) -> tuple[str, ...]:
    stages = tuple(each.word(STAGES) for each in value.list())
    if not stages:
        raise value.refused("empty", STAGES)
    return stages


def _law(value: Value) -> tuple[str, ...]:
    law = value.lines_of_text()
    if not law:
        raise value.refused("empty")
    return law


def _signatures(value: Value | None) -> Mapping[str, int]:
    if value is None:
        return {}
    table = value.table().names((), SIGNING_ROLES)
    return {role: table.at(role).number("too_many_signatures", last=MOST_SIGNATURES) for role in table}


def _facts(table: Table) -> Iterator[TemplateFact]:
    table.names((), tuple(FACTS))
    for name in table:
        said = table.at(name).table().names(("required",), ("law",))
        yield TemplateFact(name, said.at("required").truth(), () if "law" not in said else _law(said.at("law")))


def _fields(table: Table, types: Sequence[str] = FIELD_TYPES) -> Iterator[TemplateField]:
    for name in table:
        value = table.at(str(name))
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise value.refused("no_code")
        yield _field(name, value.table(), types)


def _field(name: str, table: Table, types: Sequence[str]) -> TemplateField:
    table.names(("type", "label", "required"), ("law", "hint", "choices", "columns"))
    kind, label = table.at("type").word(types), table.at("label").table().names(("zh", "en"))
    hint = None if "hint" not in table else table.at("hint").table().names(("zh", "en"))
    for part, of in (("choices", "choice"), ("columns", "rows")):
        if (part in table) != (kind == of):
            raise (table.at(part) if part in table else table.at("type")).refused("of_other_type", (of,))
    return TemplateField(
        name=name,
        type=kind,
        label_zh=label.at("zh").line_of_text(),
        label_en=label.at("en").line_of_text(),
        required=table.at("required").truth(),
        law=() if "law" not in table else _law(table.at("law")),
        hint_zh=None if hint is None else hint.at("zh").line_of_text(),
        hint_en=None if hint is None else hint.at("en").line_of_text(),
        choices=() if "choices" not in table else table.at("choices").lines_of_text(),
        columns=() if "columns" not in table else tuple(_fields(table.at("columns").table(), FIELD_TYPES[:7])),
    )


def _layout(value: Value) -> str:
    layout = value.text("no_layout", LONGEST_LAYOUT)
    if _REACHING_OUT.search(layout):
        raise value.refused("reaches_out")
    return layout
