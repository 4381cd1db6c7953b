"""Recordings at which a step of housekeeping fails: see 0077_set_aside.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0077"
down_revision = "0076"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
