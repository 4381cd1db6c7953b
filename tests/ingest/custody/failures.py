"""A power failure at a step, and objects that the store has lost."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from storage.catalog.ledger import LedgerEntryRow
from tests.ingest.custody_bench import Bench

CONTENT = b"no video at all, but evidence\n" * 50_000


class PowerFailure(BaseException):
    """Nothing catches it, as nothing catches a power failure."""


def crash_at(monkeypatch: pytest.MonkeyPatch, module: object, step: str, lands: bool) -> None:
    whole: Callable[..., object] = getattr(module, step)

    def crash(*arguments: object, **named: object) -> object:
        if lands:
            whole(*arguments, **named)
        raise PowerFailure

    monkeypatch.setattr(module, step, crash)


def lose_it(path: Path) -> None:
    path.unlink()


def cut_it(path: Path) -> None:
    path.chmod(0o600)
    os.truncate(path, path.stat().st_size - 1)


def rot_it(path: Path) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(1000)
        byte = file.read(1)
        file.seek(1000)
        file.write(bytes([byte[0] ^ 1]))


def object_path(bench: Bench) -> Path:
    return bench.staging.parent / "objects" / bench.recording().object_name


def found_lost(bench: Bench) -> list[str]:
    with bench.database.reading() as session:
        rows = session.scalars(
            select(LedgerEntryRow).where(LedgerEntryRow.action == "recording.object_lost").order_by("serial")
        ).all()
    assert all(json.loads(row.entry)["subject"]["id"] == str(bench.recording().id) for row in rows)
    return [json.loads(row.entry)["data"]["found"] for row in rows]
