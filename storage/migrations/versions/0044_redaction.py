"""Copies that leave are redacted: see 0044_redaction.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was hidden, and who got what, is never thrown away")
