"""A dossier for a public question in words: sections of rows, as its page and its PDF show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from api.i18n import Translate, translator
from api.shown import show_minute
from api.words.tables import word_for
from casework.deadlines.decided import REVOKED
from casework.timeline import DETAIL_WORDS


@dataclass(frozen=True)
class RuleNames:
    """Of every channel and ground not to publish that any version of the rules ever named, by its code."""

    channels: Mapping[str, str]
    grounds: Mapping[str, str]


@dataclass(frozen=True)
class Section:
    """`header` empty: rows are names with what they say. `note`: said above the rows, or where there are none."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def sections_of(facts: Mapping[str, Any], language: str, rule_names: RuleNames) -> tuple[Section, ...]:
    """In the order in which they are read."""
    words = _Words(facts, language, rule_names)
    found = [words.asked(), words.case()]
    if words.is_open:
        found += [words.decisions(), words.documents(), words.reviews()]
    found += words.publications()
    if words.is_open:
        found += [words.revocations(), words.acts(), words.recordings(), words.timeline()]
    return tuple(found)


class _Words:
    def __init__(self, facts: Mapping[str, Any], language: str, rule_names: RuleNames) -> None:
        self.facts, self.language, self.rule_names = facts, language, rule_names
        self.translate: Translate = translator(language)

    @property
    def is_open(self) -> bool:
        return "decisions" in self.facts

    def word(self, table: str, code: str) -> str:
        return self.translate(word_for(table, code))

    def asked(self) -> Section:
        translate, contact = self.translate, self.facts["contact"]
        rows = (
            (translate("公众提出的问题"), self.facts["question"]),
            (translate("联系人"), f"{contact['name']} · {contact['unit']} · {contact['way']}"),
        )
        return Section(translate("问题与联系人"), (), rows)

    def case(self) -> Section:
        translate, case = self.translate, self.facts.get("case")
        if not self.is_open or case is None:
            return Section(translate("案件"), (), (), self._class())
        rows = [
            (translate("案号"), case["number"]),
            (translate("案由"), case["title"]),
            (translate("办案单位"), case["unit"]),
            (
                translate("案件种类"),
                f"{self.word('case_kind', case['kind'])} · {self.word('procedure', case['procedure'])}",
            ),
            (translate("立案日期"), case["opened_on"]),
            (translate("结案日期"), case["closed_on"] or translate("尚未结案")),
            (translate("归档日期"), case["archived_on"] or translate("尚未归档")),
        ]
        return Section(translate("案件"), (), tuple(rows))

    def _class(self) -> str:
        """Of a classified case, whatever an older dossier had of it beside."""
        class_name = self.word("secrecy_class", self.facts["secrecy_class"])
        said = self.translate("本案密级为“{class_name}”：除已经公示的内容外，不对外说明案情、决定、记录和过程。")
        return said.format(class_name=class_name)

    def decisions(self) -> Section:
        translate = self.translate
        header = (translate("作出日期"), translate("决定"), translate("内容"), translate("效力"))
        rows = tuple(
            (
                each["issued_on"],
                translate("、").join(self.word("measure", measure) for measure in each["measures"] or ()) or "—",
                each["content"] or self._not_told(each),
                translate("已被撤销") if each["revoked"] else translate("有效"),
            )
            for each in self.facts["decisions"]
        )
        return Section(translate("作出的决定"), header, rows, "" if rows else translate("没有作出决定。"))

    def _not_told(self, decision: Mapping[str, Any]) -> str:
        """Why nothing is said of what was decided: a word of STANDINGS, with its ground."""
        translate, ground = self.translate, decision["ground"]
        if decision["standing"] == "withheld":
            name = self.rule_names.grounds.get(ground, ground)
            return translate("依法不予公开（{ground}），内容不对外说明").format(ground=name)
        if decision["standing"] == "taken_down":
            name = self.word("taken_down_because", ground)
            return translate("已从公示中撤下（{ground}），内容不对外说明").format(ground=name)
        return translate("是否公开尚未确定，内容不对外说明")

    def documents(self) -> Section:
        translate = self.translate
        header = (translate("日期"), translate("文书"), translate("文号"), "SHA-256")
        rows = tuple(
            (
                each["dated_on"],
                each["title"] + (translate("（已撤回）") if each["withdrawn"] else ""),
                each["number"] or "—",
                each["sha256"],
            )
            for each in self.facts["documents"]
        )
        return Section(translate("已盖章的文书"), header, rows, "" if rows else translate("没有已盖章的文书。"))

    def reviews(self) -> Section:
        translate = self.translate
        rows = tuple((each["issued_on"], self._review(each)) for each in self.facts["decisions"])
        header = (translate("决定日期"), translate("审核情况"))
        return Section(translate("法制审核"), header, rows, "" if rows else translate("没有作出决定。"))

    def _review(self, decision: Mapping[str, Any]) -> str:
        translate = self.translate
        if not decision["in_scope"]:
            return translate("不属于法制审核范围")
        if decision["reviewed_on"] is None:
            return translate("属于法制审核范围，没有审核通过的记录")
        return translate("属于法制审核范围，{day} 审核通过后作出").format(day=decision["reviewed_on"])

    def publications(self) -> Iterator[Section]:
        translate, found = self.translate, self.facts["publications"]
        header = (translate("日期"), translate("情况"), translate("内容或理由"))
        for each in found:
            pending = each["state"] == "pending"
            state = translate("尚未公示") if pending else self.word("publication_state", each["state"])
            title = translate("公示：{kind}（{state}）").format(
                kind=self.word("publication_kind", each["kind"]), state=state
            )
            rows = (*self._public_steps(each["steps"]), *self._postings(each["postings"]))
            in_order = tuple(sorted(rows, key=lambda row: row[0]))
            yield Section(title, header, in_order, "" if rows else self._never_public(each))
        if not found:
            yield Section(translate("公示"), (), (), translate("没有公示。"))

    def _never_public(self, publication: Mapping[str, Any]) -> str:
        ground = publication.get("ground")
        if ground is None:
            return self.translate("没有公示过。")
        name = self.rule_names.grounds.get(ground, ground)
        return self.translate("没有公示过：依法不予公开（{ground}）。").format(ground=name)

    def _public_steps(self, steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
        for each in steps:
            said = [] if each["ground"] is None else [self.word("taken_down_because", each["ground"])]
            said += [] if each["reason"] is None else [each["reason"]]
            said += (
                []
                if each["text"] is None
                else [self.translate("：").join((each["text"]["party"], each["text"]["conclusion"]))]
            )
            yield each["on"], self.word("public_step", each["step"]), self.translate("；").join(said) or "—"

    def _postings(self, postings: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
        translate = self.translate
        for each in postings:
            channel = self.rule_names.channels.get(each["channel"], each["channel"])
            yield each["posted_on"], translate("在“{channel}”发布").format(channel=channel), each["place"]
            if each["removed_on"] is not None:
                yield each["removed_on"], translate("从“{channel}”撤下").format(channel=channel), each["place"]

    def revocations(self) -> Section:
        translate = self.translate
        rows = tuple((day, self.word("event_kind", REVOKED)) for day in self.facts["revocations"])
        header = (translate("日期"), translate("情况"))
        return Section(translate("撤销情况"), header, rows, "" if rows else translate("没有决定被撤销。"))

    def acts(self) -> Section:
        translate = self.translate
        header = (translate("时间"), translate("执法行为"), translate("记录完整性"))
        rows = tuple(
            (
                f"{_minute(each['starts_at'])} – {_minute(each['ends_at'])}",
                each["name_en" if self.language == "en" else "name_zh"],
                self.word("verdict", each["verdict"]),
            )
            for each in self.facts["acts"]
        )
        return Section(translate("执法行为与记录完整性"), header, rows, "" if rows else translate("没有登记执法行为。"))

    def recordings(self) -> Section:
        translate, kept = self.translate, self.facts["recordings_kept"]
        header = (translate("摄录时间"), translate("时长"), translate("环节"))
        rows = tuple(
            (_minute(each["started_at"]), _length(each["seconds"]), self.word("stage", each["stage"]))
            for each in self.facts["recordings"]
        )
        note = translate("共 {count} 份。只列目录，不含音像内容；调阅须另行申请。").format(count=len(rows) + kept)
        if kept:
            note += translate("其中 {count} 份因涉及其他密级案件不予列出。").format(count=kept)
        return Section(translate("音像记录"), header, rows, note)

    def timeline(self) -> Section:
        translate = self.translate
        rows = tuple(
            (_minute(each["at"]), self.word("timeline", each["kind"]), self._detail(each))
            for each in self.facts["timeline"]
        )
        return Section(translate("办理过程"), (translate("时间"), translate("事项"), translate("说明")), rows)

    def _detail(self, step: Mapping[str, Any]) -> str:
        table, detail = DETAIL_WORDS.get(step["kind"]), step["detail"]
        return "" if table is None or detail is None else self.word(table, detail)


def _minute(instant: str | None) -> str:
    return "—" if instant is None else show_minute(datetime.fromisoformat(instant))


def _length(seconds: float | None) -> str:
    if seconds is None:
        return "—"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
