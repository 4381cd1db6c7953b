"""`liuhen sequencer`: the one process that gives ledger entries their places. Started by `liuhen up`."""

from __future__ import annotations

import signal
import threading
import time

from api.errors import UsageRefused
from api.keyring import open_keyring
from api.object_store import open_store
from api.settings import Settings, load_settings
from storage.database import Database
from storage.ledger.files import LedgerFiles
from storage.ledger.sequencer import Sequencer

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


def open_sequencer(settings: Settings) -> Sequencer:
    """Take the lock and bring the store up to date. Raises what `Sequencer` raises; UsageRefused without a database."""
    if settings.database_sequencer_url is None:
        raise UsageRefused(
            "没有定序角色的数据库地址；请用 liuhen up 启动，或设置 LIUHEN_DATABASE_SEQUENCER_URL",
            "the sequencer's database is not named: start with `liuhen up`, or set LIUHEN_DATABASE_SEQUENCER_URL",
        )
    keyring = open_keyring(settings)
    database = Database(settings.database_sequencer_url, pool_size=2, application_name="liuhen-sequencer")
    files = LedgerFiles(open_store(settings))
    return Sequencer(database, files, keyring.signing_key("ledger"), keyring.origin)


def sequencer() -> None:
    """给账本条目定序，直到收到 TERM / Give ledger entries their places until TERM."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    with open_sequencer(settings) as running:
        if settings.ready_file is not None:
            settings.ready_file.touch()
        while not stop.is_set():
            stop.wait(sequence_once(running))


def sequence_once(running: Sequencer) -> float:
    """Give places to what is pending; how many seconds to wait before the next time."""
    started = time.monotonic()
    assigned = running.sequence_pending()
    if not assigned:
        return IDLE_SECONDS
    if assigned >= _CROWD:
        return _LONGEST_IN_CROWD_SECONDS
    return min(max((time.monotonic() - started) * _PAUSE_SHARE, _SHORTEST_SECONDS), _LONGEST_SECONDS)
