"""Ways round what a party is told before a penalty, closed: see 0094_told_in_earnest.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0094"
down_revision = "0093"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a penalty would get out untold by ways that are known")
