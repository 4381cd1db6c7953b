"""When each stored object was last looked at: see 0070_object_looks.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was found is not forgotten")
