"""What officers did in a case, and why some of it was not recorded: see 0019_acts.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what officers did, and how they explained it, is never thrown away")
