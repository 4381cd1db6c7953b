"""Which notices a penalty owes (告知规则) as a file of rules states it: docs/formats/rules.md.

What is worked out from them is the database's: `told_refusals` in migration 0095.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from casework.rules.heading import HEADING, HEADING_OPTIONAL, VersionFile, read_heading, refuse_later_superseded
from casework.rules.reading import Table, Value, read_rules
from storage.catalog.decisions import MEASURES, PARTY_KINDS

PROCEDURES: Final = ("simple_penalty", "ordinary_penalty", "hearing_penalty")
NOTICES: Final = ("spoken", "written")
"""当场口头告知; 以告知书告知."""
COUNTED: Final = ("working_days", "calendar_days")
SHIPPED: Final = Path(__file__).parent / "shipped"
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST_DAYS: Final = 60
_RULES: Final = ("procedures", "hearing_request", "hearing_notice", "hearings")
_WHEN: Final = ("measures", "party", "amount_from_fen")


@dataclass(frozen=True)
class OwedNotice:
    """What a penalty of one procedure owes. `days`: at least so many are left to the party for statement and defence,
    by a written notice; None: by a spoken one he is heard on the spot."""

    procedure: str
    notice: str
    law: tuple[str, ...]
    days: int | None = None
    counted: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {"notice": self.notice, "days": self.days, "counted": self.counted, "law": list(self.law)}


@dataclass(frozen=True)
class OwedHearing:
    """A line of which penalties owe a hearing where the party asks for one: all of `when` has to be so; amounts in
    fen, of all standing decisions of the case against this party together."""

    code: str
    name_zh: str
    name_en: str
    law: tuple[str, ...]
    when: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        name = {"zh": self.name_zh, "en": self.name_en}
        return {"code": self.code, "name": name, "law": list(self.law), "when": dict(self.when)}


@dataclass(frozen=True)
class NoticeFile(VersionFile):
    """One version. `request_days`: in which a hearing is asked for, from the day on which its notice counts;
    `hearing_notice_days`: working days before a hearing on which the party is told of it, None: it says nothing."""

    procedures: tuple[OwedNotice, ...]
    hearings: tuple[OwedHearing, ...]
    request_days: int | None
    request_counted: str | None
    hearing_notice_days: int | None = None

    def rules_as_json(self) -> dict[str, Any]:
        # Versions that were loaded before this was known go on being what their YAML says.
        ahead = {} if self.hearing_notice_days is None else {"hearing_notice_days": self.hearing_notice_days}
        return {
            "procedures": {each.procedure: each.as_json() for each in self.procedures},
            "hearings": [each.as_json() for each in self.hearings],
            "request_days": self.request_days,
            "request_counted": self.request_counted,
            **ahead,
        }


def read_notices(content: bytes) -> NoticeFile:
    """A file of which notices are owed. Raises RuleFileUnusable, which names line and field."""
    text, table = read_rules(content)
    table.names(HEADING, (*HEADING_OPTIONAL, "supersedes", *_RULES))
    if not {"procedures", "hearings", "hearing_notice"} & set(table):
        table.names((*HEADING, "procedures"), tuple(table))
    supersedes, request, ahead = (table.maybe(name) for name in ("supersedes", "hearing_request", "hearing_notice"))
    days, counted = (None, None) if request is None else _days(request.table().names(("days", "counted", "law")))
    return NoticeFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        procedures=_procedures(table.maybe("procedures")),
        hearings=_hearings(table.maybe("hearings")),
        request_days=days,
        request_counted=counted,
        hearing_notice_days=None if ahead is None else _days_ahead(ahead.table()),
    )


def refuse_nonsense(file: NoticeFile) -> None:
    """What reads well and makes no sense. Raises RuleFileUnusable."""
    refuse_later_superseded(file)


def _procedures(value: Value | None) -> tuple[OwedNotice, ...]:
    if value is None:
        return ()
    table = value.table().names((), PROCEDURES)
    return tuple(_owed(name, table.at(name).table()) for name in table)


def _owed(procedure: str, table: Table) -> OwedNotice:
    written = table.names(("notice", "law"), ("days", "counted")).at("notice").word(NOTICES) == "written"
    days = _days(table.names(("notice", "law", "days", "counted"))) if written else (None, None)
    table.names(("notice", "law"), ("days", "counted") if written else ())
    return OwedNotice(procedure, table.at("notice").word(NOTICES), _law(table), *days)


def _days(table: Table) -> tuple[int, str]:
    return table.at("days").number(last=_MOST_DAYS), table.at("counted").word(COUNTED)


def _days_ahead(table: Table) -> int:
    table.names(("days", "counted", "law")).at("counted").word(("working_days",))
    _law(table)
    return table.at("days").number(last=_MOST_DAYS)


def _law(table: Table) -> tuple[str, ...]:
    law = table.at("law").lines_of_text()
    if not law:
        raise table.at("law").refused("empty")
    return law


def _hearings(value: Value | None) -> tuple[OwedHearing, ...]:
    found: dict[str, OwedHearing] = {}
    for place in value.list() if value is not None else ():
        line = _hearing(place.table().names(("code", "name", "law", "when")))
        if line.code in found:
            raise place.table().at("code").refused("twice", found=line.code)
        found[line.code] = line
    return tuple(found.values())


def _hearing(table: Table) -> OwedHearing:
    name, when = table.at("name").table().names(("zh", "en")), table.at("when").table().names((), _WHEN)
    if not when:
        raise table.at("when").refused("empty", _WHEN)
    return OwedHearing(
        code=table.at("code").matching(_CODE, "no_code"),
        name_zh=name.at("zh").line_of_text(),
        name_en=name.at("en").line_of_text(),
        law=_law(table),
        when=_when(when),
    )


def _when(table: Table) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name in table:
        value = table.at(name)
        if name == "measures":
            read[name] = [each.word(MEASURES) for each in value.list()]
            if not read[name]:
                raise value.refused("empty", MEASURES)
        elif name == "party":
            read[name] = value.word(PARTY_KINDS)
        else:
            read[name] = value.number(last=10**15)
    return read
