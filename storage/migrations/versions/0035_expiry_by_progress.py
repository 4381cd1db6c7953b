"""Until when an upload that goes on may go on: see 0035_expiry_by_progress.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was told to a station holds")
