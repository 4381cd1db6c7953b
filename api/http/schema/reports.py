"""Yearly figures, and the checkpoint they are of."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer


class UnitFiguresItem(Answer):
    """Of one unit alone, without those below it; `depth` below the unit that the report is of."""

    unit_id: uuid.UUID
    name: str = Field(examples=["江城大队"])
    depth: int
    figures: dict[str, int] = Field(examples=[{"penalties_decided": 12, "penalty_amount_fen": 1_250_000}])


class AnnualReportItem(Answer):
    """`checkpoint_size` and `checkpoint_root` (hex): whoever has those entries comes to the same figures. Amounts, with
    names that end in `_fen`, are in fen (0.01 yuan); all else is counted."""

    year: int = Field(examples=[2026])
    checkpoint_size: int
    checkpoint_root: str
    signed_at: datetime
    total: dict[str, int]
    units: list[UnitFiguresItem]
