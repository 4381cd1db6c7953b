"""Rooms with recorders of their own, and their sessions: see 0030_rooms.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what went on in a room is never thrown away")
