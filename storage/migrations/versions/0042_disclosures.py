"""The catalogue of what is public beforehand (事前公开): see 0042_disclosures.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was public is never thrown away")
