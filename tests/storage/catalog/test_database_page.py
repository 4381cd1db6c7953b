"""docs/database.md names every function and trigger of the database, with the migration of its latest text, and every
advisory lock that is taken, with who takes it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg

from api.engines.roles import DatabaseAddresses

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| `(\w+)` \| (\d{4}) \| (.*?) \| (\S.*) \|$", re.MULTILINE)
ASKED_ON = re.compile(r"`(\w+)` (\d{4})")
MADE = re.compile(r"^CREATE (?:OR REPLACE )?FUNCTION (\w+)\(|^ALTER FUNCTION .* RENAME TO (\w+);", re.MULTILINE)
TRIGGER = re.compile(r'^CREATE (?:CONSTRAINT )?TRIGGER \w+\s[^;]*?\bON "?(\w+)"?\s[^;]*?EXECUTE FUNCTION (\w+)\(', re.M)
PACKAGES = ("integrity", "storage", "retention", "ingest", "casework", "api")
LOCKING = re.compile(r"pg_(try_)?advisory_(?:xact_)?lock(_shared)?\b")
LOCKED_IN_CODE = re.compile(r"`([\w/]+\.py)` `(\w+)` (alone|shared|if free)")
LOCKED_BY_FUNCTION = re.compile(r"(?<!\.py` )`(\w+)` (alone|shared|if free)")
_FUNCTIONS = """
    SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
_TRIGGERS = """
    SELECT p.proname, c.relname
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""


def on_the_page() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """The migration of each function, and of each (function, table) that a trigger stands on."""
    rows = ROW.findall((ROOT / "docs/database.md").read_text("utf-8"))
    assert len({name for name, *_ in rows}) == len(rows), "a function stands on the page once"
    asked = {(name, table): at for name, _, tables, _ in rows for table, at in ASKED_ON.findall(tables)}
    return {name: at for name, at, *_ in rows}, asked


def in_the_migrations() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """As `on_the_page`: the last migration with a text of it, those that were dropped since among them."""
    functions: dict[str, str] = {}
    triggers: dict[tuple[str, str], str] = {}
    for path in sorted((ROOT / "storage/migrations/versions").glob("*.sql")):
        text, number = path.read_text("utf-8"), path.name[:4]
        functions |= {made or renamed: number for made, renamed in MADE.findall(text)}
        triggers |= {(function, table): number for table, function in TRIGGER.findall(text)}
    return functions, triggers


def test_the_page_names_every_function_with_the_migration_of_its_latest_text(addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.owner) as connection:
        there = {name for (name,) in connection.execute(_FUNCTIONS)}
    latest, _ = in_the_migrations()
    page, true = on_the_page()[0], {name: latest[name] for name in there}
    assert page == true, f"docs/database.md, told and true: {sorted(page.items() ^ true.items())}"


def test_the_page_names_every_table_a_function_is_asked_for_by_a_trigger(addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.owner) as connection:
        there = set(connection.execute(_TRIGGERS).fetchall())
    _, latest = in_the_migrations()
    page, true = on_the_page()[1], {each: latest[each] for each in there}
    assert page == true, f"docs/database.md, told and true: {sorted(page.items() ^ true.items())}"


def advisory_locks() -> str:
    return (ROOT / "docs/database.md").read_text("utf-8").partition("\n## Advisory locks\n")[2].partition("\n## ")[0]


def how(call: re.Match[str]) -> str:
    is_tried, is_shared = call.groups()
    return "if free" if is_tried else "shared" if is_shared else "alone"


def locked_in_code() -> Iterator[tuple[str, str, str]]:
    """(file, function, how) of each advisory lock that Python takes, by name or in a text of SQL."""
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                for node in ast.walk(function):
                    said = getattr(node, "attr", None) or getattr(node, "value", None)
                    for call in LOCKING.finditer(said) if isinstance(said, str) else ():
                        yield str(path.relative_to(ROOT)), function.name, how(call)


def test_the_page_names_every_advisory_lock_that_the_code_takes() -> None:
    page, true = set(LOCKED_IN_CODE.findall(advisory_locks())), set(locked_in_code())
    assert len(true) > 10
    assert page == true, f"docs/database.md, told and true: {sorted(page ^ true)}"


def test_the_page_names_every_advisory_lock_that_a_function_of_the_database_takes(addresses: DatabaseAddresses) -> None:
    with psycopg.connect(addresses.owner) as connection:
        texts = connection.execute("SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        true = {(name, how(call)) for name, text in texts for call in LOCKING.finditer(text)}
    page = set(LOCKED_BY_FUNCTION.findall(advisory_locks()))
    assert page == true, f"docs/database.md, told and true: {sorted(page ^ true)}"
