"""The worker that copies: at the rate that is set, behind sealing, and once it says that it waits."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, update
from structlog.testing import capture_logs

from api.pace import AWAY_SECONDS, BESIDE_SEALING
from api.replicating import require_replica, steady_replica
from api.steadily import Steadily
from ingest.objects.look import PIECE_BYTES
from ingest.replica.replicator import Done
from storage.catalog.replicas import ObjectReplica
from storage.errors import StoreUnavailable
from storage.objects.folder import FolderStore

CONTENT = b"no picture, but evidence\n" * 1000


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def wake(replica: Steadily[Done], clock: Clock, times: int, seconds: float = 1.0) -> list[Done]:
    done: list[Done] = []
    for _ in range(times):
        clock.now += seconds
        done += replica.go_on()
    return done


def steady(sealing: Any, rate: int, clock: Clock, folder: Path) -> Steadily[Done]:
    changed = {"replica_rate": rate, "replica_folder": folder}
    object.__setattr__(sealing.archive, "settings", sealing.archive.settings.model_copy(update=changed))
    return steady_replica(sealing.archive, require_replica(sealing.archive), clock)


def test_a_large_object_is_copied_over_many_wake_ups_at_the_rate_that_is_set(
    sealing: Any, clock: Clock, tmp_path: Path
) -> None:
    recording = sealing.seal(os.urandom(9 << 20))
    replica = steady(sealing, PIECE_BYTES, clock, tmp_path / "second")
    assert wake(replica, clock, 9) == []
    assert [each.owed.id for each in wake(replica, clock, 1)] == [recording.id]
    assert wake(replica, clock, 100) == []
    later = sealing.seal(CONTENT)
    assert [each.owed.id for each in wake(replica, clock, 10)] == [later.id], "and what is sealed next, soon"


def test_sealing_comes_first(sealing: Any, clock: Clock, tmp_path: Path) -> None:
    sealing.seal(os.urandom(3 << 20))
    sealing.stage(CONTENT, "b.mp4")
    replica = steady(sealing, PIECE_BYTES, clock, tmp_path / "second")
    assert wake(replica, clock, 3 * int(1 / BESIDE_SEALING)) == []
    assert len(wake(replica, clock, 2 * int(1 / BESIDE_SEALING))) == 1


def test_a_replica_that_is_away_is_waited_for_and_said_once(
    sealing: Any, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sealing.seal(CONTENT)
    replica = steady(sealing, 64 << 20, clock, tmp_path / "second")
    whole = FolderStore.create

    def away(self: FolderStore, name: str, size_bytes: int | None = None) -> Any:
        if self.root.name == "second":
            raise StoreUnavailable(name, "no answer")
        return whole(self, name, size_bytes)

    with monkeypatch.context() as patch, capture_logs() as said:
        patch.setattr(FolderStore, "create", away)
        assert wake(replica, clock, 100) == []
    assert [(each["event"], each["error"]) for each in said] == [("replica.waits", "StoreUnavailable")]
    with sealing.archive.database.transaction() as session:
        session.execute(update(ObjectReplica).values(due_at=func.now()))  # its pause is a minute
    with capture_logs() as said:
        assert [each.owed.id for each in wake(replica, clock, int(AWAY_SECONDS) + 5)] == [recording.id]
    assert [each["event"] for each in said] == ["replica.goes_on"]


def test_what_a_crash_left_there_is_swept(
    sealing: Any, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    replica = steady(sealing, 64 << 20, clock, tmp_path / "second")
    wake(replica, clock, 1)
    monkeypatch.setattr(FolderStore, "sweep_abandoned", lambda store: swept.append(store.root) or 0)
    wake(replica, clock, 3, 3600.0)
    wake(replica, clock, 60)
    assert swept == [tmp_path / "second"] * 3, "once an hour"
