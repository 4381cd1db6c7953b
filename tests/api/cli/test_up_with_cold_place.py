"""`liuhen up` beside a cold place, as a person runs it: a worker of its own moves what is old, whatever is killed, and
brings back what is asked for; and without a name for the place it does not start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from retention.recalls import ask_for
from tests.api.cli.test_up import archive, kill_child
from tests.api.cli.test_up_with_replica import await_that, refusal
from tests.api.freezing import settle_all

pytestmark = pytest.mark.journey
CONTENT = b"no picture, but evidence\n" * 100_000


@pytest.fixture
def named(sealing: Any, addresses: DatabaseAddresses) -> dict[str, str]:
    """The settings of an archive on the database of `sealing`."""
    return {
        "LIUHEN_DATABASE_URL": addresses.app,
        "LIUHEN_DATABASE_OWNER_URL": addresses.owner,
        "LIUHEN_DATABASE_WORKER_URL": addresses.worker,
        "LIUHEN_DATABASE_SEQUENCER_URL": addresses.sequencer,
    }


def test_what_is_old_is_moved_while_it_runs_and_comes_back_when_somebody_asks(
    sealing: Any, addresses: DatabaseAddresses, named: dict[str, str], tmp_path: Path
) -> None:
    data, cold = sealing.settings.data, tmp_path / "cold"
    recordings = [sealing.seal(CONTENT + bytes([number])) for number in range(3)]
    sealing.settle()
    sealing.end_sequencing()
    settle_all(data, addresses.owner)
    _make_old(addresses)
    with archive(data, **named, LIUHEN_COLD_FOLDER=str(cold)) as running:
        kill_child("worker-cold", running)
        for each in recordings:
            stored = data / "objects" / each.object_name
            await_that(lambda stored=stored: not stored.exists())
            assert (cold / each.object_name).stat().st_size == each.ciphertext_size_bytes
        wanted = recordings[1]
        sealing.link(wanted)
        grant = sealing.grant("view")
        with sealing.archive.database.transaction() as session:
            assert ask_for(session, sealing.people["supervisor"], grant.id, wanted.id) is not None
        await_that((data / "objects" / wanted.object_name).exists)
        assert (data / "objects" / wanted.object_name).read_bytes() == (cold / wanted.object_name).read_bytes()
    assert "originals lie in the cold place" in refusal(data, **named)


def _make_old(addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.owner) as connection:
        connection.execute("ALTER TABLE recording DISABLE TRIGGER USER")
        connection.execute(
            "UPDATE recording SET sealed_at = sealed_at - interval '400 days', retain_until = '2040-01-31'"
        )
        connection.execute("ALTER TABLE recording ENABLE TRIGGER USER")
