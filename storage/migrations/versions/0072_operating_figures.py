"""What an operator watches, without naming anybody: see 0072_operating_figures.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
