"""The gate answers of units that are seen; who withdraws an assignment: see 0086_answers_of_seen_units.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0086"
down_revision = "0085"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("whoever knows an id would be told of other units again")
