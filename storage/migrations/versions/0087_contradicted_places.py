"""Places that contradict are asked about: see 0087_contradicted_places.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0087"
down_revision = "0086"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("the questions are made again by the release that asks them")
