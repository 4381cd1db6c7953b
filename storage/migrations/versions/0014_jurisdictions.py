"""A certificate's number is one person's in a whole bureau, and acts are entered: see 0014_jurisdictions.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0014"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what two units may hold by then, one register could not")
