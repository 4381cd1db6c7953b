"""Station keys, codes and reports; devices, issues and certificates: see 0003_stations_and_devices.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0003"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("registers are evidence of who had what: they are never dropped")
