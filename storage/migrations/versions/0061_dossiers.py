"""舆情应对: dossiers of what may be said of a case: see 0061_dossiers.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was said of a case is never thrown away")
