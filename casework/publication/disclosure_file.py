"""What is public before anything happens (事前公开) as a file states it: ten sections, none of them empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Value, read_rules

SECTIONS: Final = (
    "subject",
    "people",
    "duties",
    "powers",
    "basis",
    "procedure",
    "remedies",
    "checks",
    "guide",
    "flow",
)
"""主体, 人员, 职责, 权限, 依据, 程序, 救济渠道, 随机抽查事项清单, 服务指南, 执法流程图 (三（一）1)."""
LONGEST_TEXT: Final = 4000


@dataclass(frozen=True)
class Disclosed:
    """One entry of a section; of `flow` each line of the text is a step."""

    title: str
    text: str

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(line.strip() for line in self.text.splitlines() if line.strip())


@dataclass(frozen=True)
class DisclosureFile(VersionFile):
    """One version of the catalogue. `sections` in the order of SECTIONS."""

    sections: Mapping[str, tuple[Disclosed, ...]]

    def rules_as_json(self) -> dict[str, Any]:
        return {"sections": {name: [vars(each) for each in of] for name, of in self.sections.items()}}


def sections_of(rules: Mapping[str, Any]) -> dict[str, tuple[Disclosed, ...]]:
    """What `rules_as_json` stored, in the order of SECTIONS."""
    return {
        name: tuple(Disclosed(each["title"], each["text"]) for each in rules["sections"][name]) for name in SECTIONS
    }


def read_disclosure(content: bytes) -> DisclosureFile:
    """A file of the catalogue: docs/formats/rules.md. Raises RuleFileUnusable, which names line and field."""
    text, table = read_rules(content)
    table.names((*HEADING, "sections"), (*HEADING_OPTIONAL, "supersedes"))
    supersedes, sections = table.maybe("supersedes"), table.at("sections").table().names(SECTIONS)
    return DisclosureFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        sections={name: _entries(sections.at(name)) for name in SECTIONS},
    )


def refuse_nonsense(file: DisclosureFile) -> None:
    """What reads well and makes no sense. Raises RuleFileUnusable."""
    refuse_later_superseded(file)


def _entries(value: Value) -> tuple[Disclosed, ...]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    found = []
    for place in places:
        table = place.table().names(("title", "text"))
        text = table.at("text").text("no_long_text", LONGEST_TEXT).strip()
        found.append(Disclosed(table.at("title").line_of_text(), text))
    return tuple(found)
