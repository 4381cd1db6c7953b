"""What ids stand for today. The ledger never says: names are looked up beside it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.http.schema.base import CaseRef
from casework.organisation import names_of
from storage.catalog.casework import Case
from storage.catalog.devices import Device
from storage.catalog.organisation import Unit
from storage.catalog.recordings import Recording
from storage.catalog.stations import Station


def people_named(session: Session, *ids: uuid.UUID | None) -> dict[uuid.UUID, str]:
    """Names of those of the ids that are people's."""
    return names_of(session, [person_id for person_id in ids if person_id is not None])


def case_refs(session: Session, case_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, CaseRef]:
    rows = session.execute(select(Case.id, Case.number, Case.title).where(Case.id.in_(set(case_ids))))
    return {row.id: CaseRef(id=row.id, number=row.number, title=row.title) for row in rows}


def names_in(session: Session, documents: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Names for every id anywhere in these documents: people, units, stations, devices, cases, recordings."""
    ids = {found for document in documents for found in _ids_in(document)}
    if not ids:
        return {}
    names: dict[str, str] = {}
    for column, name in (
        (Unit.id, Unit.name),
        (Station.id, Station.name),
        (Device.id, Device.code),
        (Case.id, Case.number),
        (Recording.id, Recording.original_name),
    ):
        names |= {str(row[0]): row[1] for row in session.execute(select(column, name).where(column.in_(ids)))}
    return names | {str(person_id): name for person_id, name in names_of(session, ids).items()}


def _ids_in(value: Any) -> Iterable[uuid.UUID]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _ids_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _ids_in(item)
    elif isinstance(value, str) and len(value) == 36:
        try:
            yield uuid.UUID(value)
        except ValueError:
            return
