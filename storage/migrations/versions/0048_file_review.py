"""案卷评查: rounds of reviewing case files, their drawn samples, scores and findings: see 0048_file_review.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("what a review of case files found is never thrown away")
