"""`liuhen admin policy`: what is shipped is there, a file is tried, then loaded, a bad one named with its place."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrity.local_time import chinese_day


@pytest.fixture
def admin(commands: Any, capsys: pytest.CaptureFixture[str]) -> Any:
    """`liuhen admin policy …`: its JSON, or what it says when it refuses."""

    def run(*words: str, code: int = 0) -> Any:
        assert commands("admin", "policy", *words, "--json") == code
        out, err = capsys.readouterr()
        return json.loads(out) if code == 0 else err

    return run


def test_a_version_is_tried_then_loaded_and_supersedes_the_one_before(
    admin: Any, commands: Any, capsys: Any, tmp_path: Any
) -> None:
    shipped = [(each["jurisdiction"], each["version"]) for each in admin("list")["items"]]
    assert shipped == [("CN", 2), ("CN", 1), ("CN-plain", 2), ("CN-plain", 1)]
    tomorrow = chinese_day(datetime.now(UTC)) + timedelta(days=1)
    file = tmp_path / "own.yaml"
    text = admin("show", "CN-plain")["source"].replace("version: 2", "version: 3")
    file.write_text(text.replace("valid_from: 2021-07-15", f"valid_from: {tomorrow}"))
    assert "supersedes: 2" in admin("try", str(file), code=1)
    file.write_text(file.read_text() + "supersedes: 2\n")
    tried = admin("try", str(file))
    assert (tried["loaded"], tried["no_longer_demanded"], tried["nothing_after"]) == (False, [], None)
    assert len(admin("list")["items"]) == 4
    loaded = admin("load", str(file))
    assert (loaded["loaded"], loaded["in_force"], loaded["version"]) == (True, False, 3)
    ended = next(each for each in admin("list")["items"] if (each["jurisdiction"], each["version"]) == ("CN-plain", 2))
    assert ended["last_day"] == (tomorrow - timedelta(days=1)).isoformat()
    assert commands("admin", "policy", "list") == 0
    assert "CN 2  2021-07-15 – …  全部单位 / all units  有效 / in force" in capsys.readouterr().out
    assert commands("admin", "policy", "show", "CN", "1") == 0
    assert "行政处罚法" in capsys.readouterr().out


def test_a_try_lists_what_would_no_longer_be_demanded(admin: Any, commands: Any, capsys: Any, tmp_path: Any) -> None:
    tomorrow = chinese_day(datetime.now(UTC)) + timedelta(days=1)
    file = tmp_path / "less.yaml"
    file.write_text(
        f"jurisdiction: CN-plain\nversion: 3\nsupersedes: 2\ntitle: {{zh: 减, en: less}}\nvalid_from: {tomorrow}\n"
        f"valid_until: 2199-12-31\nelements:\n  act: {{required: always}}\n  place: {{required: for_acts}}\n"
        "acts:\n  - {code: evidence, name: {zh: 取证, en: Evidence}, demands: [place]}\n"
    )
    admin("list")
    assert commands("admin", "policy", "try", str(file)) == 0
    said = capsys.readouterr().out
    assert "no longer demanded: case（一切记录" in said
    assert "no longer demanded: place（行为 seizure" in said
    assert "place（行为 evidence" not in said
    assert "2199-12-31 之后不再有任何要求" in said
    assert len(admin("list")["items"]) == 4


def test_a_bad_file_is_refused_in_both_languages(admin: Any, tmp_path: Any) -> None:
    admin("list")
    file = tmp_path / "own.yaml"
    file.write_text("jurisdiction: CN\nversion: [\n")
    said = admin("load", str(file), code=2)
    assert "规则文件第 3 行 不是 UTF-8 编码、只含普通值的 YAML" in said
    assert "line 3 is no YAML" in said
    file.write_text(
        "jurisdiction: CN-x\nversion: 1\ntitle: {zh: 甲, en: a}\nvalid_from: 2026-01-01\n"
        "elements:\n  oficer: {required: always}\n"
    )
    said = admin("load", str(file), code=2)
    assert "elements.oficer 不在可选范围内（可用：unit、officer" in said
    assert "无法读取" in admin("load", str(tmp_path / "none.yaml"), code=2)
    assert "没有这一版" in admin("show", "CN", "9", code=2)


def test_what_recordings_lack_is_listed_and_an_id_that_is_none_is_named(
    commands: Any, capsys: pytest.CaptureFixture[str], admin: Any
) -> None:
    admin("list")
    assert commands("admin", "element", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"items": []}
    assert commands("admin", "element", "show", "x", "--json") == 2
    assert "x 不是编号" in capsys.readouterr().err
