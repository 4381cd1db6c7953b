"""A paper that states a decision names it, and so does its service: see 0064_papers_name_their_decision.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("which decision a paper states is never thrown away")
