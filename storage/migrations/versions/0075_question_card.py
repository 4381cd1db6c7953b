"""Questions of one card are answered together: see 0075_question_card.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0075"
down_revision = "0074"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
