"""Who waits for whom around the linker: linkers side by side, new facts and linkers one after the other.

Always in this order, and each kind in its own order, so that nobody ever waits in a ring: rows, devices, units.

The linker makes links after it has its units, and a link refers to its case's row. That waits for nobody, because who
has a case's row has it by FOR NO KEY UPDATE (`row_in_unit` in retention/subjects.py) and lets keys refer to it. By a
plain FOR UPDATE he would wait in `hold_linking` for the linker, and the linker for his row: a ring.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework.recordings.answered import Seen


def join_devices(session: Session, recordings: Iterable[Seen]) -> None:
    """One linker at a time looks at recordings of a device: each must see what the others found of its clock.

    All of a batch at once, before anything else is waited for, so that two batches never block each other.
    """
    for name in sorted({f"linking {row.unit_id} {row.device}" for row in recordings if row.device}):
        session.execute(select(func.pg_advisory_xact_lock(_key(name))))


def join_linking(session: Session, units: Iterable[uuid.UUID]) -> None:
    """Wait for new facts of these units that are being entered, and make later ones wait, until the transaction ends.

    Otherwise the linker could miss an assignment, and the assignment the linker's outcome, both not yet committed.
    Linkers do not wait for each other.
    """
    for unit_id in sorted(set(units)):
        session.execute(select(func.pg_advisory_xact_lock_shared(_key(f"linking {unit_id}"))))


def hold_linking(session: Session, units: Iterable[uuid.UUID]) -> None:
    """Wait for the linkers of these units, and make later ones wait, until the transaction ends.

    Whoever holds it must wait for no row any more.
    """
    for unit_id in sorted(set(units)):
        session.execute(select(func.pg_advisory_xact_lock(_key(f"linking {unit_id}"))))


def _key(name: str) -> ColumnElement[int]:
    return func.hashtextextended(name, 0)
