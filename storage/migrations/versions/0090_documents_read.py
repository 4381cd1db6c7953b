"""Who read which document of a case (S20): see 0090_documents_read.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0090"
down_revision = "0089"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("who read a document is never thrown away")
