"""What was a merged unit's goes on with its successor's people: see 0068_merged_units_go_on.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what a merged unit published would be stuck again")
