"""An assignment that was entered wrongly can be withdrawn: see 0085_assignments_withdrawn.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0085"
down_revision = "0084"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was withdrawn would count again")
