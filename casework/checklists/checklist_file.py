"""A checklist as people write it (音像记录事项清单): YAML, read strictly, one version a file.

Format: docs/formats/rules.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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

RECORDINGS: Final = ("none", "some", "whole")
"""None is asked for; one at least, a photograph will do; or one from the act's beginning to its end (全程). The least
first."""
DUTIES: Final = ("identity_shown", "notice_given")
"""What officers owe whom the act concerns: to show their certificates, and to tell the reasons, the legal grounds, and
the rights and duties (事由、依据、权利义务)."""
MOST_DEVICES: Final = 20
MOST_SECONDS: Final = 3600
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_OPTIONAL: Final = ("officers", "law", "duties", "closes_without_duties")
_OF_RECORDINGS: Final = ("devices", "allowed_gap_seconds", "written_reason", "closes_with_gap", "closes_in_doubt")


@dataclass(frozen=True)
class ActRule:
    """What one kind of act (执法行为) needs.

    `recording` is a word of RECORDINGS, by `devices` at once, with holes of up to `allowed_gap_seconds`.
    `written_reason`: what a named officer writes stands where a recording is missing, without anybody's confirmation.
    `closes_with_gap`, `closes_in_doubt`: the case may be closed though something is missing that nobody explained, or
    though the clocks leave it in doubt. `officers`: how many the law wants. `duties`: words of DUTIES that have to be
    entered of it; `closes_without_duties`: the case may be closed though one is not.
    """

    code: str
    name_zh: str
    name_en: str
    recording: str = "none"
    devices: int = 1
    allowed_gap_seconds: int = 0
    written_reason: bool = True
    closes_with_gap: bool = True
    closes_in_doubt: bool = True
    officers: int = 1
    law: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    closes_without_duties: bool = True

    def as_json(self) -> dict[str, Any]:
        """Without duties, as versions of before there were any are kept."""
        left_out = ("name_zh", "name_en", "duties", "closes_without_duties")
        facts = {name: value for name, value in vars(self).items() if name not in left_out}
        stated = {**facts, "name": {"zh": self.name_zh, "en": self.name_en}, "law": list(self.law)}
        if self.duties:
            stated |= {"duties": list(self.duties), "closes_without_duties": self.closes_without_duties}
        return stated

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> ActRule:
        """What `as_json` made."""
        facts = {name: value for name, value in stored.items() if name not in ("name", "law", "duties")}
        name, law, duties = stored["name"], tuple(stored["law"]), tuple(stored.get("duties", ()))
        return cls(**facts, name_zh=name["zh"], name_en=name["en"], law=law, duties=duties)


@dataclass(frozen=True)
class ChecklistFile(VersionFile):
    """One version of the checklist."""

    acts: tuple[ActRule, ...]

    def rules_as_json(self) -> dict[str, Any]:
        return {"acts": [act.as_json() for act in self.acts]}


def acts_of(rules: Mapping[str, Any]) -> tuple[ActRule, ...]:
    """What `rules_as_json` stored."""
    return tuple(ActRule.from_json(act) for act in rules["acts"])


def rule_of(rules: Mapping[str, Any], code: str) -> ActRule | None:
    """What `rules_as_json` stored of one kind of act; None where it says nothing of it."""
    return next((ActRule.from_json(act) for act in rules["acts"] if act["code"] == code), None)


def together(rules: Iterable[ActRule]) -> ActRule | None:
    """What several checklists demand of one kind of act, together: what one demands another cannot take away.

    Names are the first's. None where there are none.
    """
    found: ActRule | None = None
    for rule in rules:
        found = rule if found is None else _both(found, rule)
    return found


def read_checklist(content: bytes) -> ChecklistFile:
    """Raises RuleFileUnusable, which names the place."""
    text, table = read_rules(content)
    table.names((*HEADING, "acts"), (*HEADING_OPTIONAL, "supersedes"))
    supersedes = table.maybe("supersedes")
    return ChecklistFile(
        **vars(read_heading(table)),
        supersedes=None if supersedes is None else supersedes.number(),
        source=text,
        acts=_acts(table.at("acts")),
    )


def refuse_nonsense(file: ChecklistFile) -> None:
    """What reads well and makes no sense: looked at when a version is loaded, and not when it is read again. Raises
    RuleFileUnusable."""
    refuse_later_superseded(file)
    seen: set[str] = set()
    for place, act in enumerate(file.acts, 1):
        for where, name in (("name.zh", act.name_zh), ("name.en", act.name_en)):
            if f"{where} {name.casefold()}" in seen:
                raise RuleFileUnusable(f"acts[{place}].{where} {name}", "twice")
            seen.add(f"{where} {name.casefold()}")


def _both(one: ActRule, other: ActRule) -> ActRule:
    recording = max(one.recording, other.recording, key=RECORDINGS.index)
    # What is said of recordings by a rule that asks for none is no demand, and no leave either.
    asking = [rule for rule in (one, other) if rule.recording != "none"] or [one, other]
    whole = [rule for rule in asking if rule.recording == recording]
    return ActRule(
        code=one.code,
        name_zh=one.name_zh,
        name_en=one.name_en,
        recording=recording,
        devices=max(rule.devices for rule in asking),
        allowed_gap_seconds=min(rule.allowed_gap_seconds for rule in whole),
        written_reason=all(rule.written_reason for rule in asking),
        closes_with_gap=all(rule.closes_with_gap for rule in asking),
        closes_in_doubt=all(rule.closes_in_doubt for rule in asking),
        officers=max(one.officers, other.officers),
        law=tuple(dict.fromkeys((*one.law, *other.law))),
        duties=tuple(duty for duty in DUTIES if duty in (*one.duties, *other.duties)),
        closes_without_duties=one.closes_without_duties and other.closes_without_duties,
    )


def _acts(value: Value) -> tuple[ActRule, ...]:
    places = value.list()
    if not places:
        raise value.refused("empty")
    acts: dict[str, ActRule] = {}
    for place in places:
        act = _act(place)
        if act.code in acts:
            raise place.table().at("code").refused("twice", found=act.code)
        acts[act.code] = act
    return tuple(acts.values())


def _act(value: Value) -> ActRule:
    table = value.table().names(("code", "name", "recording"), (*_OF_RECORDINGS, *_OPTIONAL))
    name, recording = table.at("name").table().names(("zh", "en")), table.at("recording").word(RECORDINGS)
    if recording == "none":
        _refuse_of_recordings(table, _OF_RECORDINGS)
        demands: dict[str, Any] = {}
    else:
        table.names(("code", "name", "recording", "written_reason", "closes_with_gap"), tuple(table))
        demands = _demands(table, recording)
    law, officers = table.maybe("law"), table.maybe("officers")
    return ActRule(
        code=table.at("code").matching(_CODE, "no_code"),
        name_zh=name.at("zh").line_of_text(),
        name_en=name.at("en").line_of_text(),
        recording=recording,
        officers=1 if officers is None else officers.number("one_or_two", last=2),
        law=() if law is None else law.lines_of_text(),
        **_duties(table),
        **demands,
    )


def _duties(table: Table) -> dict[str, Any]:
    stated, closes = table.maybe("duties"), table.maybe("closes_without_duties")
    if stated is None and closes is not None:
        raise closes.refused("of_duties")
    if stated is None:
        return {}
    words = [each.word(DUTIES) for each in stated.list()]
    if not words:
        raise stated.refused("empty", DUTIES)
    if len(set(words)) < len(words):
        raise stated.refused("twice")
    return {"duties": tuple(words), "closes_without_duties": closes is None or closes.truth()}


def _demands(table: Table, recording: str) -> dict[str, Any]:
    devices, gap, doubt = (table.maybe(name) for name in ("devices", "allowed_gap_seconds", "closes_in_doubt"))
    if recording == "some":
        _refuse_of_recordings(table, ("devices", "allowed_gap_seconds"))
    return {
        "devices": 1 if devices is None else devices.number("too_many_devices", last=MOST_DEVICES),
        "allowed_gap_seconds": 0 if gap is None else gap.number("too_long_a_gap", first=0, last=MOST_SECONDS),
        "written_reason": table.at("written_reason").truth(),
        "closes_with_gap": table.at("closes_with_gap").truth(),
        "closes_in_doubt": True if doubt is None else doubt.truth(),
    }


def _refuse_of_recordings(table: Table, names: Iterable[str]) -> None:
    """What cannot matter was meant otherwise."""
    for name in names:
        value = table.maybe(name)
        if value is not None:
            raise value.refused("of_whole_recordings")
