"""Alembic's entry: always on a connection that the caller opened, so that nothing here reads an environment."""

from __future__ import annotations

from alembic import context

from storage.catalog import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
