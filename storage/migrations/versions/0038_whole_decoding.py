"""Looks at whole recordings: see 0038_whole_decoding.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("an archive does not go back")
