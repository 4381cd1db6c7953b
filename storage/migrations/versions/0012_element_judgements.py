"""What recordings lack, whom it is asked of, and what was answered: see 0012_element_judgements.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what people answered is never thrown away")
