"""A row's unit is that of its recording or its case: see 0091_units_held.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0091"
down_revision = "0090"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("rows could be placed in another unit again")
