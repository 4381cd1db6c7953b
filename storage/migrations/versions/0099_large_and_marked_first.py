"""Uploads that are due, in their turn: see 0099_large_and_marked_first.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0099"
down_revision = "0098"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
