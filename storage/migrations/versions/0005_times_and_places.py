"""When and where a recording was made, and which files are one act: see 0005_times_and_places.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0005"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("positions that were read are never thrown away")
