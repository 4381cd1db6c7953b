"""A decision's words order nothing that it does not name: see 0097_words_that_order.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0097"
down_revision = "0096"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a fine would get out in the words of a decision that imposes none")
