"""Publication (执法公示) and its place at the gate: see 0040_publication.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what was published is never thrown away")
