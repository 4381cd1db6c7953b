"""Originals leave under a grant that carries the approver's consent: see 0049_granted_footage.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what keeps originals in is never taken away")
