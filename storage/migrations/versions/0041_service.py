"""How documents were served, each of them: see 0041_service.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("how something was served is never thrown away")
