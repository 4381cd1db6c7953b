"""Custody looks for the oldest upload of each station: see 0039_fair_turns.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("an index by station serves what asked for one without")
