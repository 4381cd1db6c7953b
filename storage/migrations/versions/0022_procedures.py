"""The procedure of a case, and its stages as a machine: see 0022_procedures.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("which procedure a case followed is never thrown away")
