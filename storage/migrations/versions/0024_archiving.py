"""Archived cases, classes of secrecy, rules of retention: see 0024_archiving.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was archived is never thrown away")
