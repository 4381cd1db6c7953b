"""When a recording was made is a column: see 0060_made_at.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was sealed is never thrown away")
