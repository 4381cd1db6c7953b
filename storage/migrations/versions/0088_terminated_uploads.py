"""How many uploads a station terminates in an hour is counted: see 0088_terminated_uploads.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0088"
down_revision = "0087"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a station could create and terminate uploads without end again")
