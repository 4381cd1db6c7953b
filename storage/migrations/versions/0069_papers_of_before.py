"""Nothing of what was revoked goes out by its number or by a paper of before: see 0069_papers_of_before.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was revoked is never let go again")
