"""The opinion that counts, and packages younger than the suspicion: see 0050_standing_opinion.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
