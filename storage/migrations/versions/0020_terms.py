"""Terms in versions, and the days off of years: see 0020_terms.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("the rules that a due day came from are never thrown away")
