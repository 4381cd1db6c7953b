"""What each station has waiting, counted as uploads change: see 0006_station_load.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a station's room is counted from here on")
