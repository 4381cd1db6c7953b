"""Lanes for what is made of recordings, and turns for their units: see 0033_media_lanes.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("an archive does not go back")
