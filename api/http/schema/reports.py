"""Yearly figures, and the checkpoint they are of; how well a month was recorded."""

from __future__ import annotations

import uuid
from datetime import datetime

from pydantic import Field

from api.http.schema.base import Answer, PersonRef


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


class IndicatorsItem(Answer):
    """Recordings are of the month they were made in; `late`: received more than a day after they ended; `undated`: made
    nobody knows when; `lacking`: somebody still has to say something about it; `viewed`: opened under a grant.

    An act is of the month it began in. `wanted_seconds` is what its rule wants recorded; `coverage`, `late_share` and
    `viewed_share` are from 0 to 1, null where there is nothing to be a part of.
    """

    recordings: int
    seconds: float
    size_bytes: int
    late: int
    undated: int
    damaged: int
    without_case: int
    lacking: int
    viewed: int
    acts: int
    acts_complete: int
    acts_explained: int
    acts_doubtful: int
    acts_incomplete: int
    wanted_seconds: float
    missing_seconds: float
    explained_seconds: float
    doubtful_seconds: float
    coverage: float | None = Field(examples=[0.984])
    late_share: float | None = Field(examples=[0.021])
    viewed_share: float | None = Field(examples=[0.3])


class UnitIndicatorsItem(Answer):
    """Of one unit alone, without those below it; `depth` below the unit that the month is of."""

    unit_id: uuid.UUID
    name: str = Field(examples=["江城大队"])
    depth: int
    found: IndicatorsItem


class PersonIndicatorsItem(Answer):
    """What one person recorded, and the acts he took part in; `person` null: what nobody can say whose it is."""

    person: PersonRef | None
    badge_number: str | None
    found: IndicatorsItem


class RecordedMonthItem(Answer):
    """`people` are those of `unit_id`, one of `units`."""

    month: str = Field(examples=["2026-03"])
    total: IndicatorsItem
    units: list[UnitIndicatorsItem]
    unit_id: uuid.UUID
    people: list[PersonIndicatorsItem]
