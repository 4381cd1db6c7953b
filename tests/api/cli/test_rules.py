"""`liuhen rules` as whoever writes rules uses it: the real command, files in, answers out, and what is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from api.http.problems.deadlines import STARTS_FILE_PROBLEMS
from api.http.problems.rules import CASE_FILE_PROBLEMS
from api.http.problems.words import WORDS
from casework.archiving.retention_rules import SHIPPED as RETENTION
from casework.checklists.checklists import SHIPPED
from casework.completeness import errors as completeness
from casework.deadlines import errors as deadlines
from casework.rules import errors as rules
from tests.commands import run_here

CASE = {
    "act": {"kind": "seizure", "start": "2026-03-09T09:00:00+08:00", "end": "2026-03-09T09:40:00+08:00"},
    "min_devices": 1,
    "allowed_gap_s": 5,
    "recordings": [
        {
            "id": "R1",
            "device": "AB00001",
            "start": "2026-03-09T08:58:00+08:00",
            "end": "2026-03-09T09:20:00+08:00",
            "clock_offset_s": 1.5,
            "clock_uncertainty_s": 2,
        }
    ],
    "explanations": [
        {"start": "2026-03-09T09:20:00+08:00", "end": "2026-03-09T09:40:00+08:00", "by": "李伟", "confirmed_by": "刘洋"}
    ],
}


def run(*words: str | Path, code: int = 0) -> tuple[str, str]:
    """What is said on stdout and stderr; no archive is there for it."""
    done = run_here({"PATH": "/usr/bin:/bin"}, "rules", *map(str, words))
    assert done.code == code, done.stderr
    return done.stdout, done.stderr


def deadlines_of(
    tmp_path: Path, text: str, *options: str | Path, code: int = 0, encoding: str = "utf-8"
) -> tuple[str, str]:
    file = tmp_path / "starts.csv"
    file.write_bytes(text.encode(encoding))
    return run("deadlines", file, *options, code=code)


def test_due_days_come_out_line_for_line(tmp_path: Path) -> None:
    text = "kind,start_date\npublish_penalty,2026-09-25\nwithdraw,2020-01-02\n\nservice,2026-12-25\n"
    rows = list(csv.DictReader(io.StringIO(deadlines_of(tmp_path, text)[0])))
    assert list(rows[0]) == ["kind", "start_date", "due_date", "in_force", "rule"]
    assert [(row["kind"], row["due_date"], row["in_force"]) for row in rows] == [
        ("publish_penalty", "2026-10-12", "true"),
        ("withdraw", "", "false"),
        ("service", "", "true"),
    ]
    assert rows[0]["rule"].startswith("CN-CQ-jiangbei 1: 江北城市管理发〔2019〕82号")
    assert rows[1]["rule"] == ""
    assert "estimate 2027-01-06: no calendar of 2027)" in rows[2]["rule"]


def test_columns_are_found_by_name_and_spreadsheets_are_understood(tmp_path: Path) -> None:
    text = '\ufeffcase,Start_Date,Kind\r\n"江 1, 甲",2026-09-25, publish_penalty \r\n'
    assert ",2026-10-12,true," in deadlines_of(tmp_path, text)[0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_what_terms_prints_and_excel_writes_is_read(tmp_path: Path, encoding: str) -> None:
    text = "案号,期限,起算日\r\n江1,送达,2026/3/2\r\n江2,service,2026年3月2日\r\n江3,送达,2026-03-02\r\n"
    _, *rows = deadlines_of(tmp_path, text, encoding=encoding)[0].splitlines()
    assert rows[0].startswith("service,2026-03-02,2026-03-11,true,CN-law 2")
    assert rows == [rows[0]] * 3
    assert "  送达 service  " in run("terms")[0]


def test_a_file_that_is_no_text_is_told_once_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "starts.csv").write_bytes(b"kind,start_date\n\xff\xff\n")
    _, err = run("deadlines", tmp_path / "starts.csv", code=2)
    assert err.count("请") == 1
    assert "既不是 UTF-8 也不是 GBK" in err
    assert "is neither UTF-8 nor GBK: save it as CSV again" in err


def test_own_rules_and_a_late_notice_are_tried_beside_the_shipped(tmp_path: Path) -> None:
    own, year = tmp_path / "own.yaml", tmp_path / "2027.yaml"
    own.write_text(
        "jurisdiction: CN-own\nversion: 1\nrank: 50\ntitle: {zh: 本局, en: Ours}\nvalid_from: 2026-01-01\n"
        "terms:\n  service: {days: 2, counted: working_days, law: [本局规定]}\n"
    )
    year.write_text("year: 2027\nsource: 通知\ndays_off: [2027-01-01, 2027-01-04]\nmakeup_days: []\n")
    text = "kind,start_date\nservice,2026-12-31\n"
    out, _ = deadlines_of(tmp_path, text, "--rules", own, "--calendar", year)
    assert out.splitlines()[1] == "service,2026-12-31,2027-01-06,true,CN-own 1: 本局规定"
    listed = json.loads(run("terms", "--rules", own, "--json")[0])["items"]
    assert {item["rules"] for item in listed} >= {"CN-law 1", "CN-law 2", "CN-own 1"}
    assert "本局规定" in run("terms", "--rules", own)[0]


@pytest.mark.parametrize(
    ("text", "chinese", "english"),
    [
        ("", "首行须写明列名", "line 1 has to begin with"),
        ("kind;start_date\n", "首行须写明列名", "line 1 “kind;start_date” has to begin with"),
        ("kind,start_date\nservise,2026-01-05\n", "第 2 行“servise”", "line 2 “servise” names no kind of term"),
        ("kind,start_date\nservice,2026-02-30\n", "第 2 行“2026-02-30” 不是日期", "line 2 “2026-02-30” holds no day"),
        ("kind,start_date\nservice,20260105\n", "不是日期", "holds no day"),
        ("kind,start_date,kind\n", "首行有重复的列名", "names a column twice"),
        ("kind,start_date\n\x1b[31m,2026-01-05\n", "“�[31m”", "“�[31m” names no kind"),
        ("kind,start_date\nservice,0026-02-03\n", "不在 1990 年至 2200 年之间", "outside the years 1990 to 2200"),
        ("kind,start_date\nservice\n", "单元格数目与首行不符", "another number of cells"),
        ('kind,start_date\n"service,2026-01-05\n', "引号没有成对", "a quotation mark has no partner"),
    ],
)
def test_a_bad_line_is_named_and_nothing_comes_out(tmp_path: Path, text: str, chinese: str, english: str) -> None:
    out, err = deadlines_of(tmp_path, text, code=2)
    assert out == ""
    assert chinese in err
    assert english in err
    assert "starts.csv" in err


def test_a_bad_rule_file_is_named_with_line_and_field(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "jurisdiction: CN-own\nversion: 1\nrank: 50\ntitle: {zh: 本局, en: Ours}\nvalid_from: 2026-01-01\n"
        "terms:\n  service: {days: 2, countd: working_days, law: [本局规定]}\n"
    )
    out, err = deadlines_of(tmp_path, "kind,start_date\n", "--rules", own, code=2)
    assert out == ""
    assert "own.yaml: 规则文件第 7 行 terms.service.countd 不在可选范围内（可用：days、counted、" in err
    assert "own.yaml: line 7: terms.service.countd is not known here" in err
    assert "无法读取" in run("deadlines", tmp_path / "none.csv", code=2)[1]


def test_completeness_of_one_act_and_of_several(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps(CASE, ensure_ascii=False))
    wanted = {
        "verdict": "doubtful",
        "exact": [
            [0, 1196.5, "covered", "none"],
            [1196.5, 1200, "doubtful", "none"],
            [1200, 1200.5, "doubtful", "confirmed"],
            [1200.5, 2400, "missing", "confirmed"],
        ],
    }
    assert json.loads(run("completeness", file)[0]) == wanted
    unnamed = {**CASE, "explanations": [{**CASE["explanations"][0], "by": None}]}  # type: ignore[index]
    file.write_text(json.dumps([CASE, unnamed], ensure_ascii=False))
    out, err = run("completeness", file)
    assert [each["verdict"] for each in json.loads(out)] == ["doubtful", "incomplete"]
    assert "[1].explanations[0] 没有写明说明人" in err


def test_a_bad_case_is_named_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps([CASE, {**CASE, "act": {**CASE["act"], "start": "2026-03-09T09:00:00"}}]))  # type: ignore[dict-item]
    out, err = run("completeness", file, code=2)
    assert out == ""
    assert "案件文件 [1].act.start 须为带时区的时刻" in err
    assert "[1].act.start has to be an instant with its offset" in err
    file.write_text('{"act": 1,\n"end"}')
    assert "案件文件 第 2 行 不是 UTF-8 编码的 JSON" in run("completeness", file, code=2)[1]


def test_every_problem_is_said_in_chinese() -> None:
    assert set(CASE_FILE_PROBLEMS) == set(completeness.PROBLEMS)
    assert set(STARTS_FILE_PROBLEMS) == set(deadlines.PROBLEMS)
    assert set(rules.PROBLEMS) <= set(WORDS)


def test_a_checklist_is_checked_and_listed(tmp_path: Path) -> None:
    shipped = SHIPPED / "cn-2.yaml"
    listed, _ = run("checklist", shipped)
    assert "seizure  查封、扣押财产 / Sealing or seizing property  全程 / whole" in listed
    items = json.loads(run("checklist", shipped, "--json")[0])["items"]
    assert (items[0]["checklist"], items[0]["code"], items[0]["officers"]) == ("CN 2", "on_site", 2)
    bad = tmp_path / "bad.yaml"
    bad.write_text(shipped.read_text().replace("recording: whole", "recording: allways", 1))
    out, err = run("checklist", bad, code=2)
    assert out == ""
    assert "第 35 行 acts[3].recording allways 不在可选范围内" in err
    assert "it is one of: none, some, whole" in err


def test_rules_of_retention_are_listed_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    shipped = RETENTION / "cn-2.yaml"
    out, _ = run("retention", shipped)
    assert "案件 / case ordinary_penalty  ≥ permanent  公安机关现场执法视音频记录工作规定" in out
    assert json.loads(run("retention", shipped, "--json")[0])["rules"] == "CN 2"
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(shipped.read_text("utf-8").replace("at_least: extended", "at_least: for_ever"), "utf-8")
    _, err = run("retention", wrong, code=2)
    line = next(n for n, text in enumerate(wrong.read_text("utf-8").splitlines(), 1) if "for_ever" in text)
    assert f"第 {line} 行" in err
    assert f"line {line}" in err
