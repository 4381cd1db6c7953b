"""Events of cases and the terms that run from them: see 0021_case_deadlines.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("until when something had to be done is never thrown away")
