"""Grants, the append-only ledger, and the first retention classes: see 0002_roles_and_guards.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("the guards are never taken away")
