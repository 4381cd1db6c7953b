"""Who may see or copy footage, by rule, post and papers: see 0028_retrieval.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("who was let see what is never thrown away")
