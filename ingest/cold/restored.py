"""What is in the store although its row says that it is cold: a restore put it there."""

from __future__ import annotations

from sqlalchemy import func, update

from retention.cold_rule import ColdRule
from storage.catalog.cold import LIES_THERE, MOVING, ColdObject
from storage.database import Database
from storage.objects.protocol import ObjectStore


def note_in_store(database: Database, store: ObjectStore, name: str, rule: ColdRule) -> bool:
    """Say so where it is; whether it was news. Of its copy in the cold place nothing is taken for granted any more: it
    is moved again when it is quiet, and what lies there then is read."""
    if store.stat(name) is None:
        return False
    moved = update(ColdObject).where(ColdObject.object_name == name, ColdObject.state.in_(LIES_THERE))
    values = {"state": MOVING, "wanted_since": None, "given_up_at": None, "due_at": func.now() + rule.quiet}
    with database.transaction() as session:
        return bool(session.scalars(moved.values(**values).returning(ColdObject.id)).all())
