"""What is public is read by functions alone, leaves the public as a whole, and is said once: see
0065_public_reading.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0065"
down_revision = "0064"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was published is never thrown away")
