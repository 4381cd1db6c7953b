"""What is said of a file that is received again is kept: see 0081_received_again.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0081"
down_revision = "0080"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was said of a recording is not forgotten")
