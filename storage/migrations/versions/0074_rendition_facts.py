"""What it takes to show a copy is kept beside it: see 0074_rendition_facts.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0074"
down_revision = "0073"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
