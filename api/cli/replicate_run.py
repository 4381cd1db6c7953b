"""One run of `liuhen replicate`: until nothing is due, or Ctrl-C; what was copied stays copied."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from api.archive import Archive
from api.cli.printed import print_json, print_line
from api.replicating import open_replicator, require_replica
from ingest.objects.throttle import Throttle
from ingest.replica.due import try_at_once
from ingest.replica.mark import use_replica
from ingest.replica.replicator import COPIED_NOW, HEALED, LOOKED_AT, LOST, NOT_WHOLE, REMOVED, Done
from ingest.replica.standing import ReplicaStanding, read_replica_standing

BURST_SECONDS: Final = 0.25
PROGRESS_SECONDS: Final = 10.0
_SAID: Final = {
    LOST: "副本损坏且未能修复 / its copy is lost, and was not made anew",
    NOT_WHOLE: "对象本身不完好，未复制 / the object itself is not whole, and was not copied",
    HEALED: "副本已修复 / its copy was made anew",
}


class ReplicateRun:
    def __init__(self, archive: Archive, bytes_per_second: int | None, as_json: bool) -> None:
        self._archive, self._as_json = archive, as_json
        self._replica = require_replica(archive)
        self._throttle = Throttle(bytes_per_second, BURST_SECONDS)
        self._done: Counter[str] = Counter()
        self._read_bytes = 0
        self._said_at = time.monotonic()

    def run(self, anew: bool) -> bool:
        """Whether everything is in the replica afterwards, and whole. Raises ReplicaError, StorageError."""
        if anew:
            use_replica(self._archive.database, self._archive.store, self._replica, anew=True)
        with self._archive.database.transaction() as session:
            try_at_once(session)
            begun = read_replica_standing(session, self._replica.place)
        self._begin(begun)
        replicator, finished = open_replicator(self._archive, self._replica), False
        try:
            while not finished:
                time.sleep(self._throttle.seconds_to_wait())
                step = replicator.go_on(max(1, self._throttle.allowed()))
                self._throttle.spend(step.read_bytes)
                self._note(step.read_bytes, step.done)
                finished = step.idle
        finally:
            replicator.leave_off()
            with self._archive.database.reading() as session:
                standing = read_replica_standing(session, self._replica.place)
            self._end(standing, finished)
        return not standing.waiting and not standing.lost

    def _note(self, read_bytes: int, done: Sequence[Done]) -> None:
        self._read_bytes += read_bytes
        self._done.update(each.what for each in done)
        for each in done:
            if each.what in _SAID:
                self._tell(each)
        if time.monotonic() - self._said_at >= PROGRESS_SECONDS:
            self._said_at = time.monotonic()
            copied = self._done[COPIED_NOW]
            self._say(
                f"已复制 {copied} 个 / {copied} copied", event="progress", read_bytes=self._read_bytes, **self._counts()
            )

    def _tell(self, each: Done) -> None:
        owed = each.owed
        facts = {"kind": owed.kind, "id": str(owed.id), "object": owed.object_name, "found": each.found}
        self._say(f"{_SAID[each.what]}: {owed.object_name} ({each.found})", event=each.what, **facts)

    def _begin(self, standing: ReplicaStanding) -> None:
        objects, size = standing.waiting, standing.waiting_bytes
        place = self._replica.place
        line = f"{place}：待复制 {objects} 个对象，{size} 字节 / {objects} objects to be copied, {size} bytes"
        self._say(line, event="begun", place=place, objects=objects, size_bytes=size)

    def _end(self, standing: ReplicaStanding, finished: bool) -> None:
        copied, waiting, lost = self._done[COPIED_NOW], standing.waiting, standing.lost
        line = f"已复制 {copied}，尚缺 {waiting}，损坏 {lost} / {copied} copied, {waiting} still missing, {lost} lost"
        facts = {"finished": finished, "waiting": waiting, "lost_of_all": lost, "read_bytes": self._read_bytes}
        self._say(line, event="ended", **facts, **self._counts())

    def _counts(self) -> dict[str, int]:
        return {what: self._done[what] for what in (COPIED_NOW, LOOKED_AT, HEALED, LOST, NOT_WHOLE, REMOVED)}

    def _say(self, line: str, **facts: object) -> None:
        if self._as_json:
            print_json(facts)
        else:
            print_line(line)
