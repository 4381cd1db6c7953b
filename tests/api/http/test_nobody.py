"""What the application's role reads with nobody entered, table by table, in an archive that has something in most."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from api.engines.roles import DatabaseAddresses
from storage.catalog.row_security import SEEN_BY_NOBODY
from tests.api.http.boundary_scene import Bounds
from tests.api.http.one_more import add_one_of_each

pytestmark = pytest.mark.timeout(900)
TABLES = """
    SELECT c.relname, min(a.attname) FILTER (WHERE has_column_privilege('liuhen_app', c.oid, a.attnum, 'SELECT'))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = 'public'::regnamespace GROUP BY c.relname
"""


def test_nobody_reads_a_row_that_is_not_written_down_with_its_reason(served: Any, addresses: DatabaseAddresses) -> None:
    """Each table is filled as people fill it, and read by raw SQL: a column that may be read, of every row there is."""
    add_one_of_each(Bounds(served))
    full, seen = set(), {}
    with psycopg.connect(addresses.owner) as owner, psycopg.connect(addresses.app) as nobody:
        for table, column in owner.execute(TABLES).fetchall():
            (there,) = owner.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table))).fetchone() or (0,)
            full |= {table} if there else set()
            if column is not None:
                statement = SQL("SELECT count({}) FROM {}").format(Identifier(column), Identifier(table))
                (seen[table],) = nobody.execute(statement).fetchone() or (0,)
    assert {table for table, count in seen.items() if count} <= set(SEEN_BY_NOBODY)
    hidden = full - set(SEEN_BY_NOBODY)
    assert len(hidden) > 45, "what is empty hides nothing"
    assert {"publication", "publication_version", "publication_step", "dossier", "case_service", "recording"} <= hidden
