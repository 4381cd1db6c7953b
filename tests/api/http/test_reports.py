"""The figures of a year over HTTP: the same as out of the ledger's files alone, and the same in every format."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from api.words.tables import word_for
from casework.merging import merge_unit
from integrity.ledger_entry import parse_entry
from integrity.local_time import chinese_day
from integrity.tiles import bundle_path, decode_bundle
from storage.ledger.append import Actor
from tests.api.http.publishing import PublishingDesk, make_publishing_desk
from tests.casework.statistics.tallied import tally_year

_SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def desk(served: Any) -> PublishingDesk:
    """Two penalties, one of them published, corrected and taken down; a recording in a case."""
    desk = make_publishing_desk(served)
    desk.decide()
    publication = desk.publish()
    desk.take_down(publication, "inaccurate", "内容有误")
    desk.decide(amount_fen=12_345)
    recording = served.seal(served.station(desk.unit), b"footage" * 100)
    served.link(recording, desk.case, desk.officer.person)
    served.wait_for_places()
    return desk


def revoke_a_check(desk: PublishingDesk) -> None:
    """Its result is entered, and revoked; both stand in the checkpoint."""
    opened = {"number": "江城检〔2026〕1号", "title": "双随机抽查", "procedure": "random_check"}
    case = desk.officer.post("/api/v1/cases", json=opened).json()
    for kind in ("inspection_concluded", "decision_revoked"):
        said = {"kind": kind, "day": desk.today.isoformat()}
        answer = desk.officer.post(f"/api/v1/cases/{case['id']}/events", json=said)
        assert answer.status_code == 201, answer.text
    desk.served.wait_for_places()


def annual(caller: Any, desk: PublishingDesk, **more: Any) -> Any:
    return caller.get("/api/v1/reports/annual", params={"year": desk.today.year, **more})


def test_the_figures_are_those_of_the_ledger_s_files(desk: PublishingDesk, served: Any) -> None:
    revoke_a_check(desk)
    report = annual(desk.supervisor, desk).json()
    figures = report["total"]
    assert (figures["penalties_decided"], figures["penalty_fine"], figures["penalties_citizen"]) == (2, 2, 2)
    assert (figures["penalty_amount_fen"], figures["published"], figures["taken_down"]) == (17_345, 1, 1)
    assert (figures["recordings_sealed"], figures["recordings_linked"]) == (1, 1)
    assert (figures["checks_revoked"], figures["decisions_revoked"], figures["revoked_amount_fen"]) == (1, 0, 0)
    entries = []
    for number in range(-(-report["checkpoint_size"] // 256)):
        left = min(256, report["checkpoint_size"] - 256 * number)
        content = served.archive.ledger_files.fetch(bundle_path(number, left))
        assert content is not None
        entries += [parse_entry(each) for each in decode_bundle(content, left)]
    assert len(entries) == report["checkpoint_size"]
    counted = tally_year(entries, desk.today.year)
    for unit in report["units"]:
        ours = {code: number for code, number in unit["figures"].items() if number}
        mine = next((dict(of) for each, of in counted.items() if str(each) == unit["unit_id"]), {})
        assert ours == mine


def test_a_checkpoint_keeps_its_figures(desk: PublishingDesk, served: Any) -> None:
    before = annual(desk.supervisor, desk).json()
    desk.decide()
    served.wait_for_places()
    assert annual(desk.supervisor, desk).json()["total"]["penalties_decided"] == 3
    assert annual(desk.supervisor, desk, size=before["checkpoint_size"]).json() == before
    last_year = desk.supervisor.get("/api/v1/reports/annual", params={"year": desk.today.year - 1}).json()
    assert set(last_year["total"].values()) == {0}


def test_a_unit_above_sees_those_below_it_and_no_unit_another(desk: PublishingDesk) -> None:
    above = annual(desk.administrator, desk).json()
    assert [(each["name"], each["depth"]) for each in above["units"][:1]] == [("江城区城市管理局", 0)]
    assert sorted((each["name"], each["depth"]) for each in above["units"][1:]) == [("江北大队", 1), ("江城大队", 1)]
    assert above["total"]["penalties_decided"] == 2
    assert above["units"][0]["figures"]["penalties_decided"] == 0
    elsewhere = annual(desk.stranger, desk).json()
    assert [each["name"] for each in elsewhere["units"]] == ["江北大队"]
    assert set(elsewhere["total"].values()) == {0}


def test_every_format_says_the_same_and_names_the_checkpoint(desk: PublishingDesk, tmp_path: Path) -> None:
    revoke_a_check(desk)
    report = annual(desk.auditor, desk).json()
    size = report["checkpoint_size"]
    files = {
        kind: desk.auditor.get(f"/api/v1/reports/annual.{kind}", params={"year": desk.today.year, "size": size})
        for kind in ("csv", "xlsx", "pdf")
    }
    for kind, answer in files.items():
        assert answer.status_code == 200, answer.text
        assert f"annual-{desk.today.year}-{size}.{kind}" in answer.headers["content-disposition"]
    rows = {row[1]: row[2] for row in csv.reader(io.StringIO(files["csv"].content.decode("utf-8-sig"))) if len(row) > 2}
    assert rows == {"指标": "合计"} | {
        word_for("figure", code): f"{number / 100}" if code.endswith("_fen") else str(number)
        for code, number in report["total"].items()
    }
    cells = sheet_cells(files["xlsx"].content)
    numbers = {row[1]: row[2] for row in cells if len(row) > 2}
    assert float(numbers["罚没金额（元）"]) == 173.45
    assert (numbers["被撤销的决定"], numbers["被撤销的检查结果"]) == ("0", "1")
    assert sum(len(row) for row in cells) == len(cells) * (3 + len(report["units"]))
    (tmp_path / "report.pdf").write_bytes(files["pdf"].content)
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "report.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert report["checkpoint_root"] in text.replace("\n", "")
    assert "173.45" in text
    assert re.search(r"被撤销的检查结果 +1\b", text)
    assert "年度行政执法统计" in text
    again = desk.auditor.get("/api/v1/reports/annual.pdf", params={"year": desk.today.year, "size": size})
    assert again.content == files["pdf"].content


def test_how_a_month_was_recorded_is_the_same_in_every_format(desk: PublishingDesk) -> None:
    asked = {"month": f"{desk.today:%Y-%m}"}
    found = desk.auditor.get("/api/v1/reports/recordings", params=asked).json()
    assert (found["total"]["recordings"], found["total"]["lacking"], found["total"]["coverage"]) == (1, 0, None)
    unit = next(each for each in found["units"] if each["found"]["recordings"])
    assert unit["unit_id"] == str(desk.unit.id)
    asked["unit_id"] = unit["unit_id"]
    people = desk.auditor.get("/api/v1/reports/recordings", params=asked).json()["people"]
    assert sum(each["found"]["recordings"] for each in people) == 1
    files = {kind: desk.auditor.get(f"/api/v1/reports/recordings.{kind}", params=asked) for kind in ("csv", "xlsx")}
    for kind, answer in files.items():
        assert answer.status_code == 200, answer.text
        assert f"recordings-{desk.today:%Y-%m}.{kind}" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(files["csv"].content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["单位", "记录（份）"]
    assert {row[0]: row[1] for row in rows[1 : 2 + len(found["units"])]} == {"合计": "1"} | {
        each["name"]: str(each["found"]["recordings"]) for each in found["units"]
    }
    assert [row[:2] for row in sheet_cells(files["xlsx"].content)] == [
        row[:2] for row in rows[: 2 + len(found["units"])]
    ]


def test_penalties_for_the_credit_system_are_taken_by_who_hands_them_on(desk: PublishingDesk, served: Any) -> None:
    day = desk.today.isoformat()
    for kind, mark in (("csv", "行政相对人名称".encode()), ("xlsx", b"PK")):
        answer = desk.publisher.get(f"/api/v1/reports/credit.{kind}", params={"since": day, "until": day})
        assert answer.status_code == 200, answer.text
        assert mark in answer.content
        assert f"credit-{day}-{day}.{kind}" in answer.headers["content-disposition"]
    assert [each.data["count"] for each in served.entries("case.credit_taken")] == [0, 0]
    late = desk.publisher.get("/api/v1/reports/credit.csv", params={"since": day, "until": "2019-01-01"})
    assert (late.status_code, late.json()["type"]) == (422, "urn:liuhen:problem:days")
    assert desk.publisher.get("/api/v1/reports/credit.csv", params={"since": "x", "until": day}).status_code == 422
    assert desk.auditor.get("/api/v1/reports/credit.csv", params={"since": day, "until": day}).status_code == 403


@pytest.mark.parametrize("path", ["/api/v1/reports/recordings", "/api/v1/reports/recordings.csv"])
def test_a_month_that_is_none_and_a_unit_elsewhere_are_told(desk: PublishingDesk, path: str) -> None:
    for month in ("2026-3", "2018-12", "9999-01", "x"):
        answer = desk.auditor.get(path, params={"month": month})
        assert (answer.status_code, answer.json()["type"]) == (422, "urn:liuhen:problem:month")
    elsewhere = {"month": f"{desk.today:%Y-%m}", "unit_id": str(desk.unit.id)}
    assert desk.stranger.get(path, params=elsewhere).status_code == 404
    assert desk.officer.get(path, params=elsewhere).status_code == 403


def sheet_cells(content: bytes) -> list[list[str]]:
    """The first sheet's, as text."""
    book = zipfile.ZipFile(io.BytesIO(content))
    shared = ["".join(each.itertext()) for each in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
    rows = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml")).iter(f"{_SHEET}row")
    return [
        [
            shared[int(value)] if cell.get("t") == "s" else value
            for cell in row
            for value in (cell.findtext(f"{_SHEET}v") or "",)
        ]
        for row in rows
    ]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"year": 2018}, 422, "year"),
        ({"year": 2999}, 422, "year"),
        ({"year": 2025, "size": 999_999_999}, 404, "checkpoint"),
        ({"year": "now"}, 422, "input"),
    ],
)
def test_what_is_no_year_or_no_checkpoint_is_refused(
    desk: PublishingDesk, asked: dict[str, Any], status: int, code: str
) -> None:
    answer = desk.auditor.get("/api/v1/reports/annual", params=asked)
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, code)


def test_an_officer_has_no_figures_to_see(desk: PublishingDesk) -> None:
    assert annual(desk.officer, desk).status_code == 403
    assert desk.officer.get("/api/v1/reports/annual.csv", params={"year": 2026}).status_code == 403


def book(caller: Any, name: str, year: int) -> list[dict[str, str]]:
    answer = caller.get(f"/api/v1/reports/{name}.csv", params={"year": year})
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_book_has_a_line_for_each_case_and_each_document(desk: PublishingDesk, served: Any) -> None:
    assert desk.case is not None
    cases = {each["案号"]: each for each in book(desk.supervisor, "cases", desk.today.year)}
    line = cases[desk.case.number]
    assert (line["种类"], line["决定"], line["罚没金额（元）"], line["当事人"]) == (
        "行政处罚",
        "罚款",
        "123.45",
        "张三丰",
    )
    assert (line["决定日期"], line["记录数"], line["结案日期"]) == (desk.today.isoformat(), "1", "")
    assert len(cases) == 2
    assert [each["公示"] for each in cases.values()] == ["", ""], "the one that was public was taken down"
    assert book(desk.supervisor, "documents", desk.today.year) == []
    assert book(desk.supervisor, "cases", desk.today.year - 1) == []
    assert served.entries("case.book_taken")[0].data == {"list": "cases", "year": desk.today.year}
    both = desk.auditor.get("/api/v1/reports/book.xlsx", params={"year": desk.today.year})
    assert [row[0] for row in sheet_cells(both.content)] == ["案号", *cases]


def test_what_was_revoked_stands_beside_what_was_imposed_in_book_and_figures(desk: PublishingDesk, served: Any) -> None:
    assert desk.case is not None
    revoked = {"kind": "decision_revoked", "day": desk.today.isoformat()}
    assert desk.officer.post(f"/api/v1/cases/{desk.case.id}/events", json=revoked).status_code == 201
    cases = {each["案号"]: each for each in book(desk.supervisor, "cases", desk.today.year)}
    assert {each["其中被撤销（元）"] for each in cases.values()} == {"", "123.45"}
    assert cases[desk.case.number]["罚没金额（元）"] == cases[desk.case.number]["其中被撤销（元）"] == "123.45"
    served.wait_for_places()
    figures = annual(desk.supervisor, desk).json()["total"]
    assert (figures["penalty_amount_fen"], figures["revoked_amount_fen"]) == (17_345, 12_345)


def test_a_case_that_is_closed_to_somebody_is_not_in_his_book(desk: PublishingDesk) -> None:
    assert desk.case is not None
    secret = {"secrecy_class": "business_secret"}
    assert desk.officer.post(f"/api/v1/cases/{desk.case.id}/secrecy", json=secret).status_code in (200, 201)
    assert desk.case.number not in {each["案号"] for each in book(desk.administrator, "cases", desk.today.year)}
    assert len(book(desk.supervisor, "cases", desk.today.year)) == 2


def test_the_book_is_of_one_s_own_units_and_for_whom_it_is(desk: PublishingDesk, served: Any) -> None:
    elsewhere = served.signed_in(served.unit("另一大队"), "supervisor")
    assert book(elsewhere, "cases", desk.today.year) == []
    for caller in (desk.officer, desk.publisher):
        assert caller.get("/api/v1/reports/cases.csv", params={"year": 2026}).status_code == 403
    for path in ("book.csv", "cases.xlsx", "people.csv"):
        assert desk.supervisor.get(f"/api/v1/reports/{path}", params={"year": 2026}).status_code in (404, 422)
    assert desk.supervisor.get("/api/v1/reports/cases.csv", params={"year": 99999}).status_code == 404


def test_a_report_of_before_a_merge_stays_as_it_was_to_the_byte(desk: PublishingDesk, served: Any) -> None:
    before = annual(desk.administrator, desk).json()
    size = before["checkpoint_size"]
    said = {kind: formatted(desk, kind, size) for kind in ("csv", "xlsx", "pdf")}
    page = of_page(desk, size)
    ended = desk.stranger.person.unit_id
    now = datetime.now(UTC)
    with served.database.transaction() as session:
        merge_unit(session, Actor.system("admin"), ended, desk.unit.id, on=chinese_day(now), ground="批复", now=now)
    served.wait_for_places()
    after = annual(desk.administrator, desk).json()
    merged = next(each for each in after["units"] if each["unit_id"] == str(ended))
    assert merged["depth"] == 2
    assert merged["name"] == f"江北大队（{chinese_day(now)}已并入江城大队）"
    assert after["total"] == before["total"]
    assert annual(desk.administrator, desk, size=size).json() == before
    assert {kind: formatted(desk, kind, size) for kind in said} == said
    assert of_page(desk, size) == page
    assert "merged into 江城大队" in of_page(desk, after["checkpoint_size"])


def formatted(desk: PublishingDesk, kind: str, size: int) -> bytes:
    asked = {"year": desk.today.year, "size": size}
    answer = desk.administrator.get(f"/api/v1/reports/annual.{kind}", params=asked)
    assert answer.status_code == 200, answer.text
    content: bytes = answer.content
    return content


def of_page(desk: PublishingDesk, size: int) -> str:
    """The page's table of figures."""
    answer = desk.administrator.get("/statistics", params={"year": desk.today.year, "size": size})
    assert answer.status_code == 200, answer.text
    return str(answer.text[answer.text.index("<table") : answer.text.rindex("</table>")])
