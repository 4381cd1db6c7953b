"""What the demo says of times and of the linker's findings is in the reader's words."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from api.demo.linking import link_by_hand
from api.demo.narration import Narrator
from api.demo.result import HEADINGS, SeenRecording


class Desk:
    """An officer whose calls are written down."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Any]] = []

    def post(self, path: str, form: Any) -> None:
        self.posted.append((path, form))


def test_why_a_recording_was_linked_by_hand_is_said_in_words() -> None:
    said, desk = io.StringIO(), Desk()
    unlinked = {"recording": {"id": "r", "original_name": "notes.mp4"}, "outcome": "no_data"}
    link_by_hand(desk, "c", unlinked, Narrator(Console(file=said, width=200)), quiet=False)  # type: ignore[arg-type]
    assert "notes.mp4 手工关联案件：所知的时间、设备或人员不足" in said.getvalue()
    assert desk.posted[0][0] == "/api/v1/cases/c/links"


def test_the_table_gives_beijings_time_to_the_second_and_says_so_once() -> None:
    seen = SeenRecording("a.mp4", "0" * 64, "0" * 64, "2026-03-02T17:20:00.123456Z", 5, "案", True, True)
    assert seen.cells()[2] == "2026-03-03 01:20:00"
    assert "北京时间" in HEADINGS[2]
