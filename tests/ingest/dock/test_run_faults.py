"""A run ends with the fault that broke it, whoever raised it, and no wait is without end."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ingest.dock import errors, run
from ingest.dock.events import FileChanged, FileStays
from ingest.dock.words import Words


@pytest.mark.parametrize("told", [FileStays, FileChanged])
@pytest.mark.parametrize("when", ["sending", "letting go"])
def test_a_listener_that_raises_ends_the_run_with_its_fault_instead_of_a_wait_without_end(
    docking: Any, monkeypatch: pytest.MonkeyPatch, told: type, when: str
) -> None:
    fault = errors.SourceUnreadable("a.mp4", Words("pulled out", "已拔出"))

    def refuse(*_: Any) -> Any:
        raise errors.SourceChanged("a.mp4") if told is FileChanged else fault

    def tell(event: Any) -> None:
        if type(event) is told:
            raise RuntimeError("nobody listens")

    docking.write("a.mp4", b"x" * 100)
    docking.write("b.mp4", b"y" * 100)
    monkeypatch.setattr(run, "identify_file" if when == "sending" else "let_go", refuse)
    ended: list[BaseException] = []

    def go() -> None:
        try:
            docking.run(tell=tell)
        except BaseException as error:
            ended.append(error)

    running = threading.Thread(target=go, daemon=True)
    running.start()
    running.join(20)
    docking.stop.set()
    assert [str(error) for error in ended] == ["nobody listens"]
