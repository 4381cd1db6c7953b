"""定期报送: returns to superiors, what was drawn up of them and how each was sent: see 0059_returns.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was reported is never thrown away")
