"""What a return is of, which result a revocation revokes, and counts by an index: see
0066_returns_and_revoked_results.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0066"
down_revision = "0065"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was named is never made nameless")
