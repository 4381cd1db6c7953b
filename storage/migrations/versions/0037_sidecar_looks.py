"""Which logs beside recordings were looked at, and when: see 0037_sidecar_looks.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a catalog goes forward alone")
