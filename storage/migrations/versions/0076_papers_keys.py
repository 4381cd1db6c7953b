"""Papers of requests take a fresh key along: see 0076_papers_keys.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0076"
down_revision = "0075"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
