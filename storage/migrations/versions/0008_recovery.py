"""Recovery copies: see 0008_recovery.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("recovery copies would be of a kind nobody knows")
