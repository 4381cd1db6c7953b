"""What is pushed to the city's platform (决定实时推送): see 0046_publication_push.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was pushed is never thrown away")
