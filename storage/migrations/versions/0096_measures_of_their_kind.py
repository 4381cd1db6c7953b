"""A decision's measures are those of its kind: see 0096_measures_of_their_kind.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0096"
down_revision = "0095"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("a fine would get out as a coercion, unreviewed and untold")
