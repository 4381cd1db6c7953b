"""`liuhen admin terms` and `liuhen admin calendar`: what is shipped is there, a file is tried, then loaded."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from integrity.local_time import chinese_day


def test_terms_and_years_are_tried_then_loaded(commands: Any, capsys: Any, tmp_path: Any) -> None:
    def admin(*words: str, code: int = 0) -> Any:
        assert commands("admin", *words, "--json") == code
        out, err = capsys.readouterr()
        return json.loads(out) if code == 0 else err

    shipped = [(each["jurisdiction"], each["version"]) for each in admin("terms", "list")["items"]]
    by_law = [("CN-civil-procedure", 2), ("CN-civil-procedure", 1), ("CN-law", 2), ("CN-law", 1)]
    assert shipped == [("CN-CQ-jiangbei", 1), *by_law, ("CN-publication", 1)]
    tomorrow = chinese_day(datetime.now(UTC)) + timedelta(days=1)
    file = tmp_path / "own.yaml"
    text = admin("terms", "show", "CN-law")["source"].replace("version: 2", "version: 3")
    file.write_text(text.replace("valid_from: 2021-07-15", f"valid_from: {tomorrow}\nsupersedes: 2"))
    assert admin("terms", "try", str(file))["loaded"] is False
    loaded = admin("terms", "load", str(file))
    assert (loaded["loaded"], loaded["in_force"], loaded["rank"], len(loaded["terms"])) == (True, False, 10, 6)
    assert admin("terms", "show", "CN-law", "2")["last_day"] == (tomorrow - timedelta(days=1)).isoformat()
    assert "没有这一版" in admin("terms", "show", "CN-XX", code=2)
    file.write_text(text.replace("counted: working_days", "counted: days", 1))
    refused = admin("terms", "load", str(file), code=2)
    assert "第 22 行" in refused
    assert "terms.withdraw.counted days" in refused
    year = tmp_path / "2040.yaml"
    year.write_text("year: 2040\nsource: 样例\ndays_off: [2040-01-02]\nmakeup_days: []\n")
    assert admin("calendar", "try", str(year))["loaded"] is False
    assert admin("calendar", "load", str(year))["ordinal"] == 1
    listed = {each["year"]: each["ordinal"] for each in admin("calendar", "list")["items"]}
    assert (listed[2026], listed[2040]) == (None, 1)
    assert commands("admin", "calendar", "list") == 0
    assert "2040  样例  休 1 日" in capsys.readouterr().out
