"""Whose device it was when the time is uncertain: see 0100_as_uncertain_as_they_are.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0100"
down_revision = "0099"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
