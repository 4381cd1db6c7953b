"""When an HTTP process tells custody that something may be due."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.archive import open_archive_for_people
from api.http import app
from api.keyring import create_missing_keys
from api.settings import Settings


def woken_by_start(data: Path, monkeypatch: pytest.MonkeyPatch, broker_url: str | None) -> list[str]:
    woken: list[str] = []

    class Waker:
        def __init__(self, task: str) -> None:
            self._task = task

        def wake(self) -> None:
            woken.append(self._task)

    monkeypatch.setattr(app, "Waker", Waker)
    settings = Settings(data=data, database_url="postgresql://nobody@/none", broker_url=broker_url)
    create_missing_keys(settings)
    app.make_uploads(open_archive_for_people(settings))
    return woken


def test_the_first_message_of_a_process_is_sent_before_anybody_waits_for_it(tmp_path, monkeypatch):
    assert woken_by_start(tmp_path, monkeypatch, "redis://127.0.0.1:1/0") == ["custody.seal_due"]


def test_without_a_broker_nothing_is_sent(tmp_path, monkeypatch):
    assert woken_by_start(tmp_path, monkeypatch, None) == []
