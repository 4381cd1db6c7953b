"""The tables, in SQL: see 0001_tables.sql."""

from __future__ import annotations

from alembic import op

from storage.migrations.sql_file import execute_sql_beside

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("an archive's first tables are never dropped")
