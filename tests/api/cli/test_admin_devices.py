"""`liuhen admin device` and `liuhen admin officer`: what is typed at the machine, and what it prints."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest


@pytest.fixture
def admin(commands: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """`liuhen admin …`: its JSON, or what it says when it refuses."""

    def run(*words: str, code: int = 0) -> Any:
        assert commands("admin", *words, "--json") == code
        out, err = capsys.readouterr()
        return json.loads(out) if code == 0 else err

    return run


def test_a_device_is_issued_and_taken_back_by_code_and_officer(admin: Any, commands: Any, capsys: Any) -> None:
    assert admin("device", "add", "AB00001", "--model", "DSJ-A9")["model"] == "DSJ-A9"
    issued = admin("device", "issue", "AB00001", "officer", "--at", "2026-03-04T09:00")
    assert (issued["officer"]["name"], issued["issued_from"]) == ("officer", "2026-03-04T01:00:00Z")
    said = admin("device", "issue", "AB00001", "supervisor", code=1)
    assert "自 2026-03-04 09:00:00 起在" in said
    assert "is with officer since 2026-03-04T09:00+08:00" in said
    (out,) = admin("device", "list", "--where", "out")["items"]
    assert out["issue_id"] == issued["id"]
    assert commands("admin", "device", "list") == 0
    assert "AB00001  DSJ-A9" in (line := capsys.readouterr().out)
    assert "自 / since 2026-03-04 09:00:00（北京时间 / UTC+8）" in line
    assert admin("device", "return", "AB00001", "--at", "2026-03-04 18:00")["returned_at"] == "2026-03-04T10:00:00Z"
    assert "没有配发" in admin("device", "return", "AB00001", code=2)
    assert admin("device", "void", issued["id"], "--reason", "录错")["voided_at"]
    admin("device", "issue", "AB00001", "other", "--at", "2026-03-04T09:00", "--returned-at", "2026-03-04T18:00")
    history = admin("device", "history", "AB00001")["items"]
    assert {each["officer"]["name"]: each["voided_at"] is None for each in history} == {"other": True, "officer": False}
    (wrong,) = (each for each in history if each["voided_at"] is None)
    why = ("--reason", "交还时间录错")
    right = admin("device", "correct", wrong["id"], "--returned-at", "2026-03-04T17:00", *why)
    assert (right["officer"]["name"], right["issued_from"]) == ("other", wrong["issued_from"])
    assert right["returned_at"] == "2026-03-04T09:00:00Z"
    assert "已于" in admin("device", "correct", wrong["id"], *why, code=1)
    right = admin("device", "correct", right["id"], "--officer", "officer", "--not-returned", *why)
    assert (right["officer"]["name"], right["returned_at"]) == ("officer", None)
    assert "no device_issue" in admin("device", "correct", str(uuid.uuid4()), *why, code=1)
    admin("device", "return", "AB00001")
    assert commands("admin", "device", "history", "AB00001") == 0
    assert "已作废" in capsys.readouterr().out
    assert admin("device", "retire", "AB00001", "--reason", "报废")["retired_at"]
    assert "已于" in admin("device", "issue", "AB00001", "officer", code=1)


def test_what_cannot_be_understood_is_a_matter_of_usage(admin: Any) -> None:
    admin("device", "add", "AB00001")
    assert "2026-03-04T09:00" in admin("device", "issue", "AB00001", "officer", "--at", "gestern", code=2)
    assert "编号" in admin("device", "void", "x", "--reason", "录错", code=2)
    assert "AB00002" in admin("device", "issue", "AB00002", "officer", code=1)
    assert "nobody" in admin("device", "issue", "AB00001", "0815", code=1)
    assert "2026-03-04" in admin("officer", "certify", "officer", "1", "--from", "1.1.2026", code=2)


def test_certificates_are_listed_with_what_is_to_be_done(admin: Any, commands: Any, capsys: Any) -> None:
    words = ("--from", "2024-01-01", "--until", "2024-12-31")
    made = admin("officer", "certify", "officer", "0042", *words)
    assert (made["state"], made["last_day"]) == ("expired", "2024-12-31")
    admin("officer", "certify", "supervisor", "0043", "--from", "2024-01-01")
    assert len(admin("officer", "list")["items"]) == 2
    assert [each["number"] for each in admin("officer", "list", "--running-out")["items"]] == ["0042"]
    assert commands("admin", "officer", "list") == 0
    assert "已过期 / expired" in capsys.readouterr().out
    assert "officer" in admin("officer", "certify", "other", "0042", *words, code=1)
    assert admin("officer", "void", made["id"], "--reason", "录错")["state"] == "voided"


def test_a_table_is_tried_then_taken_and_every_bad_row_is_named(
    admin: Any, commands: Any, capsys: Any, tmp_path: Any
) -> None:
    devices, issues, certificates = (tmp_path / f"{name}.csv" for name in ("devices", "issues", "certificates"))
    devices.write_bytes("设备编号,型号,备注\nAB00001,DSJ-A9,\n".encode("gbk"))
    tried = admin("device", "import", str(devices), "--dry-run")
    assert (tried["applied"], tried["added"], tried["ignored_columns"]) == (False, 1, ["备注"])
    assert admin("device", "import", str(devices))["applied"]
    issues.write_text(
        "设备编号,人员编号,配发时间\nAB00001,officer,2026-03-01\nAB00002,officer,2026-03-01\n", "utf-8-sig"
    )
    assert commands("admin", "device", "import", str(issues), "--issues") == 1
    out, err = capsys.readouterr()
    assert "第 3 行 / line 3: 没有编号为 AB00002 的设备" in out
    assert "未导入任何内容" in err
    certificates.write_text("人员编号,证号,有效期起\nofficer,0042,2026-01-01\n")
    assert commands("admin", "officer", "import", str(certificates)) == 0
    assert "新增 1" in capsys.readouterr().out
    assert "无法读取" in admin("officer", "import", str(tmp_path / "none.csv"), code=2)
