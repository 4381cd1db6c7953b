"""Every table that says whose unit a row is of is under row security, or stands here with the reason why not."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from api.engines.roles import DatabaseAddresses
from storage.catalog.row_security import SEEN_BY_NOBODY, WITHOUT_ROW_SECURITY

LETS_IN = ("seen_units()", "units_above()")
_TABLES = """
    SELECT c.relname, c.relrowsecurity,
        array(SELECT p.polname || ' ' || pg_get_expr(p.polqual, p.polrelid) FROM pg_policy p WHERE p.polrelid = c.oid
            AND 'liuhen_app'::regrole = ANY (p.polroles))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'unit_id' AND NOT a.attisdropped
"""


@pytest.fixture
def tables(addresses: DatabaseAddresses) -> dict[str, tuple[bool, Any]]:
    with psycopg.connect(addresses.owner) as connection:
        return {name: (secured, policies) for name, secured, policies in connection.execute(_TABLES)}


def test_every_table_of_units_has_a_policy_or_a_reason(tables: dict[str, tuple[bool, Any]]) -> None:
    assert {name for name, (secured, _) in tables.items() if not secured} == set(WITHOUT_ROW_SECURITY)
    assert all(WITHOUT_ROW_SECURITY.values())


def test_a_policy_of_the_application_asks_for_the_units_that_are_seen(tables: dict[str, tuple[bool, Any]]) -> None:
    for name, (secured, policies) in tables.items():
        if secured and name != "person":
            assert any("seen_units()" in each for each in policies), name
            assert all(any(asked in each for asked in LETS_IN) for each in policies if each is not None), name


def test_the_worker_is_let_through_everywhere(addresses: DatabaseAddresses) -> None:
    statement = """
        SELECT c.relname FROM pg_class c WHERE c.relrowsecurity AND c.relnamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polcmd = '*'
                AND 'liuhen_worker'::regrole = ANY (p.polroles) AND pg_get_expr(p.polqual, p.polrelid) = 'true')
    """
    with psycopg.connect(addresses.owner) as connection:
        assert connection.execute(statement).fetchall() == []


_READ_BY_NOBODY = """
    SELECT c.relname FROM pg_class c
    WHERE c.relkind IN ('r', 'p', 'v', 'm') AND c.relnamespace = 'public'::regnamespace
        AND has_any_column_privilege('liuhen_app', c.oid, 'SELECT')
        AND (NOT c.relrowsecurity OR EXISTS (
            SELECT FROM pg_policy p
            WHERE p.polrelid = c.oid AND p.polcmd IN ('*', 'r') AND NOT 'liuhen_worker'::regrole = ALL (p.polroles)
                AND pg_get_expr(p.polqual, p.polrelid) !~ '(seen_units|units_above)\\('
        ))
"""


def test_what_is_read_without_signing_in_is_written_down_with_its_reason(addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.owner) as connection:
        assert {name for (name,) in connection.execute(_READ_BY_NOBODY)} == set(SEEN_BY_NOBODY)
    assert all(SEEN_BY_NOBODY.values())
    assert set(WITHOUT_ROW_SECURITY) <= set(SEEN_BY_NOBODY)
