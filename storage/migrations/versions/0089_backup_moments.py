"""When backups were made, for every host to know: see 0089_backup_moments.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0089"
down_revision = "0088"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("hosts would take an archive that is backed up for one that is not")
