"""One reconciliation, from its first listing to the last finding."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.archive import Archive
from api.reconciling import entries, objects, staged
from api.reconciling.keys import suspect_keys, tell_keys
from api.reconciling.ledger_files import LedgerFound, latest_size
from api.reconciling.scene import Progress, Scene, Tell
from api.reconciling.suspicions import Suspicions
from ingest.cold.place import COLD_PLACE, ColdPlace
from ingest.replica.mark import REPLICA, Replica
from retention.key_disposal import await_earlier
from storage.catalog.replicas import WAITING, ObjectReplica, ReplicaStore
from storage.errors import ObjectStoreError
from storage.ledger.errors import StoreLacksLedger

PAUSE_SECONDS: Final = 5.0
"""Between a suspicion and the second look at it."""
PATIENCE_SECONDS: Final = 60.0
"""So long transactions that were under way at the first look are waited for."""


@dataclass(frozen=True)
class Reconciled:
    """`counts`: of findings by code; `looked_at`: by part. `mismatches`: of those that are no mere notice."""

    counts: Mapping[str, int]
    looked_at: Mapping[str, int]
    mismatches: int
    seconds: float


def reconcile(
    archive: Archive,
    tell: Tell,
    progress: Progress = lambda part, done: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Reconciled:
    """Compare, look again, and tell what is found, each as it becomes certain. Changes nothing.

    Raises StoreLacksLedger for a store that is not the archive's, OutOfOrder, and what store and database raise.
    """
    begun = time.monotonic()
    scene = Scene(archive, None, tell, progress)
    scene.replica = _replica(scene)
    scene.cold = _cold_place(scene)
    with ExitStack() as files:
        names, files_of_ledger, made, in_staging = (files.enter_context(Suspicions()) for _ in range(4))
        with archive.database.reading(snapshot=True) as session:
            size = latest_size(session)
            _require_store(archive, size)
            ledger = LedgerFound(size, files_of_ledger)
            objects.survey_objects(scene, session, names, ledger)
            entries.survey_entries(scene, session, made)
            staged.survey_staged(scene, session, in_staging)
            _count_waiting(scene, session)
        keys = suspect_keys(scene)
        suspected = sum(each.count for each in (names, made, in_staging, files_of_ledger)) + len(keys)
        if suspected:
            progress("again", suspected)
            sleep(PAUSE_SECONDS)
            # What was stored or recorded inside a transaction is decided when that has ended.
            scene.nothing_earlier_runs = await_earlier(archive.database, PATIENCE_SECONDS)
        ledger.settle(scene)
        objects.look_again(scene, names, ledger)
        entries.look_again(scene, made)
        staged.look_again(scene, in_staging)
        tell_keys(scene, keys)
    return Reconciled(dict(scene.counts), dict(scene.looked_at), scene.mismatches, time.monotonic() - begun)


def _require_store(archive: Archive, size: int) -> None:
    """A folder without its disk would make a mismatch of everything there is. Raises StoreLacksLedger.

    One that holds anything is looked at: it may be half of a bucket that was moved.
    """
    if size and next(iter(archive.store.survey()), None) is None:
        raise StoreLacksLedger(size)


def _replica(scene: Scene) -> Replica | None:
    """The second store, where it is the one in use and is there; what else it is, is told."""
    replica = scene.archive.replica
    if replica is None:
        return None
    with scene.archive.database.reading() as session:
        known = session.get(ReplicaStore, replica.place)
    if known is None or not known.in_use:
        scene.found("replica_not_begun", replica.place)
        return None
    try:
        if REPLICA.read_mark(replica.store) == known.mark:
            return replica
        why = "its mark is not there"
    except ObjectStoreError as error:
        why = str(error)
    scene.found("replica_absent", replica.place, why=why)
    return None


def _cold_place(scene: Scene) -> ColdPlace | None:
    """Where originals lie that were moved, where it is there; what else it is, is told. None where nothing was."""
    cold = scene.archive.cold
    with scene.archive.database.reading() as session:
        known = COLD_PLACE.find_in_use(session)
    if known is None:
        return None
    try:
        if cold is not None and COLD_PLACE.read_mark(cold.store) == known.mark:
            return cold
        why = "no setting names it" if cold is None else "its mark is not there"
    except ObjectStoreError as error:
        why = str(error)
    scene.found("cold_absent", known.place if cold is None else cold.place, why=why)
    return None


def _count_waiting(scene: Scene, session: Session) -> None:
    """Once for all of them: nothing is wrong with any."""
    if scene.replica is None:
        return
    waiting = session.scalar(select(func.count()).where(ObjectReplica.state == WAITING)) or 0
    if waiting:
        scene.found("copy_waiting", scene.replica.place, objects=waiting)
