"""A paper orders no more than the decision that it names: see 0098_papers_order_no_more.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0098"
down_revision = "0097"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a fine would get out in what an officer types into a paper")
