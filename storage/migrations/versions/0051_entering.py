"""Who is signed in, as the database itself has checked it: see 0051_entering.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
