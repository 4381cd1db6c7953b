"""Search in Chinese, and lists that find their rows by an index: see 0043_search.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("an archive is never led back to an earlier schema")
