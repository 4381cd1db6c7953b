"""A number alone where something was revoked, one party's amounts, and entries of papers: see the SQL beside."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0082"
down_revision = "0081"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was revoked is never let go again")
