"""Every process may ask which schema the database has, and says so where it is older than its own."""

from __future__ import annotations

from alembic import op

revision = "0083"
down_revision = "0082"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT ON alembic_version TO liuhen_app, liuhen_sequencer")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON alembic_version FROM liuhen_app, liuhen_sequencer")
