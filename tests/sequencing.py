"""The sequencer at work in a thread of this process, as its own process does it."""

from __future__ import annotations

import threading

from api.archive import Archive
from storage.database import Database
from storage.ledger.sequencer import Sequencer

# Each look costs a test's processor some milliseconds: entries gather, as they do in a real archive.
PAUSE_SECONDS = 0.05


class Sequencing:
    """Looks now and then, and at once when somebody says that he waits for it. `url`: the sequencer's own role."""

    def __init__(self, url: str, archive: Archive) -> None:
        self._database = Database(url, pool_size=2)
        key, origin = archive.keyring.signing_key("ledger"), archive.keyring.origin
        self._sequencer = Sequencer(self._database, archive.ledger_files, key, origin)
        self._due, self._stopped, self._closed = threading.Event(), False, False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        self._due.set()

    def stop(self) -> None:
        """No entry gets a place any more; the sequencer's lock stays taken."""
        self._stopped = True
        self._due.set()
        self._thread.join()

    def publish_all(self) -> None:
        """All that is pending, now; for after `stop`."""
        while self._sequencer.sequence_pending():
            pass

    def close(self) -> None:
        """Another sequencer may be opened now. More than once changes nothing."""
        if self._closed:
            return
        self._closed = True
        self.stop()
        self._sequencer.close()
        self._database.close()

    def _run(self) -> None:
        while not self._stopped:
            self._sequencer.sequence_pending()
            self._due.wait(PAUSE_SECONDS)
            self._due.clear()
