"""Attempts of files that were sealed before have an end: see 0078_superseded_attempts.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
