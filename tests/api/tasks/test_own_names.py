"""LIUHEN_NAME_PATTERNS reaches the sealing: a unit's own names say device, officer and time like the known ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from api.settings import load_settings
from api.tasks.custody import open_custody


def test_a_name_of_a_unit_s_own_is_read_at_sealing(sealing: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("LIUHEN_NAME_PATTERNS", "cz={officer:5}@{device:8} {day}-{clock}*")
    settings = sealing.settings.model_copy(update={"name_patterns": load_settings().name_patterns})
    sealing.custody = open_custody(replace(sealing.archive, settings=settings))
    row = sealing.seal(b"not a film, but named\n", "01234@CZ000042 20260101-093000 夜间.mp4")
    assert (row.device, row.officer) == ("CZ000042", "01234")
    assert row.started_at == datetime(2026, 1, 1, 1, 30, tzinfo=UTC)
    assert row.started_at_source == "name:own-cz"
