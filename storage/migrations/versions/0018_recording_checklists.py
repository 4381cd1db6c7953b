"""Which acts need which recordings, in versions: see 0018_recording_checklists.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("the rules that an act was under are never thrown away")
