"""Conditions that narrow: without the line, a decision that needs no review would need one."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg.types.range import Range

from tests.casework.review.scene import Scene

TIGHT: dict[str, dict[str, Any]] = {
    "scope_kinds": {"kind": "coercion", "measures": ("seizure",), "amount_fen": None, "party": "另一家公司"},
    "scope_measures": {},
    "scope_levels": {"kind": "coercion", "measures": ("goods_disposed",), "amount_fen": None, "level": "bureau"},
    "scope_fields": {"measures": ("demolition_ordered",), "amount_fen": None, "field": "gas"},
    "scope_party": {"amount_fen": 600_000},
    "scope_amount_from_fen": {},
    "scope_affected_from": {"affected": 9},
    "scope_facts": {},
    "scope_units": {},
    "scope_days": {},
    "amount_of_party": {},
}


def rules_elsewhere(scene: Scene) -> None:
    """One of another unit, and one of another time."""
    other = scene.do(lambda b: b.archive.unit())
    scene.insert("review_scope_rule", scene.rule_row({"amount_from_fen": 1}, unit_id=other.id))
    later = Range(date(2099, 1, 1), None, "[)")
    scene.insert("review_scope_rule", scene.rule_row({"amount_from_fen": 1}, valid=later))
