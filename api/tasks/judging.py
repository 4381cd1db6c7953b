"""Judging what is due, for housekeeping and for the operator at the machine: nothing here needs Celery."""

from __future__ import annotations

from api.tasks.one_by_one import Step, go_through
from casework.elements.judgements import find_due, find_due_still, judge_noted
from storage.database import Database
from storage.set_aside import JUDGING

BATCH = 100


def judge_all_noted(database: Database) -> None:
    """Until nothing is due; where another process is at it, that does the rest."""
    go_through(database, Step(JUDGING, find_due, find_due_still, judge_noted), BATCH)
