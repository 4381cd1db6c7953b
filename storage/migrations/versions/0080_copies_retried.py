"""Missed deadlines are counted apart, and copies can be tried again: see 0080_copies_retried.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
