"""The application may no longer delete what opens a commitment: see 0017_openings_stay.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a right that was of use to a forger alone is not given back")
