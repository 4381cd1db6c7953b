"""Who is let through row security is named, and what runs as the owner is not for everybody: see the file beside."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
