"""Documents in archived cases: see 0026_archived_documents.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was archived is never thrown away")
