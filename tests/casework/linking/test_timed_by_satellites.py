"""Whether satellites timed a recording is asked in Python of one, and in SQL of many: one table of cases, both answer
alike."""

from __future__ import annotations

import math
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.linking.surroundings import _TIMED_BY_SATELLITES
from casework.recordings.clocks import timed_by_satellites
from ingest.metadata.claims import Claim
from storage.catalog.recordings import Recording

FAR = {"time": "2026-03-09T08:00:00.000Z"}


def gps(source: str) -> Claim:
    return Claim("gps_time", FAR, source, "stated")


def said(source: str) -> Claim:
    return Claim("started_at", FAR, source, "stated")


CASES = [
    ("track:gpmf", 5.0, (gps("track:gpmf"),), True),
    ("track:gpmf", 0.0, (said("name:gopro"), gps("exif:gps"), gps("track:gpmf")), True),
    ("track:gpmf", None, (gps("track:gpmf"),), True),
    ("track:gpmf", 600.0, (gps("track:gpmf"),), True),
    ("track:gpmf", 600.001, (gps("track:gpmf"),), False),
    ("track:gpmf", math.inf, (gps("track:gpmf"),), False),
    ("track:gpmf", math.nan, (gps("track:gpmf"),), False),
    ("track:gpmf", 5.0, (said("track:gpmf"),), False),
    ("track:gpmf", 5.0, (), False),
    ("track:gp", 5.0, (gps("track:gpmf"),), False),
    ("TRACK:GPMF", 5.0, (gps("track:gpmf"),), False),
    ("station", 5.0, (gps("track:gpmf"), said("station")), False),
    ("", 5.0, (gps("track:gpmf"),), False),
    (None, None, (gps("track:gpmf"),), False),
    (None, 5.0, (), False),
    ("轨迹 \"'%", 5.0, (gps("轨迹 \"'%"),), True),
]


@pytest.mark.parametrize(("source", "uncertainty", "claims", "expected"), CASES)
def test_both_answer_alike(
    session: Session,
    archive: Any,
    unit: Any,
    source: str | None,
    uncertainty: float | None,
    claims: tuple[Claim, ...],
    expected: bool,
) -> None:
    row = archive.recording(unit, started_at_source=source, uncertainty_seconds=uncertainty, claims=claims)
    session.expire(row)
    in_python = timed_by_satellites(row.started_at_source, row.started_at_uncertainty_seconds, row.claims)
    in_sql = session.scalar(select(_TIMED_BY_SATELLITES).where(Recording.id == row.id))
    assert (in_python, bool(in_sql)) == (expected, expected)
