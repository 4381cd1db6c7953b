"""Links with a score and its reasons, and where an assignment was at work: see 0009_scored_links.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("why a recording was linked is never thrown away")
