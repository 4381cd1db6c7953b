"""What was revoked holds no case back any more: see 0084_remade_decisions.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0084"
down_revision = "0083"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was revoked is never let go again")
