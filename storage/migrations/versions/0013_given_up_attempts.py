"""The attempt of an upload that was given up goes, with its key: see 0013_given_up_attempts.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("attempts that are gone do not come back")
