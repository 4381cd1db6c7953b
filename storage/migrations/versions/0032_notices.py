"""That whom a case concerns was told: see 0032_notices.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("that somebody was told is never thrown away")
