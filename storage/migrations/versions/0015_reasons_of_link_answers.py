"""Why somebody answered the linker as he did, kept with its question: see 0015_reasons_of_link_answers.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("why somebody said where a recording belongs is never thrown away")
