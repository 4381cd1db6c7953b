"""Each upload says on which ingest node its bytes are: see 0073_ingest_nodes.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0073"
down_revision = "0072"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("downgrading is restoring a backup")
