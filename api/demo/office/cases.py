"""The three cases: a penalty with a seizure and a hearing, a check at random, and a decision that is revoked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from api.demo.cast import OFFICER, PUBLISHER, SUPERVISOR
from api.demo.client import Facts
from api.demo.errors import require
from api.demo.narration import Narrator
from api.demo.office.films import Film
from api.demo.office.people import CAMERA, FIXED, SECOND, Office
from api.demo.office.telling import tell_before
from api.demo.office.working import CaseAtWork, open_case
from integrity.local_time import CHINA

PARTY, CITIZEN = "江城某餐饮有限公司", "周大明"
PENALTY: Final = "罚款人民币六万元"
PLACE = "观音桥步行街 12 号"
REVIEWERS: Final = {"reconsideration": "江城区人民政府", "court": "江城区人民法院"}
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Days:
    """When what was done, counted back from today; each act takes a minute, half past nine on. `now`: the demo's
    begin, just before which the hearing was: whoever is told today is heard no earlier."""

    today: date
    now: datetime

    def at(self, days_ago: int, minute: int = 0) -> datetime:
        morning = datetime.combine(self.today - timedelta(days=days_ago), time(9, 30), CHINA)
        return morning + minute * _MINUTE

    def span(self, days_ago: int) -> tuple[datetime, datetime]:
        if days_ago == HEARD:
            return self.now - 5 * _MINUTE, self.now - 4 * _MINUTE
        return self.at(days_ago), self.at(days_ago, 1)

    def film(self, days_ago: int, device: str = CAMERA) -> Film:
        return Film(device, str(OFFICER.badge), *self.span(days_ago))

    @property
    def films(self) -> tuple[Film, ...]:
        return (
            self.film(SEIZED),
            self.film(INSPECTED),
            self.film(HEARD, FIXED),
            self.film(CHECKED),
            self.film(FINED),
        )


SEIZED, INSPECTED, OFFERED, HEARD, CHECKED, FINED = 40, 38, 26, 0, 9, 7


def penalise(office: Office, days: Days, say: Narrator) -> CaseAtWork:
    """查封扣押, 听证, 处罚: as far as the service of the decision."""
    case = open_case(office, "演罚〔2026〕101号", "占道经营并存放燃气瓶案", "hearing_penalty")
    case.post(OFFICER, "events", kind="case_filed", day=(days.today - timedelta(days=SEIZED + 1)).isoformat())
    case.act("seizure", *days.span(SEIZED), PLACE)
    _seize(case, days, say)
    case.go_on("investigation")
    case.act("on_site", *days.span(INSPECTED), PLACE)
    drafted = case.draft(_said("penalty", ["fine"], PENALTY, 6_000_000, facts=["after_hearing"]))
    tell_before(case, drafted, say, asks_for_hearing=True)
    _hear(case, days, say)
    _decide(case, drafted, say)
    return case


def _seize(case: CaseAtWork, days: Days, say: Narrator) -> None:
    case.decide(case.draft(_said("coercion", ["seizure"], "扣押违规存放的燃气瓶六只", None)))
    fields = {
        "party_address": PLACE,
        "measure": "扣押",
        "reasons": "违规存放燃气瓶，可能危及公共安全。",
        "basis": "《中华人民共和国行政强制法》第二十二条",
        "from": days.today.isoformat(),
        "until": (days.today + timedelta(days=30)).isoformat(),
        "kept_at": "城管执法大队一号物资库，保管人陈立",
        "items": [{"name": "液化石油气瓶", "model": "YSP35.5", "quantity": "6 只", "condition": "完好"}],
        **REVIEWERS,
    }
    signers = ((OFFICER, "officer"), (SECOND, "officer"), (SUPERVISOR, "approver"))
    document = case.document("seizure_decision", fields, signers)
    say.held(f"查封（扣押）决定经法制审核后作出并盖章：{document['final']['number']}", "a seizure, reviewed and sealed")


def _hear(case: CaseAtWork, days: Days, say: Narrator) -> None:
    offered = days.today - timedelta(days=OFFERED)
    case.post(OFFICER, "events", kind="hearing_offered", day=offered.isoformat())
    case.go_on("hearing")
    began_at, ended_at = days.span(HEARD)
    times = {"starts_at": began_at.isoformat(), "ends_at": ended_at.isoformat()}
    office = case.office
    office.post(OFFICER, f"/rooms/{office.room}/sessions", case_id=case.id, **times, **office.both)
    case.post(OFFICER, "events", kind="hearing_held", day=(days.today - timedelta(days=HEARD)).isoformat())
    case.go_on("decision")
    say.held("听证在听证室举行，由固定设备全程记录", "the hearing was held in its room, recorded by the camera there")


def _decide(case: CaseAtWork, drafted: Facts, say: Narrator) -> None:
    decision = case.decide(drafted)
    fields = {
        "party_address": PLACE,
        "facts": "占用人行道经营，并违规存放燃气瓶六只。",
        "evidence": "现场录像、检查笔录、扣押清单。",
        "statement": "当事人在听证中请求从轻处罚，部分采纳。",
        "reasons": "危及公共安全，情节较重。",
        "basis": "《重庆市市容环境卫生管理条例》",
        "performance": "自收到本决定书之日起十五日内到指定银行缴纳。",
        **REVIEWERS,
    }
    document = case.document("penalty_decision", fields, ((SUPERVISOR, "approver"),))
    case.go_on("execution", SUPERVISOR)
    case.serve(document, datetime.now(CHINA), PARTY, PLACE, decision_id=decision["id"])
    say.held(f"处罚决定经法制审核后作出、盖章并送达：{document['final']['number']}", "decided, sealed and served")


def check_at_random(office: Office, days: Days, say: Narrator) -> CaseAtWork:
    """双随机: a check without findings, whose result is public within twenty working days."""
    case = open_case(office, "演检〔2026〕102号", "沿街餐饮单位双随机检查", "random_check")
    case.go_on("investigation")
    case.act("on_site", *days.span(CHECKED), "建新东路 3 号")
    concluded = days.today - timedelta(days=CHECKED)
    case.post(OFFICER, "events", kind="inspection_concluded", day=concluded.isoformat())
    said = {"party_full": "江城某茶楼有限公司", "party_kind": "organisation", "conclusion_full": "未发现问题"}
    public = case.publish("inspection_concluded", **said)
    require(public["state"] == "published", "检查结果已公示", "the result of the check is public")
    say.held("双随机检查结果已公示", "the result of a check at random is public")
    return case


def fine_and_revoke(office: Office, days: Days, say: Narrator) -> Facts:
    """A small fine of a citizen: public with the name masked, revoked, and taken down everywhere."""
    case = open_case(office, "演罚〔2026〕103号", "乱张贴案", "ordinary_penalty")
    case.go_on("investigation")
    case.act("on_site", *days.span(FINED), "建新北路 8 号")
    said = _said("penalty", ["fine"], f"对{CITIZEN}罚款二百元", 20_000, party=CITIZEN, party_kind="citizen")
    drafted = case.draft(said)
    tell_before(case, drafted, say)
    case.go_on("decision")
    case.decide(drafted)
    public = case.publish("penalty_decided")
    version = public["versions"][-1]
    shown = str({name: version[name] for name in ("authority", "party", "category", "conclusion")})
    require(CITIZEN not in shown, "公示内容不含当事人全名", "the public words do not name the citizen")
    say.held(f"对公民的处罚经两人复核，隐名公示：{version['party']}", "a citizen's penalty is public without his name")
    case.post(OFFICER, "events", kind="decision_revoked", day=days.today.isoformat())
    ground = {"ground": "revoked", "reason": "行政复议决定撤销"}
    public = office.post(PUBLISHER, f"/publications/{public['id']}/taking-down", **ground)
    require(public["state"] == "taken_down", "已从各渠道撤下", "it is taken down")
    say.held("决定被撤销，公示当日撤下并说明理由", "the decision was revoked, and left every channel with the reason")
    return public


def _said(kind: str, measures: list[str], content: str, amount_fen: int | None, **other: Any) -> Mapping[str, Any]:
    said: dict[str, Any] = {
        "kind": kind,
        "measures": measures,
        "level": "brigade",
        "field": "city_appearance",
        "party": PARTY,
        "party_kind": "organisation",
        "content": content,
        **other,
    }
    return said if amount_fen is None else {**said, "amount_fen": amount_fen}
