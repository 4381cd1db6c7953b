"""What the package says that a database refuses by itself is what its migrations make, to the last fact."""

from __future__ import annotations

import os

from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import make_url

from api.engines.roles import DatabaseAddresses
from storage.migrations.shipped_guards import SHIPPED, Facts, as_lines, read_facts, shipped_facts


def facts_of(url: str) -> Facts:
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        return read_facts(connection)


def test_the_facts_that_are_shipped_are_those_of_a_migrated_database(addresses: DatabaseAddresses) -> None:
    found = as_lines(facts_of(addresses.owner))
    if os.environ.get("WRITE_GUARDS"):
        SHIPPED.write_text(found, "utf-8")
        return
    shipped = SHIPPED.read_text("utf-8")
    assert as_lines(shipped_facts()) == shipped
    gone, come = (
        set(shipped.splitlines()) - set(found.splitlines()),
        set(found.splitlines()) - set(shipped.splitlines()),
    )
    assert (sorted(gone), sorted(come)) == ([], []), "`make guards` writes them anew"


def test_every_role_reads_the_same(addresses: DatabaseAddresses) -> None:
    assert facts_of(addresses.app) == facts_of(addresses.sequencer) == shipped_facts()
