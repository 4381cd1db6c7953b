"""Uploads whose length is not known yet: see 0007_deferred_length.sql."""

from __future__ import annotations

from storage.migrations.sql_file import execute_sql_beside

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_sql_beside(__file__)


def downgrade() -> None:
    raise NotImplementedError("an upload of unknown length would look like one of the length that is reserved for it")
