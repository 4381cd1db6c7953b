"""An answer settles what was seen, not a code; what lies without a device is asked about by station: see
0016_settled_by_parties.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("the questions are made again by the release that asks them")
