"""An upload's row as it is read: which columns, in which order, and the record that they make. Nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ingest.uploads.contract import UploadRecord
from ingest.uploads.metadata import UploadClaims
from storage.catalog.uploads import Upload

COLUMNS = (
    "id",
    "station_id",
    "unit_id",
    "declared_length",
    "claims",
    "state",
    "expires_at",
    "length_deferred",
    "expires_at_latest",
    "node",
)


def columns_of(table: str) -> str:
    """Of what a statement calls `table`, as `record_of` reads them."""
    return ", ".join(f"{table}.{column}" for column in COLUMNS)


def record_of(values: Sequence[Any]) -> UploadRecord:
    upload_id, station_id, unit_id, length, claims, state, expires_at, is_deferred, latest, node = values
    return UploadRecord(
        upload_id=upload_id,
        station_id=station_id,
        unit_id=unit_id,
        declared_length=length,
        claims=UploadClaims.from_json(claims),
        state=state,
        expires_at=expires_at,
        length_is_deferred=is_deferred,
        expires_at_latest=latest,
        node=node,
    )


def record_of_row(row: Upload) -> UploadRecord:
    return record_of([getattr(row, column) for column in COLUMNS])
