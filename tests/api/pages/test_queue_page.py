"""The queue as a page: one question for a device's whole day, answered by a plain form that needs no script."""

from __future__ import annotations

import os
import re
import uuid
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from api.shown import show_instant
from api.tasks.housekeeping import link_all_due
from api.words import elements as element_words
from casework.cases import assign
from casework.closing import close_case
from casework.elements.candidates import BASES
from casework.elements.judging import CODES
from storage.catalog.elements import ElementAnswer
from storage.catalog.recordings import Recording
from storage.set_aside import set_aside


class Asked(str):
    """One question of a sheet, below the sheet's head and list; its fields by their names, without its number."""

    number: str


def _sheets_of(text: str) -> list[str]:
    return re.findall(r'<section class="sheet question".*?</section>', text, re.DOTALL)


def _questions(text: str) -> list[Asked]:
    """Each question of each sheet, with what it shares with the others of the sheet."""
    found = []
    for sheet in _sheets_of(text):
        shared, *_ = sheet.partition('<div class="asked">')
        for number, question in enumerate(re.findall(r"<fieldset.*?</fieldset>", sheet, re.DOTALL), 1):
            asked = Asked(shared + re.sub(rf'name="(\w+)\.{number}"', r'name="\1"', question))
            asked.number = str(number)
            found.append(asked)
    return found


def _form(question: Asked) -> dict[str, list[str]]:
    """What a browser would send of a question's form as it stands, but for the choice."""
    names = ("csrf_token", "asked", "key", "shown", "sheet", "back")
    form = {
        name: [unescape(each) for each in re.findall(rf'name="{name}" value="([^"]*)"', question)] for name in names
    }
    ticked = re.findall(r'<input type="(?:checkbox|hidden)" name="of"[^>]*>', question)
    ticked = [line for line in ticked if "checkbox" not in line or " checked" in line]
    return {**form, "of": [re.findall(r'value="([^"]*)"', line)[0] for line in ticked], "number": [question.number]}


def _sent(form: dict[str, Any]) -> dict[str, Any]:
    """As the browser names the fields: those of the question with its number, and the button that was pressed."""
    (number,) = form["number"]
    shared = {name: form[name] for name in ("csrf_token", "sheet", "back", "of") if name in form}
    own = {f"{name}.{number}": value for name, value in form.items() if name not in (*shared, "number", "all")}
    return {**shared, **own, ("all" if "all" in form else "answer"): number}


CHINESE = {"Accept-Language": "zh-CN"}


def _choices(section: str) -> list[str]:
    return re.findall(r'name="choice" value="([^"]*)"', section)


@pytest.fixture
def asked(district: Any) -> str:
    """The section that asks the officer for the act of one recording."""
    sections = _questions(district.page("officer", "/queue").text)
    return next(each for each in sections if 'name="asked" value="act"' in each)


def test_an_officer_sees_his_own_and_a_supervisor_the_units(district: Any) -> None:
    own = district.page("officer", "/queue").text
    assert district.film.original_name in own
    assert district.ambiguous.original_name not in own
    everything = district.page("supervisor", "/queue").text
    assert district.ambiguous.original_name in everything
    assert "有几个案件可能相符" in everything
    assert "several cases may fit" in district.page("supervisor", "/queue", "en").text
    assert "由主管处理" in everything
    assert district.ambiguous.original_name not in district.page("supervisor", "/queue?mine=1").text


def test_a_case_is_offered_with_what_speaks_for_it_in_words(district: Any) -> None:
    sections = _questions(district.page("supervisor", "/queue").text)
    case = next(each for each in sections if 'value="case|linker|' in each)
    assert "同一设备" in case
    assert "重合 100%" in case
    assert re.search(r"\d+ 分", case)


def test_the_form_answers_without_a_script_and_says_so(district: Any, asked: str) -> None:
    officer = district.people["officer"]
    chosen = next(each for each in _choices(asked) if each.startswith("act|"))
    sent = officer.post("/queue", data=_sent({**_form(asked), "choice": chosen}), follow_redirects=False)
    assert sent.status_code == 303, sent.text
    assert sent.headers["location"] == "/queue?answered=1&left=0"
    assert "已补正 1 条记录。" in district.page("officer", sent.headers["location"]).text
    form = {**_form(asked), "choice": chosen}
    again = officer.post("/queue", data=_sent(form), headers=CHINESE, follow_redirects=False)
    assert again.status_code == 409
    assert "情况已变化" in again.text
    assert 'role="alert"' in again.text


def test_what_is_left_out_of_the_form_is_said(district: Any) -> None:
    officer = district.people["officer"]
    section = _questions(district.page("officer", "/queue").text)[0]
    form = _form(section)
    for change, said in (
        ({"choice": ""}, "请先选择一项"),
        ({"choice": "none"}, "理由"),
        ({"choice": "own_word"}, "请填写或选择"),
        ({"choice": "none", "of": []}, "至少选择一条有这一问题的记录"),
        ({"choice": "none", "of": ["x"], "shown": ["x y"]}, "不是记录编号"),
    ):
        answer = officer.post("/queue", data=_sent({**form, **change}), headers=CHINESE, follow_redirects=False)
        assert answer.status_code == 422, answer.text
        assert said in answer.text
        assert "own" not in re.findall("“([a-z]+)”", answer.text)
    forged = {name: value for name, value in officer.headers.items() if name.lower() != "x-csrf-token"}
    plain = district.served.caller()
    plain.cookies.set("liuhen_session", officer.cookies["liuhen_session"])
    assert (
        plain.post("/queue", data=_sent({**form, "csrf_token": ["x"], "choice": "none"}), headers=forged).status_code
        == 403
    )
    assert district.served.caller().post("/queue", data=_sent(form), follow_redirects=False).status_code == 303


def test_what_was_typed_and_chosen_is_still_there_when_it_is_refused(district: Any) -> None:
    officer, supervisor = district.people["officer"], district.people["supervisor"]
    sheets = [(officer, each) for each in _questions(district.page("officer", "/queue").text)]
    nobodys = [each for each in _questions(district.page("supervisor", "/queue").text) if "由主管处理" in each]
    assert nobodys
    for browser, section in [*sheets, (supervisor, nobodys[0])]:
        form = _form(section)
        for words in ({"choice": "none", "reason": ""}, {"choice": "", "reason": "现场<嘈杂>"}):
            refused = browser.post("/queue", data=_sent({**form, **words}), headers=CHINESE, follow_redirects=False)
            assert refused.status_code == 422, refused.text
            kept = next(each for each in _questions(refused.text) if 'id="filled"' in each)
            assert _form(kept)["sheet"] == form["sheet"]
            assert 'href="#filled"' in refused.text
            if words["choice"]:
                assert "请说明无法提供" in refused.text or "请说明不属于任何案件的理由" in refused.text
                assert re.search(r'value="none" required checked', kept)
            else:
                assert "请先选择一项" in refused.text
                assert 'value="现场&lt;嘈杂&gt;"' in kept
    place = {"choice": "own_word", "own": "118.76", "reason": "如此"}
    for section in _questions(district.page("officer", "/queue").text):
        if 'value="own_word"' in section and "<select" not in section:
            refused = officer.post(
                "/queue", data=_sent({**_form(section), **place}), headers=CHINESE, follow_redirects=False
            )
            kept = next(each for each in _questions(refused.text) if 'id="filled"' in each)
            assert 'name="own" value="118.76"' in kept
            assert re.search(r'id="other-\d+-\d+" required checked', kept)


def test_without_a_device_a_sheet_is_one_stations_and_nothing_is_chosen(district: Any) -> None:
    served = district.served
    came_in: dict[str, set[str]] = {}
    for _ in range(2):
        station = served.station(district.unit)
        sealed = [served.seal(station, os.urandom(500), f"{uuid.uuid4().hex}.mp4") for _ in range(2)]
        came_in[str(station.id)] = {row.original_name for row in sealed}
    link_all_due(served.archive)
    found, address = [], "/queue"
    while address:
        text = district.page("supervisor", address).text
        found += [each for each in _questions(text) if "设备不详" in each and 'name="asked" value="device"' in each]
        after = re.search(r'href="(/queue\?[^"]*after=[^"]*)"', text)
        address = after[1].replace("&amp;", "&") if after else ""
    shown = [set(re.findall(r"[0-9a-f]{32}\.mp4", each)) for each in found]
    assert sorted(map(sorted, shown)) == sorted(map(sorted, came_in.values()))
    for section in found:
        assert "收讫日期" in section
        assert " checked" not in section
        assert "<details open" in section
        form = _form(section) | {"of": [], "choice": "none", "reason": "无标签"}
        refused = district.people["supervisor"].post(
            "/queue", data=_sent(form), headers=CHINESE, follow_redirects=False
        )
        assert (refused.status_code, "请至少选择一条有这一问题的记录" in refused.text) == (422, True)


def _sheets(district: Any, address: str, element: str = "device") -> list[str]:
    """Of all pages, those of recordings whose device nobody knows."""
    found = []
    while address:
        text = district.page("supervisor", address).text
        found += [each for each in _questions(text) if f'name="asked" value="{element}"' in each]
        after = re.search(r'href="(/queue\?[^"]*after=[^"]*)"', text)
        address = unescape(after[1]) if after else ""
    return found


def _cards(district: Any, *sizes: int) -> list[list[Recording]]:
    """So many recordings off each card, all at one station on one day, and none with a usable name."""
    served = district.served
    station = served.station(district.unit)
    return [
        [
            served.seal(station, os.urandom(300), f"{uuid.uuid4().hex}.mp4", group=card)
            for card in [uuid.uuid4().hex]
            for _ in range(size)
        ]
        for size in sizes
    ]


def _answers(district: Any, recordings: list[Recording]) -> list[ElementAnswer]:
    ids = [row.id for row in recordings]
    with district.served.database.reading() as session:
        return list(session.scalars(select(ElementAnswer).where(ElementAnswer.recording_id.in_(ids))))


def _names(section: str) -> set[str]:
    return set(re.findall(r"[0-9a-f]{32}\.mp4", section))


def test_all_of_a_card_is_answered_in_two_clicks_and_its_neighbours_are_not(district: Any) -> None:
    card, other = _cards(district, 12, 3)
    link_all_due(district.served.archive)
    sheets = {min(_names(each)): each for each in _sheets(district, "/queue") if "同一存储卡或文件夹" in each}
    sheet = sheets[min(row.original_name for row in card)]
    assert _names(sheet) == {row.original_name for row in card}
    assert " checked" not in sheet
    assert "确认全部 12 条记录" in sheet
    shown = unescape(re.findall(r'name="shown" value="([^"]*)"', sheet)[0])
    form = {**_form(sheet), "of": [], "shown": [shown], "all": "1", "choice": "none", "reason": "无标签"}
    sent = district.people["supervisor"].post("/queue", data=_sent(form), follow_redirects=False)
    assert (sent.status_code, sent.headers.get("location")) == (303, "/queue?answered=12&left=0"), sent.text
    answers = _answers(district, [*card, *other])
    assert sorted(row.recording_id for row in answers) == sorted(row.id for row in card)
    assert {(row.element, row.reason) for row in answers} == {("device", "无标签")}
    again = district.people["supervisor"].post("/queue", data=_sent(form), headers=CHINESE, follow_redirects=False)
    assert again.status_code == 409, "what was seen has changed: each was answered"


def test_the_device_that_other_files_of_the_card_name_is_offered_first(district: Any) -> None:
    served = district.served
    station, card = served.station(district.unit), uuid.uuid4().hex
    served.seal(station, os.urandom(400), "AB00001_000123_20260313090000.MP4", group=card)
    nameless = [served.seal(station, os.urandom(401), f"{uuid.uuid4().hex}.mp4", group=card) for _ in range(2)]
    link_all_due(served.archive)
    (sheet,) = [each for each in _sheets(district, "/queue") if nameless[0].original_name in each]
    assert _choices(sheet)[0] == f"device|same_card|{district.device.id}"
    assert "同一存储卡的其他文件所称" in sheet
    shown = unescape(re.findall(r'name="shown" value="([^"]*)"', sheet)[0])
    form = {**_form(sheet), "of": [], "shown": [shown], "all": "1", "choice": _choices(sheet)[0]}
    sent = district.people["supervisor"].post("/queue", data=_sent(form), follow_redirects=False)
    assert sent.headers["location"] == "/queue?answered=2&left=0"
    assert {row.value for row in _answers(district, nameless)} == {str(district.device.id)}


def test_one_question_of_many_cards_is_one_sheet_over_all_pages_and_one_answer(district: Any) -> None:
    cards = _cards(district, *[2] * 10)
    everything = [row for card in cards for row in card]
    link_all_due(district.served.archive)
    assert 'href="/queue?together=1">同一问题合并为一项' in district.page("supervisor", "/queue").text
    (sheet,) = [
        each for each in _sheets(district, "/queue?together=1") if _names(each) >= {everything[0].original_name}
    ]
    assert _names(sheet) >= {row.original_name for row in everything}
    assert "处来源" in sheet
    shown = unescape(re.findall(r'name="shown" value="([^"]*)"', sheet)[0]).split(";")
    assert len(shown) == len(_names(sheet))
    form = {**_form(sheet), "shown": [";".join(shown)], "all": "1", "choice": "none", "reason": "无标签"}
    sent = district.people["supervisor"].post("/queue", data=_sent(form), follow_redirects=False)
    assert sent.headers["location"] == f"/queue?together=1&answered={len(shown)}&left=0"
    assert sorted(row.recording_id for row in _answers(district, everything)) == sorted(row.id for row in everything)
    assert not [each for each in _sheets(district, "/queue?together=1") if _names(each) & _names(sheet)]


def test_nothing_chosen_is_answered_where_one_looks_by_what_to_do(district: Any) -> None:
    _cards(district, 2)
    link_all_due(district.served.archive)
    sheet = next(each for each in _sheets(district, "/queue") if "同一存储卡或文件夹" in each)
    assert " novalidate>" in sheet, "the browser's own words are in no language of ours, and go away"
    assert "#filled" in re.findall(r'<form [^>]*action="([^"]*)"', sheet)[0]
    shown = re.findall(r'name="shown" value="([^"]*)"', sheet)
    for change, said in (
        ({"of": []}, "请至少选择一条有这一问题的记录：在名单中勾选，或按“确认全部”；再选择一项答案"),
        ({"of": [], "all": "1", "shown": shown}, "请先选择一项答案，再确认"),
    ):
        refused = district.people["supervisor"].post("/queue", data=_sent({**_form(sheet), **change}), headers=CHINESE)
        assert refused.status_code == 422
        kept = next(each for each in _questions(refused.text) if 'id="filled"' in each)
        assert said in kept
        assert kept.index(said) > kept.index('id="filled"'), "in the question itself"
    assert kept.count('type="checkbox"') == kept.count(" checked") == 2, "what was confirmed as a whole stays chosen"


def test_both_pages_ask_for_the_case_in_the_same_words(district: Any) -> None:
    asked = district.page("supervisor", "/link-questions").text
    queue = next(each for each in _sheets(district, "/queue", "case") if "有几个案件可能相符" in each)
    for words in ("案件：有几个案件可能相符", "不属于任何案件", "</button>"):
        assert words in asked
        assert words in queue


def test_why_the_linker_linked_or_asks_is_said_in_words_and_points(district: Any) -> None:
    recording = district.page("supervisor", f"/recordings/{district.film.id}").text
    assert re.search(r"\d+ 分：配发登记显示当时由该执法人员持有（\+\d+）", recording)
    assert "重合 100%" in recording
    assert re.search(
        r"\d+ points: the register says this officer had it then \(\+\d+\)", _plain(district, district.film.id, "en")
    )
    asked = district.page("supervisor", "/link-questions").text
    assert "或有一个案件可能相符但把握不足" in asked
    assert re.search(r"\d+ 分：[^<]*同一设备", asked)
    assert "有几个案件可能与此记录相符" in district.page("supervisor", f"/recordings/{district.ambiguous.id}").text
    links = district.people["supervisor"].get(f"/api/v1/recordings/{district.film.id}").json()["links"]
    assert links[0]["score"] >= 70
    assert links[0]["reasons"][0]["words"].keys() == {"zh", "en"}
    (question,) = district.people["supervisor"].get("/api/v1/link-questions").json()["items"]
    assert all(each["score"] and each["reasons"] for each in question["candidates"])


def test_every_recording_without_a_case_is_reached_by_pages(district: Any) -> None:
    station = district.served.station(district.unit)
    names = {f"unplaced-{number:02}.mp4" for number in range(23)}
    for name in names:
        district.served.seal(station, os.urandom(300), name)
    seen: list[str] = []
    address = "/link-questions"
    while address:
        text = district.page("supervisor", address).text
        seen += re.findall(r">(unplaced-\d\d\.mp4)<", text)
        after = re.search(r'href="(/link-questions\?[^"]*unplaced_after=[^"]*)#unplaced-title"', text)
        address = unescape(after[1]) if after else ""
    assert sorted(seen) == sorted(names)


def test_what_is_said_to_be_missing_never_contradicts_the_row(district: Any) -> None:
    """Old footage has a time and a device, and its time is off by years: it was called missing."""
    station = district.served.station(district.unit)
    old = district.served.seal(station, os.urandom(300), "AB00001_000123_20080309090000.MP4")
    district.served.as_owner(
        "UPDATE recording SET started_at_uncertainty_seconds = %s WHERE id = %s", 6614 * 86400.0, old.id
    )
    link_all_due(district.served.archive)
    address = f"/recordings/{old.id}"
    listed = district.page("supervisor", "/link-questions").text
    row = listed[listed.index(address) :]
    assert "开始时间误差太大（±约 18 年），无法自动关联案件" in row[: row.index("</tr>")]
    page, english = (district.page("supervisor", address, language).text for language in ("zh", "en"))
    assert "开始时间误差太大（±约 18 年），无法自动关联案件" in page
    assert "±约 18 年<br>" in page
    assert "its start may be off by too much (±about 18 years): its case cannot be found by itself" in english


def test_a_recordings_page_says_what_it_has_and_by_which_policies(district: Any) -> None:
    text = district.page("officer", f"/recordings/{district.hostile.id}").text
    assert "必备要素" in text
    assert "执法音像记录通用本地要求（2021 年修订） CN-plain 2" in text
    assert "设备不在名册中" in text or "文件自称" in text


def test_a_recordings_page_leads_to_the_queue_only_whoever_finds_it_there_and_tells_others_whose_it_is(
    district: Any,
) -> None:
    """What is for the supervisors is not in an officer's queue: the link led to a page without it."""
    link = "前往补正</a>"
    own, of_nobody = f"/recordings/{district.film.id}", f"/recordings/{district.ambiguous.id}"
    assert f'href="/queue?recording={district.film.id}">{link}' in district.page("officer", own).text
    assert link in district.page("supervisor", own).text
    assert link in district.page("supervisor", of_nobody).text
    shown = district.page("officer", of_nobody).text
    assert link not in shown
    assert "待补正：由主管处理" in shown
    shown = district.page("auditor", own).text
    assert link not in shown
    assert re.search(r"待补正：由\S+处理", shown)


def test_what_is_asked_of_one_recording_is_found_without_looking_through_the_pages(district: Any) -> None:
    served = district.served
    station, film = served.station(district.unit), os.urandom(700)
    first = served.seal(station, film, "AB00001_000123_20260309150000.MP4")
    served.seal(station, film, "AB00001_000123_20260309161500.MP4")
    # What comes after it lies before it in the queue, on all of the first page.
    for number in range(9):
        served.seal(station, os.urandom(300), f"AB9{number}001_000123_20260309150000.MP4")
    link_all_due(served.archive)
    assert first.original_name not in district.page("supervisor", "/queue").text
    page = _plain(district, first.id, "zh")
    address = f"/queue?recording={first.id}"
    assert page.count(f'href="{address}"') == 2, "from 再次收到 and from the elements"
    sheets = _of_one(district, first)
    assert {"time", "act"} <= {_form(each)["asked"][0] for each in sheets}
    assert all(each.count('name="of"') == 1 and str(first.id) in each for each in sheets)
    act = next(each for each in sheets if 'name="asked" value="act"' in each)
    form = {**_form(act), "choice": next(each for each in _choices(act) if each.startswith("act|"))}
    sent = district.people["supervisor"].post("/queue", data=_sent(form), follow_redirects=False)
    assert sent.headers["location"] == f"{address}&answered=1&left=0", "and stays with that recording"
    assert "act" not in {_form(each)["asked"][0] for each in _of_one(district, first)}
    assert district.page("supervisor", "/queue?recording=x").status_code == 404
    assert "这条记录没有等您补正的要素" in district.page("supervisor", f"/queue?recording={uuid.uuid4()}").text


def test_the_question_about_one_recordings_case_is_shown_by_itself(district: Any) -> None:
    address = f"/link-questions?recording={district.ambiguous.id}"
    assert f'href="{address}"' in _plain(district, district.ambiguous.id, "zh")
    text = district.page("supervisor", address).text
    assert text.count('<section class="sheet"') == 1
    assert district.ambiguous.original_name in text
    assert "没有需要选择的记录" in district.page("supervisor", f"/link-questions?recording={district.film.id}").text


def test_whom_and_what_a_file_names_that_no_register_knows_is_said_where_it_is_asked(district: Any) -> None:
    served = district.served
    station = served.station(district.unit)
    unknown = served.seal(station, os.urandom(701), "AB77001_000777_20260310100000.MP4")
    film = os.urandom(702)
    twice = served.seal(station, film, "AB00001_000123_20260310110000.MP4")
    served.seal(station, film, "AB00001_000778_20260310110000.MP4")
    link_all_due(served.archive)
    asked = {_form(each)["asked"][0]: each for each in _of_one(district, unknown)}
    assert "文件所称：<code>000777</code>" in asked["officer"]
    assert "文件所称：<code>AB77001</code>" in asked["device"]
    (officer,) = [each for each in _of_one(district, twice) if 'name="asked" value="officer"' in each]
    assert "再次收到同一文件时所称：<code>000778</code>" in officer
    assert "文件所称" not in officer, "that one is among the candidates, by name"


def test_a_closed_case_says_so_wherever_it_may_be_chosen(district: Any) -> None:
    served, officer = district.served, district.people["officer"].person
    station = served.station(district.unit)
    begins = datetime(2026, 3, 11, 2, 0, tzinfo=UTC)
    closed, beside = served.case(officer), served.case(officer)
    with served.database.transaction() as session:
        for case in (closed, beside):
            span = {"starts_at": begins, "ends_at": begins + timedelta(hours=2)}
            assign(session, officer, case.id, device="AB00001", **span)
        close_case(session, district.people["supervisor"].person, closed.id, "当场处罚")
    film = served.seal(station, os.urandom(703), "AB00001_000123_20260311103000.MP4")
    link_all_due(served.archive)
    (sheet,) = [each for each in _of_one(district, film) if 'name="asked" value="case"' in each]
    labels = re.findall(r"<strong>([^<]*)</strong>", sheet)
    assert f"{closed.number} {closed.title}（已结案）" in labels
    assert f"{beside.number} {beside.title}" in labels
    assert f"{closed.number} {closed.title}（已结案）</option>" in sheet


def test_the_recordings_of_a_sheet_stand_in_order_of_time(district: Any) -> None:
    station = district.served.station(district.unit)
    hours = (14, 9, 17, 11)
    for hour in hours:
        name = f"AB00001_000123_20260312{hour:02}0000.MP4"
        district.served.seal(station, os.urandom(300 + hour), name)
    link_all_due(district.served.archive)
    sheet = next(each for each in _sheets(district, "/queue", "act") if "20260312140000" in each)
    assert re.findall(r">AB00001_000123_20260312(\d\d)0000\.MP4<", sheet) == [f"{hour:02}" for hour in sorted(hours)]


def test_a_wrong_clock_is_seen_beside_the_receipt_and_put_right_of_all_by_one_offset(district: Any) -> None:
    station = district.served.station(district.unit)
    sealed = [
        district.served.seal(station, os.urandom(500 + minute), f"AB00001_000123_2039031209{minute:02}00.MP4")
        for minute in (5, 50)
    ]
    link_all_due(district.served.archive)
    sheet = next(each for each in _sheets(district, "/queue", "time") if "203903120905" in each)
    assert "自称的时间晚于收到的时间" in sheet
    for row, minute in zip(sealed, ("05", "50"), strict=True):
        assert f">2039-03-12 09:{minute}:00</time>" in sheet
        assert show_instant(row.received_at) in sheet
    officer, form = district.people["officer"], _form(sheet)
    off = {"choice": "clock_offset", "clock": "ahead", "days": "4748", "hours": "", "minutes": "30", "reason": "复位"}
    for change, said in (
        ({"clock": ""}, "请选择快了还是慢了"),
        ({"days": "", "minutes": "0"}, "并填写天数、小时数或分钟数"),
        ({"days": "1.5"}, "请用整数填写"),
        ({"choice": "clock_newest", "newest": "x"}, "请填写自称时间最晚的一条"),
        ({"reason": ""}, "请用一句话说明理由"),
    ):
        refused = officer.post("/queue", data=_sent({**form, **off, **change}), headers=CHINESE, follow_redirects=False)
        assert (refused.status_code, said in refused.text) == (422, True), refused.text
    kept = next(each for each in _questions(refused.text) if 'id="filled"' in each)
    assert re.search(r'id="clock-\d+-\d+" required checked', kept)
    assert 'name="days" value="4748"' in kept
    assert '<option value="ahead" selected>' in kept
    sent = officer.post("/queue", data=_sent({**form, **off}), follow_redirects=False)
    assert sent.headers["location"] == "/queue?answered=2&left=0", sent.text
    answers = {each.recording_id: (each.basis, each.value) for each in _answers(district, sealed)}
    began = [f"2026-03-12T{clock}:00+00:00" for clock in ("00:35", "01:20")]
    assert answers == {row.id: ("clock_offset", value) for row, value in zip(sealed, began, strict=True)}
    assert "设备时钟按答复人所说的偏差校正" in _plain(district, sealed[0].id, "zh")


def test_where_no_case_is_open_it_says_so_and_how_to_open_one(district: Any) -> None:
    served = district.served
    unit = served.unit("第九执法大队")
    supervisor = served.signed_in(unit, "supervisor")
    served.seal(served.station(unit), os.urandom(321), f"{uuid.uuid4().hex}.mp4")
    link_all_due(served.archive)

    def asked() -> str:
        text = supervisor.get("/queue", headers=CHINESE).text
        return next(each for each in _questions(text) if 'name="asked" value="case"' in each)

    none = asked()
    for words in ("因此没有可选的案件", '<a href="/cases">先建立案件</a>', "暂时不答也可以", "不属于任何案件"):
        assert words in none
    assert 'value="own_word"' not in none
    assert "so there is none to choose" in supervisor.get("/queue", headers={"Accept-Language": "en"}).text
    case = served.case(supervisor.person)
    assert "没有未结的案件" not in asked()
    assert case.number in asked()
    with served.database.transaction() as session:
        close_case(session, supervisor.person, case.id, "当场处罚")
    assert "只能选已结的案件" in asked()


def _of_one(district: Any, recording: Recording) -> list[str]:
    return _questions(district.page("supervisor", f"/queue?recording={recording.id}").text)


def _plain(district: Any, recording_id: Any, language: str) -> str:
    return str(district.page("supervisor", f"/recordings/{recording_id}", language).text)


def test_a_scene_is_entered_with_an_assignment_and_shown(district: Any) -> None:
    officer = district.people["officer"]
    body = {"starts_at": "2026-03-01T09:00:00+08:00", "ends_at": "2026-03-01T10:00:00+08:00", "officer": "000777"}
    address = f"/api/v1/cases/{district.case.id}/assignments"
    made = officer.post(address, json={**body, "latitude": 32.0612, "longitude": 118.7632})
    assert made.status_code == 201, made.text
    assert (made.json()["latitude"], made.json()["longitude"]) == (32.0612, 118.7632)
    refused = officer.post(address, json={**body, "latitude": 118.7632, "longitude": 32.0612})
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:liuhen:problem:place")
    assert "GCJ-02" in refused.json()["sentences"]["zh-CN"]
    assert "32.061200, 118.763200" in district.page("officer", f"/cases/{district.case.id}").text


def test_a_withdrawn_assignment_is_shown_with_who_and_why_and_offers_nothing_more(district: Any) -> None:
    officer = district.people["officer"]
    body = {"starts_at": "2026-03-05T09:00:07+08:00", "ends_at": "2026-03-05T10:00:00+08:00", "officer": "000778"}
    made = officer.post(f"/api/v1/cases/{district.case.id}/assignments", json=body).json()
    address = f"/api/v1/assignments/{made['id']}"
    before = district.page("officer", f"/cases/{district.case.id}").text
    assert f'data-action="{address}/corrections"' in before
    assert 'value="2026-03-05T09:00:07"' in before
    assert f"{address}/" not in district.page("auditor", f"/cases/{district.case.id}").text
    assert officer.post(f"{address}/withdraw", json={"reason": "<b>录错</b>"}).status_code == 200
    after = district.page("officer", f"/cases/{district.case.id}").text
    assert f"{address}/" not in after
    assert "&lt;b&gt;录错&lt;/b&gt;" in after
    assert "已撤回" in after
    assert "withdrawn" in district.page("officer", f"/cases/{district.case.id}", "en").text


def test_each_problem_and_each_basis_has_its_words() -> None:
    assert set(CODES) == set(element_words.ELEMENT_PROBLEMS)
    assert set(BASES) == set(element_words.BASES)


def test_a_card_is_one_sheet_whatever_is_asked_of_it_and_its_recordings_are_listed_once(district: Any) -> None:
    ((first, *rest),) = _cards(district, 4)
    served, supervisor = district.served, district.people["supervisor"]
    link_all_due(served.archive)
    (sheet,) = [
        each for each in _sheets_of(supervisor.get("/queue", headers=CHINESE).text) if first.original_name in each
    ]
    asked = [_form(each)["asked"][0] for each in _questions(sheet)]
    assert len(asked) == len(set(asked)) > 2
    assert asked[0] == "time", "first, for the rest may hang on it"
    assert "请先答时间" in sheet
    assert all(sheet.count(f">{row.original_name}<") == 1 for row in (first, *rest))
    assert "<strong>4 条记录</strong>" in sheet
    assert f"{len(asked)} 个问题" in sheet
    # Once one of the four is answered, the question is about the other three, and the sheet says of which.
    device = next(each for each in _questions(sheet) if _form(each)["asked"] == ["device"])
    form = {**_form(device), "of": [str(first.id)], "choice": "none", "reason": "无标签"}
    assert supervisor.post("/queue", data=_sent(form), follow_redirects=False).headers["location"].endswith("left=0")
    (sheet,) = [
        each for each in _sheets_of(supervisor.get("/queue", headers=CHINESE).text) if first.original_name in each
    ]
    (device,) = [each for each in _questions(sheet) if _form(each)["asked"] == ["device"]]
    assert "其中 3 条" in device
    assert str(first.id) not in _form(device)["shown"][0]
    labels = dict(re.findall(r">([0-9a-f]{32}\.mp4)</a>.*?问题：([^<]*)<", sheet))
    assert "执法记录仪" not in labels[first.original_name]
    assert all("执法记录仪" in labels[row.original_name] for row in rest)
    # Ticked, but nothing of the kind is asked of it.
    form = {**_form(device), "of": [str(first.id)], "choice": "none", "reason": "无标签"}
    refused = supervisor.post("/queue", data=_sent(form), headers=CHINESE, follow_redirects=False)
    assert (refused.status_code, "请至少选择一条有这一问题的记录" in refused.text) == (422, True)


def test_what_was_filled_in_of_the_other_questions_of_a_sheet_stays_too(district: Any) -> None:
    ((first, _),) = _cards(district, 2)
    link_all_due(district.served.archive)
    supervisor = district.people["supervisor"]
    questions = {
        _form(each)["asked"][0]: each
        for each in _questions(supervisor.get("/queue", headers=CHINESE).text)
        if first.original_name in each
    }
    act, device = (_sent(_form(questions[element])) for element in ("act", "device"))
    number = questions["act"].number
    form = {**act, **device, f"choice.{number}": "none", f"reason.{number}": "未说明"}
    refused = supervisor.post("/queue", data=form, headers=CHINESE, follow_redirects=False)
    assert refused.status_code == 422
    kept = {_form(each)["asked"][0]: each for each in _questions(refused.text) if first.original_name in each}
    assert 'id="filled"' in kept["device"]
    assert 'id="filled"' not in kept["act"]
    assert 'value="未说明"' in kept["act"]


def test_what_waits_is_counted_in_recordings_and_what_is_judged_anew_is_said(district: Any) -> None:
    supervisor = district.people["supervisor"]

    def count(text: str) -> int:
        return int(re.findall(r"有 (\d+) 条记录的要素缺失或有矛盾", text)[0])

    link_all_due(district.served.archive)
    others = count(supervisor.get("/queue", headers=CHINESE).text)
    (card,) = _cards(district, 5)
    link_all_due(district.served.archive)
    before = supervisor.get("/queue", headers=CHINESE).text
    assert count(before) == others + 5, "however much is asked of each"
    assert "正在重新核对" not in before
    time = next(
        each for each in _questions(before) if card[0].original_name in each and _form(each)["asked"] == ["time"]
    )
    answer = {"choice": "own_word", "own": "2026-03-09T09:30:00", "reason": "值班记录", "all": "1"}
    assert supervisor.post("/queue", data=_sent({**_form(time), **answer}), follow_redirects=False).status_code == 303
    after = supervisor.get("/queue", headers=CHINESE).text
    assert "有 5 条记录因补正或名册变动正在重新核对，核对后可能列出新的问题" in after
    # As it was answered, and not what the file or its receipt say.
    sheet = next(each for each in _sheets_of(after) if card[0].original_name in each)
    assert sheet.count(">2026-03-09 09:30</time>") == 5
    link_all_due(district.served.archive)
    assert "正在重新核对" not in supervisor.get("/queue", headers=CHINESE).text


def test_what_could_not_be_handled_is_said_to_whom_it_is_of(district: Any) -> None:
    assert "系统暂时处理不了的记录" not in district.page("officer", "/queue").text
    with district.served.database.transaction() as session:
        for row, step in ((district.film, "judging"), (district.ambiguous, "linking"), (district.hostile, "grouping")):
            set_aside(session, step, row.id, row.unit_id, "KeyError")
    own, everything, english = (
        _failed(district.page(*asked).text)
        for asked in (("officer", "/queue"), ("supervisor", "/queue"), ("supervisor", "/queue", "en"))
    )
    assert district.film.original_name in own
    assert "未能认定要素" in own
    assert district.ambiguous.original_name not in own
    assert district.film.original_name in everything
    assert district.ambiguous.original_name in everything
    assert "未能查找所属案件" in everything
    assert district.hostile.original_name not in everything
    assert "KeyError" not in everything
    assert "its case could not be looked for" in english
    assert "系统暂时处理不了的记录" not in district.page("supervisor", "/queue?mine=1").text


def _failed(text: str) -> str:
    (section,) = re.findall(r'<section class="sheet" aria-labelledby="failed">.*?</section>', text, re.DOTALL)
    return str(section)
