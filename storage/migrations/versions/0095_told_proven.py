"""What a party gives up is shown, what he said stays, his hearing is announced: see 0095_told_proven.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0095"
down_revision = "0094"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what a party said would be unsaid by one person again")
