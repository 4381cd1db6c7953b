"""Whoever asks whether a person is of a row's own unit asks who carries that unit on, in every function there is."""

from __future__ import annotations

import re

from storage.migrations.shipped_functions import shipped_bodies

OWN_UNIT = re.compile(r"\bp\.unit_id = (?:NEW\.unit_id|of_unit)\b")
BEGINNING = {"require_own_duty"}
"""What begins is of a unit that goes on: there the person's unit is meant as it stands."""


def test_no_function_forgets_that_a_unit_may_have_been_merged() -> None:
    asking = {name for name, body in shipped_bodies().items() if OWN_UNIT.search(body)}
    assert asking == BEGINNING, "carried_on_by(…), or a merged unit's cases can go no further"
