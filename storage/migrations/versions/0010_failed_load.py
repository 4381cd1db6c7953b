"""What failed takes its station's room until it is retried or released: see 0010_failed_load.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what failed is counted from here on")
