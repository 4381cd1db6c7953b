"""The committee, its advisers, and what a suspicion of crime sets going: see 0029_committee_and_transfers.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
