"""Which figures a yearly report has, in their order. Money is in fen (0.01 yuan), all else is counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from storage.catalog.casework import PROCEDURES
from storage.catalog.decisions import PARTY_KINDS

PENALTY_MEASURES: Final = (
    "warning",
    "criticism",
    "fine",
    "confiscation",
    "licence_suspended",
    "licence_revoked",
    "business_restricted",
    "business_suspended",
    "closure",
    "demolition_ordered",
    "no_penalty",
)
COERCION_MEASURES: Final = ("seizure", "demolition", "additional_fine", "substitute_performance", "goods_disposed")

GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "cases": (
        *(f"opened_{procedure}" for of in PROCEDURES.values() for procedure in of),
        "cases_closed",
        "cases_archived",
    ),
    "penalties": (
        "penalties_decided",
        *(f"penalty_{measure}" for measure in PENALTY_MEASURES),
        *(f"penalties_{kind}" for kind in PARTY_KINDS),
        "penalty_amount_fen",
        "decisions_revoked",
        "revoked_amount_fen",
    ),
    "coercion": ("coercions_decided", *(f"coercion_{measure}" for measure in COERCION_MEASURES)),
    "reviews": (
        "in_scope_decided",
        "in_scope_passed",
        "submissions",
        "opinions_agreed",
        "opinions_problems",
        "disagreements",
        "committee_agreed",
        "committee_problems",
        "suspicions_of_crime",
        "handed_to_judiciary",
        "found_no_crime",
    ),
    "publications": ("published", "corrected", "withheld", "taken_down", "checks_revoked"),
    "recordings": (
        "recordings_sealed",
        "recordings_linked",
        "acts_recorded",
        "gaps_explained",
        "gaps_confirmed",
        "viewings",
        "packages",
        "redacted_copies",
    ),
}
FIGURES: Final = tuple(code for codes in GROUPS.values() for code in codes)
COUNTING: Final = 1
"""By which counting entries add up to figures: the next number once the same entries add up to others. A figure that is
new changes nothing in those that were there; none is ever taken away, for rules that were loaded name it."""
MONEY: Final = frozenset(code for code in FIGURES if code.endswith("_fen"))


def codes_of(words: Collection[str]) -> tuple[str, ...]:
    """The figures that groups and single figures name today, in the order that all figures have."""
    return tuple(code for group, codes in GROUPS.items() for code in codes if group in words or code in words)
