"""Which elements a recording must have, in versions: see 0011_element_policies.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0011"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("the policy by which a recording was judged is never thrown away")
