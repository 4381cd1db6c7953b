"""A bureau's work from the opening of a case to the portal and the figures of the year: `liuhen demo casework`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from api.demo import evidence, viewing
from api.demo.agent import Agent, DockOrder, Event
from api.demo.archive_process import RunningArchive, adopt_orphans, end_orphans, running_archive
from api.demo.cast import APPROVER, AUDITOR, OFFICER, REVIEWER, SUPERVISOR
from api.demo.errors import require
from api.demo.folders import DemoFolders, fresh_folders
from api.demo.footage import find_ffmpeg
from api.demo.linking import wait_for_linker
from api.demo.narration import Narrator
from api.demo.office.cases import Days, check_at_random, fine_and_revoke, penalise
from api.demo.office.films import make_films
from api.demo.office.people import ISSUER, Office, staffed_office
from api.demo.office.working import CaseAtWork
from api.demo.programs import Programs
from api.demo.waiting import wait_for
from api.settings import Settings
from integrity.local_time import CHINA, chinese_day

_QUIET_SECONDS = 4.0
_SIGNED_SECONDS = 30.0


@dataclass(frozen=True)
class Demo:
    settings: Settings
    folders: DemoFolders
    programs: Programs
    narrator: Narrator


def tell_casework(settings: Settings, narrator: Narrator) -> None:
    """From the opening to the package. Returns only when every check held and nothing is left running.

    Raises DataFolderBusy, CheckFailed for the first thing that does not hold. However it ends, its processes are ended.
    """
    adopt_orphans()
    with fresh_folders(settings.data) as folders:
        demo = Demo(settings, folders, Programs(folders.archive, folders.log), narrator)
        try:
            with ExitStack() as running:
                _tell(demo, running)
                narrator.step("结束", "The end")
        except Exception:
            narrator.say(f"演示中止，日志在 {folders.log}", "the demo stops here, its logs are in that folder")
            raise
        finally:
            left = end_orphans()
        require(not left, f"没有遗留进程（{left}）", f"no process is left ({left})")
        narrator.say(f"证据包 / package: {folders.package}", f"trust: {folders.trust}")
        narrator.say(f"全程 {narrator.seconds:.0f} 秒，每项核对都通过", "every check held")


def _tell(demo: Demo, running: ExitStack) -> None:
    say, now = demo.narrator, datetime.now(UTC)
    days = Days(chinese_day(now), now.astimezone(CHINA))
    say.step("启动整个档案系统", "The whole archive starts")
    archive = running.enter_context(running_archive(demo.programs))
    say.held(f"档案系统已就绪：{archive.url}", "database, broker, time stamps, ledger, workers and HTTP all run")

    say.step("单位、人员、证件、印章、听证室", "The unit, its people and their papers, its seal, its room for hearings")
    private = demo.folders.private
    office = running.enter_context(staffed_office(demo.programs, archive.url, private, now, days.today))
    say.held(f"{ISSUER}：两名持证执法人员、法制审核人员、公示人员各司其职", "everybody has what his work takes")
    # With the unit's seal among them.
    evidence.hand_over_trust(demo.programs, demo.folders.trust, say)

    say.step("一件听证处罚：扣押、听证、决定、送达", "A penalty with a seizure and a hearing")
    penalty = penalise(office, days, say)
    say.step("一件双随机检查", "A check at random")
    check = check_at_random(office, days, say)
    say.step("一件被撤销的决定", "A decision that is revoked")
    taken_down = fine_and_revoke(office, days, say)

    _dock(demo, archive, office, days)
    _publish_and_close(demo, office, penalty)
    _see_the_portal(archive, penalty, check, str(taken_down["id"]), say)
    _count_the_year(office, days, say)
    _take_away(demo, office, penalty)


def _dock(demo: Demo, archive: RunningArchive, office: Office, days: Days) -> None:
    """The station sends what the cameras recorded; the linker puts each film where its act is."""
    say = demo.narrator
    say.step("采集站上传执法记录，自动归入案件", "The station sends the recordings, and each finds its case")
    make_films(days.films, demo.folders.footage, find_ffmpeg(demo.settings.tool_search_path))
    order = DockOrder(demo.folders.footage, office.cast.station_file, archive.url, demo.folders.private / "dock")

    def tell(_: Agent, event: Event) -> None:
        if event["event"] == "receipt":
            say.say(f"已收讫 {event['file']}", f"received, ledger entry {event['ledger_index']}")

    summary = Agent(demo.programs, order).watch(tell)
    require(summary is not None and bool(summary["complete"]), "影像全部收讫", "all footage is received")
    left = wait_for_linker(office.of(OFFICER))
    names = [f"{each['recording']['original_name']}: {each['outcome']}" for each in left]
    require(not left, f"每条记录都自动归入案件（{names}）", f"every recording found its case by itself ({names})")
    say.held(f"{len(days.films)} 条记录都按人员、设备、时间自动归入案件", "by officer, device and time, without a hand")


def _publish_and_close(demo: Demo, office: Office, case: CaseAtWork) -> None:
    say = demo.narrator
    say.step("公示、结案、归档", "Published, closed, archived")
    acts = office.of(SUPERVISOR).get(f"/api/v1{case.at}/completeness")["acts"]
    verdicts: Mapping[str, str] = {str(each["kind"]): str(each["verdict"]) for each in acts}
    require(
        set(verdicts.values()) == {"complete"},
        f"各执法行为的记录完整（{verdicts}）",
        f"every act is covered ({verdicts})",
    )
    say.held("扣押、检查和听证都有完整记录", "seizure, inspection and hearing are covered from beginning to end")
    public = case.publish("penalty_decided")
    require(public["state"] == "published", "处罚决定已公示", "the penalty is public")
    case.post(SUPERVISOR, "close")
    _settle_elements(office)
    archived = case.post(SUPERVISOR, "archive", secrecy_class="ordinary", retention_class="permanent")
    require(bool(archived), "已归档", "it is archived")
    say.held(f"{case.number} 已公示、结案并归档", "published within its term, closed, archived with its catalogue")


def _settle_elements(office: Office) -> None:
    """What the queue asks of these recordings cannot be had: until it asks nothing for a while."""
    officer, quiet_since = office.of(OFFICER), time.monotonic()
    while time.monotonic() < quiet_since + _QUIET_SECONDS:
        for each in officer.items("/api/v1/element-questions"):
            seen = {"recording_id": each["recording_id"], "fingerprint": each["fingerprint"]}
            said = {"asked": each["element"], "reason": "演示影像，无从查考", "questions": [seen]}
            officer.post("/api/v1/element-answers", said)
            quiet_since = time.monotonic()
        time.sleep(0.3)


def _see_the_portal(
    archive: RunningArchive, penalty: CaseAtWork, check: CaseAtWork, taken_down: str, say: Narrator
) -> None:
    say.step("公众在门户查询，无需登录", "The public looks, without signing in")
    with httpx.Client(base_url=archive.url, timeout=30, trust_env=False) as public:
        listed = public.get("/portal/items.json").raise_for_status().json()["items"]
        page = public.get(f"/portal/{taken_down}")
    require(len(listed) == 2, f"门户上有两项（{len(listed)}）", f"two items are public ({len(listed)})")
    require("撤下" in page.text, "撤下的一项说明了理由", "the third says that it was taken down")
    say.held(f"{penalty.number} 和 {check.number} 可以查到，第三件只剩撤下的记录", "two are found, the third is gone")


def _count_the_year(office: Office, days: Days, say: Narrator) -> None:
    say.step("年度统计", "The figures of the year")
    auditor = office.of(AUDITOR)

    def counted() -> Mapping[str, int] | None:
        total: Mapping[str, int] = auditor.get("/api/v1/reports/annual", year=str(days.today.year))["total"]
        return total if total["cases_archived"] else None

    total = wait_for(counted, "账本检查点", "a checkpoint that covers it", _SIGNED_SECONDS)
    wanted = {
        "penalties_decided": 2,
        "coercions_decided": 1,
        "in_scope_decided": 2,
        "in_scope_passed": 2,
        "decisions_revoked": 1,
        "published": 3,
        "taken_down": 1,
        "penalty_amount_fen": 6_020_000,
        "recordings_sealed": len(days.films),
        "cases_archived": 1,
    }
    found = {name: total[name] for name in wanted}
    require(found == wanted, f"统计与所做的一致（{found}）", f"the figures are what was done ({found})")
    say.held("统计由账本算出，与所做的逐项一致", "counted out of the ledger, and what was done")


def _take_away(demo: Demo, office: Office, case: CaseAtWork) -> None:
    say = demo.narrator
    say.step("导出证据包，离线核验", "The package of the case, verified offline")
    asker = office.of(APPROVER)
    purpose, why = "提交法院", "法院须核验原件"
    grant_id = viewing.get_grant(asker, office.of(REVIEWER), case.id, "copy", purpose, say, originals_for=why)
    evidence.export_case(demo.programs, case.number, grant_id, demo.folders.package, say)
    evidence.verify_with_trust(demo.programs, demo.folders, say)
    evidence.verify_archive(demo.programs, say)
