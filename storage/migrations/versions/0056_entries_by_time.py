"""Entries are found by their time without reading all of them: see 0056_entries_by_time.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was entered is never thrown away")
