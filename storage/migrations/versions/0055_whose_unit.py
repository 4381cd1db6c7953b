"""Also of a publication and of a finding it is told that they are another unit's: see 0055_whose_unit.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was decided is never thrown away")
