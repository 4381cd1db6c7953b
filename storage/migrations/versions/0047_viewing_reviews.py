"""What auditors say of viewings that were drawn by chance: see 0047_viewing_reviews.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what auditors said is never thrown away")
