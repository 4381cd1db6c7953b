"""Migrations stand in one order, whoever adds one; no database is needed to see it."""

from __future__ import annotations

from alembic.script import ScriptDirectory

from storage.migrations.revision import own_revision
from storage.migrations.upgrading import alembic_config


def test_there_is_one_order_and_from_fourteen_on_it_is_that_of_the_numbers() -> None:
    order = [each.revision for each in ScriptDirectory.from_config(alembic_config()).walk_revisions()][::-1]
    begun = ["0001", "0002", "0005", "0003", "0006", "0007", "0008", "0009", "0010", "0013", "0011", "0012"]
    assert order[: len(begun)] == begun
    assert order[len(begun) :] == [f"{14 + place:04d}" for place in range(len(order) - len(begun))]


def test_the_last_one_is_known_without_alembic() -> None:
    assert own_revision() == ScriptDirectory.from_config(alembic_config()).get_current_head()
