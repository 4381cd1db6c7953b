"""Documents in archived cases: see 0027_archived_documents.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was archived is never thrown away")
