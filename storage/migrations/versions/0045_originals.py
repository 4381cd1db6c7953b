"""Originals leave with express consent alone: see 0045_originals.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("who consented to what is never thrown away")
