"""The clock is set while log is shipped: nothing is signed too early for that, and nobody stops unnoticed."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.backup.latest import note_backup
from api.engines.roles import DatabaseAddresses
from api.wal import shipping
from api.wal.cluster_log import Position
from api.wal.errors import WalLate
from api.wal.gate import shipped_first
from api.wal.shipping import _OpenStream
from api.wal.standing import WalStanding, require_shipped
from api.wal.steady_instant import SteadyInstant
from storage.database import Database

HOUR = timedelta(hours=1)
FAR = 1 << 62


def seconds_ago(seconds: float) -> SteadyInstant:
    now = SteadyInstant.now()
    return SteadyInstant(now.boot, now.seconds - seconds)


def tell(data: Path, looked: SteadyInstant | None, *, lsn: int = 0, clock_was_set: timedelta = timedelta()) -> None:
    """What a shipper wrote, before the clock was set forward by so much."""
    said = datetime.now(UTC) - clock_was_set
    WalStanding("s", lsn, said, 0, 1 << 30, None, "", None, said, looked).write(data)


@pytest.fixture
def sequencing(addresses: DatabaseAddresses) -> Iterator[Database]:
    database = Database(addresses.sequencer, pool_size=1)
    yield database
    database.close()


def test_who_is_at_work_is_waited_for_though_the_clock_was_set_forward(sequencing: Database, tmp_path: Path) -> None:
    wait, done = shipped_first(tmp_path, sequencing), threading.Event()
    tell(tmp_path, SteadyInstant.now(), clock_was_set=HOUR)
    waiting = threading.Thread(target=lambda: (wait(), done.set()), daemon=True)
    waiting.start()
    assert not done.wait(0.3)
    tell(tmp_path, SteadyInstant.now(), lsn=FAR, clock_was_set=HOUR)
    assert done.wait(2)


@pytest.mark.parametrize(
    "looked",
    [
        pytest.param(seconds_ago(6), id="six seconds ago"),
        pytest.param(SteadyInstant("another", time.monotonic()), id="before the machine started"),
        pytest.param(None, id="the release before"),
    ],
)
def test_nobody_is_waited_for_who_stopped_though_the_clock_was_set_back(
    sequencing: Database, tmp_path: Path, looked: SteadyInstant | None
) -> None:
    tell(tmp_path, looked, clock_was_set=-HOUR)
    began = time.monotonic()
    shipped_first(tmp_path, sequencing)()
    assert time.monotonic() - began < 1


def test_log_is_late_once_nobody_ships_it_though_the_clock_was_set_back(tmp_path: Path) -> None:
    note_backup(tmp_path, datetime.now(UTC), "s")
    tell(tmp_path, seconds_ago(59), clock_was_set=-HOUR)
    require_shipped(tmp_path, 60)
    tell(tmp_path, seconds_ago(61), clock_was_set=-HOUR)
    with pytest.raises(WalLate):
        require_shipped(tmp_path, 60)


def test_an_idle_log_is_marked_as_often_after_the_clock_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unused: Any = None
    stream, now = _OpenStream("s", tmp_path, unused, unused), datetime.now(UTC)
    stream.mark(Position(now, 100, 100, 1), lambda: (0, ""))
    stream.mark(Position(now - HOUR, 100, 100, 1), lambda: (0, ""))
    assert datetime.fromisoformat(json.loads((tmp_path / "shipped.json").read_bytes())["at"]) == now, "it is early yet"
    monkeypatch.setattr(shipping, "IDLE_MARK_SECONDS", 0.0)
    shipped = stream.mark(Position(now - HOUR, 100, 100, 1), lambda: (0, ""))
    assert shipped is not None
    assert shipped.at == now - HOUR


def test_what_the_release_before_wrote_is_read(tmp_path: Path) -> None:
    tell(tmp_path, SteadyInstant.now(), lsn=7)
    said = json.loads((tmp_path / "wal-standing.json").read_bytes())
    assert said.pop("looked").keys() == {"boot", "seconds"}
    (tmp_path / "wal-standing.json").write_text(json.dumps(said))
    known = WalStanding.read(tmp_path)
    assert known is not None
    assert (known.lsn, known.looked) == (7, None)
    assert "looked" not in known.to_json(), "nobody is shown it"
