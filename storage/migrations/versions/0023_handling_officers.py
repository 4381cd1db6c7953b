"""Who handles a case, and that officers showed who they are: see 0023_handling_officers.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("who handled a case is never thrown away")
