"""What a station's own limits may be: see 0036_station_limits.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was stated is never thrown away")
