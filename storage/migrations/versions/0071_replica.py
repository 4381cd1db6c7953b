"""Where each stored object stands in the second store: see 0071_replica.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0071"
down_revision = "0070"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was copied, and what of it is still to be removed, is not forgotten")
