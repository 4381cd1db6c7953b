"""The event of a decision names the decision, and so does its revocation: see 0058_events_of_decisions.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
