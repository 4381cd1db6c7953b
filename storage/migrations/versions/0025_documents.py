"""Documents: templates, drafts, signatures, numbers, final and sealed bytes: see 0025_documents.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was written, signed and sealed is never thrown away")
