"""A creation that is asked for again opens nothing twice: see 0034_creation_key.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("without it every lost answer keeps its reservation")
