"""`liuhen sequencer`: the one process that gives ledger entries their places. Started by `liuhen up`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Final

import psycopg
import structlog
from sqlalchemy.exc import InterfaceError, OperationalError

from api.engines.readiness import announce_ready
from api.errors import UsageRefused
from api.keyring import open_keyring
from api.logs import write_log_lines
from api.object_store import open_store
from api.settings import Settings, load_settings
from api.wal.gate import shipped_first
from storage.database import Database
from storage.errors import StoreUnavailable
from storage.ledger.files import LedgerFiles
from storage.ledger.sequencer import Sequencer

log = structlog.get_logger()

AWAY: Final = (
    StoreUnavailable,
    OperationalError,
    InterfaceError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
"""What time heals: store or database do not answer, or answer no longer."""
AWAY_SECONDS = 1.0
# How long to wait when nothing was new: an idle archive rests, and an entry that comes then waits no longer.
IDLE_SECONDS = 0.05
# A batch of one entry costs as much as one of a hundred: files, syncs, a signature. So the pauses between batches are
# some times as long as the batches, within bounds: entries gather meanwhile, and uploads have the disk for themselves.
_PAUSE_SHARE = 4.0
_SHORTEST_SECONDS = 0.01
_LONGEST_SECONDS = 0.15
# Of a crowd of entries none is the one that somebody waits for: then half a second of them goes together.
_CROWD = 25
_LONGEST_IN_CROWD_SECONDS = 0.5


@contextmanager
def open_sequencer(settings: Settings) -> Iterator[Sequencer]:
    """Take the lock and bring the store up to date. Raises what `Sequencer` raises; UsageRefused without a database."""
    if settings.database_sequencer_url is None:
        raise UsageRefused(
            "没有定序角色的数据库地址；请用 liuhen up 启动，或设置 LIUHEN_DATABASE_SEQUENCER_URL",
            "the sequencer's database is not named: start with `liuhen up`, or set LIUHEN_DATABASE_SEQUENCER_URL",
        )
    keyring = open_keyring(settings)
    database = Database(settings.database_sequencer_url, pool_size=2, application_name="liuhen-sequencer")
    try:
        files = LedgerFiles(open_store(settings))
        key, first = keyring.signing_key("ledger"), _before_signing(settings, database)
        with Sequencer(database, files, key, keyring.origin, first) as running:
            yield running
    finally:
        database.close()


def _before_signing(settings: Settings, database: Database) -> Callable[[], None]:
    return (lambda: None) if settings.wal_folder is None else shipped_first(settings.data, database)


def sequencer() -> None:
    """给账本条目定序，直到收到 TERM / Give ledger entries their places until TERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    write_log_lines()
    keep_sequencing(partial(open_sequencer, settings), lambda: announce_ready(settings), stop)


def keep_sequencing(
    opened: Callable[[], AbstractContextManager[Sequencer]], on_ready: Callable[[], None], stop: threading.Event
) -> None:
    """Until `stop`. While store or database are away it waits for them, and begins anew: no receipt is issued without
    it, and whoever would have to start it again each time may fail to. Raises what time does not heal."""
    while not stop.is_set():
        try:
            with opened() as running:
                on_ready()
                while not stop.is_set():
                    stop.wait(sequence_once(running))
        except AWAY as error:
            log.warning("sequencer.waits", reason=type(error).__name__)
            stop.wait(AWAY_SECONDS)


def sequence_once(running: Sequencer) -> float:
    """Give places to what is pending; how many seconds to wait before the next time."""
    started = time.monotonic()
    assigned = running.sequence_pending()
    if not assigned:
        return IDLE_SECONDS
    if assigned >= _CROWD:
        return _LONGEST_IN_CROWD_SECONDS
    return min(max((time.monotonic() - started) * _PAUSE_SHARE, _SHORTEST_SECONDS), _LONGEST_SECONDS)
