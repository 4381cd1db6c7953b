"""The catalog: every table, by domain. Importing this package makes all of them known to SQLAlchemy."""

from __future__ import annotations

from storage.catalog import (
    access,
    archiving,
    casework,
    deadlines,
    decisions,
    devices,
    documents,
    elements,
    handling,
    ledger,
    organisation,
    procedure,
    publication,
    recordings,
    retention,
    review,
    rooms,
    rules,
    signin,
    stations,
    uploads,
)
from storage.catalog.base import Base

__all__ = [
    "Base",
    "access",
    "archiving",
    "casework",
    "deadlines",
    "decisions",
    "devices",
    "documents",
    "elements",
    "handling",
    "ledger",
    "organisation",
    "procedure",
    "publication",
    "recordings",
    "retention",
    "review",
    "rooms",
    "rules",
    "signin",
    "stations",
    "uploads",
]
