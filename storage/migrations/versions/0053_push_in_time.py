"""A push is put off by what the rules of retrying allow, and no further: see 0053_push_in_time.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
