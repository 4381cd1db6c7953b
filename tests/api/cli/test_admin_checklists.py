"""`liuhen admin checklist`: what is shipped is there, a file is tried, then loaded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from integrity.local_time import chinese_day


def test_a_version_is_tried_then_loaded_and_supersedes_the_one_before(
    commands: Any, capsys: Any, tmp_path: Any
) -> None:
    def admin(*words: str, code: int = 0) -> Any:
        assert commands("admin", "checklist", *words, "--json") == code
        out, err = capsys.readouterr()
        return json.loads(out) if code == 0 else err

    shipped = [(each["jurisdiction"], each["version"]) for each in admin("list")["items"]]
    assert shipped == [("CN", 2), ("CN", 1), ("CN-CQ-jiangbei", 1), ("CN-CQ-jiangbei-duties", 1)]
    tomorrow = chinese_day(datetime.now(UTC)) + timedelta(days=1)
    file = tmp_path / "own.yaml"
    text = admin("show", "CN-CQ-jiangbei")["source"].replace("version: 1", "version: 2")
    file.write_text(text.replace("valid_from: 2019-11-27", f"valid_from: {tomorrow}"))
    assert "supersedes: 1" in admin("try", str(file), code=1)
    file.write_text(file.read_text() + "supersedes: 1\n")
    assert admin("try", str(file))["loaded"] is False
    loaded = admin("load", str(file))
    assert (loaded["loaded"], loaded["in_force"], loaded["version"], len(loaded["acts"])) == (True, False, 2, 9)
    ended = admin("show", "CN-CQ-jiangbei", "1")
    assert ended["last_day"] == (tomorrow - timedelta(days=1)).isoformat()
    assert "没有这一版" in admin("show", "CN-XX", code=2)
    assert commands("admin", "checklist", "list") == 0
    assert "CN 2  2021-07-15 – …  全部单位 / all units  有效 / in force" in capsys.readouterr().out
