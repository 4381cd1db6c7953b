"""What the pages of stations, devices and officers say, and to whom they offer what."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.backup.latest import note_backup
from api.wal.standing import WalStanding, forget_standing
from api.wal.steady_instant import SteadyInstant
from casework.register.devices import add_device
from casework.register.issues import issue_device, void_issue
from storage.ledger.append import Actor


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_a_silent_station_is_named_above_all_and_first_in_the_list(district: Any) -> None:
    page = district.page("administrator", "/stations")
    said = text_of(page)
    assert "有工作站失联 — 超过 24 小时没有任何消息" in said
    assert said.index("失联") < said.index("等待登记")
    assert "慢 1 分 30 秒" in said
    assert text_of(district.page("administrator", "/stations", "en")).count("silent") >= 2
    assert "失联的工作站" in text_of(district.page("administrator", "/admin"))


def test_where_copies_have_failed_the_administrator_is_told_what_to_do(district: Any) -> None:
    command = "liuhen admin copies retry --failed"
    assert command not in text_of(district.page("administrator", "/admin"))
    district.served.as_owner("UPDATE media_job SET state = 'failed', outcome = 'deadline: ' WHERE kind = 'sprite'")
    try:
        said = text_of(district.page("administrator", "/admin"))
        assert "制作失败的副本不会自行重试，原件不受影响。" in said
        assert "liuhen admin copies list" in said
        assert command in said
        english = text_of(district.page("administrator", "/admin", "en"))
        assert "Copies that failed are not tried again by themselves" in english
    finally:
        district.served.as_owner("UPDATE media_job SET state = 'due', outcome = NULL WHERE kind = 'sprite'")


def test_how_far_the_log_is_shipped_and_what_is_the_matter_stands_on_the_administrators_page(
    district: Any, tmp_path: Path
) -> None:
    answering = district.served.answering
    settings = answering.settings
    assert "数据库日志" not in text_of(district.page("administrator", "/admin"))
    object.__setattr__(answering, "settings", settings.model_copy(update={"wal_folder": tmp_path}))
    now = datetime.now(UTC)
    away = WalStanding("s", 1 << 24, now, 3 << 20, 5 << 30, "WalPlaceAway", "…", now, now, SteadyInstant.now())
    try:
        away.write(settings.data)
        said = text_of(district.page("administrator", "/admin"))
        assert "数据库日志已送出至：" in said
        assert "数据库日志没有按时送出，业务照常进行" in said
        assert "WalPlaceAway" in said
        assert "还可积存：" in said
        english = text_of(district.page("administrator", "/admin", "en"))
        assert "log is not shipped in time. Work goes on" in english
        replace(away, failure=None, why="", since=None, held_bytes=0).write(settings.data)
        assert "liuhen backup" in text_of(district.page("administrator", "/admin"))
        note_backup(settings.data, now, "s")
        said = text_of(district.page("administrator", "/admin"))
        assert "数据库日志已送出至：" in said
        assert "liuhen backup" not in said
    finally:
        object.__setattr__(answering, "settings", settings)
        forget_standing(settings.data)
        (settings.data / "last-backup.json").unlink(missing_ok=True)


def test_who_may_only_look_is_offered_no_deed(district: Any) -> None:
    for path in ("/stations", "/devices", f"/devices/{district.device.id}", "/officers"):
        page = district.page("auditor", path).text
        assert re.findall(r'data-action="(?!/api/v1/session")[^"]*"', page) == [], path
    supervisor = district.page("supervisor", "/devices").text
    assert 'data-action="/api/v1/device-issues"' in supervisor
    assert 'data-action="/api/v1/devices"' not in supervisor
    assert "certificates" not in district.page("supervisor", "/officers").text


def test_who_has_what_and_whose_certificate_has_run_out(district: Any) -> None:
    name = district.people["officer"].person.name
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*AB00001.*?</tr>", district.page("supervisor", "/devices").text, re.DOTALL)
    assert f"{name} " in row
    assert "000123" in row
    assert "/return" in row
    said = text_of(district.page("administrator", "/officers"))
    assert "1 人的执法证已过期或将在 60 天内到期" in said
    assert "0042 已过期" in said
    only = district.page("administrator", "/officers?running_out=1").text
    assert only.count("<tr>") == 2, "the headings and one person"
    device = text_of(district.page("auditor", f"/devices/{district.device.id}"))
    assert device.count(name) == 2


def test_a_voided_issue_says_who_voided_it_when_and_why(district: Any) -> None:
    people, now = {role: each.person for role, each in district.people.items()}, datetime.now(UTC)
    with district.served.database.transaction() as session:
        device = add_device(session, people["administrator"], unit_id=district.unit.id, code="AB00050")
        for by, reason in ((people["supervisor"], "选错了人"), (Actor.system("admin"), "重复登记")):
            issue = issue_device(session, by, device.id, people["officer"].id, now=now)
            void_issue(session, by, issue.id, reason, now)
        device_id = device.id
    said = text_of(district.page("supervisor", f"/devices/{device_id}"))
    at = said[said.index("已作废") :]
    assert re.search(rf"{people['supervisor'].name} · [^·]+ · 选错了人", at)
    assert re.search(r"本机管理员 · [^·]+ · 重复登记", at)
    listed = district.people["auditor"].get(f"/api/v1/device-issues?device={device_id}").json()["items"]
    assert {(each["voided_by"] and each["voided_by"]["id"], each["void_reason"]) for each in listed} == {
        (str(people["supervisor"].id), "选错了人"),
        (None, "重复登记"),
    }


def test_who_was_added_and_to_which_unit_is_said(district: Any) -> None:
    people = district.people["administrator"].get("/api/v1/people", params={"unit_id": str(district.unit.id)}).json()
    one = people["items"][0]
    page = district.page("administrator", f"/admin?unit={one['unit_id']}&made={one['id']}")
    assert f"新增{one['name']}。" in text_of(page)
    assert "新增" + one["name"] not in text_of(district.page("administrator", "/admin?made=nobody"))


def test_a_number_that_nobody_has_is_marked_in_the_list_of_assignments(district: Any) -> None:
    officer = district.people["officer"]
    for number in ("000123", "000299"):
        form = {"officer": number, "starts_at": "2026-03-09T08:00:00Z", "ends_at": "2026-03-09T09:00:00Z"}
        assert officer.post(f"/api/v1/cases/{district.case.id}/assignments", json=form).status_code == 201
    page = district.page("officer", f"/cases/{district.case.id}")
    said = text_of(page)
    assert said.count("名册中没有此编号，请更正") == 1
    assert '<option value="000123">' in page.text
