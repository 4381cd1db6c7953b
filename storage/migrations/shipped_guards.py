"""What a database of this release refuses by itself, fact by fact: who may do what, policies, triggers, constraints,
functions, roles. `shipped_guards.txt` has the facts of a database that was just migrated; a test holds it against one
(`make guards` writes it anew), and `liuhen verify` an archive's database against it.

A fact is of a subject: a table, a function, a role, a schema, the database itself. What its owner may do is none, nor
what other roles may that no process of ours logs in as. `shipped_guards.sql` says which there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

SHIPPED: Final = Path(__file__).with_suffix(".txt")
_ROLES: Final = ("liuhen_app", "liuhen_worker", "liuhen_sequencer")

Facts = Mapping[str, frozenset[str]]
"""Of each subject."""


def read_facts(connection: Connection | Session) -> Facts:
    """Of this database, as any role may read them. The transaction looks into pg_catalog alone from then on, so that
    every name that is printed says its schema."""
    connection.execute(text("SELECT set_config('search_path', 'pg_catalog', true)"))
    asked = text(Path(__file__).with_suffix(".sql").read_text("utf-8"))
    rows = connection.execute(asked, {"roles": list(_ROLES)})
    return _by_subject((subject, " ".join(fact.split())) for subject, fact in rows)


@cache
def shipped_facts() -> Facts:
    lines = SHIPPED.read_text("utf-8").splitlines()
    return _by_subject((subject, fact) for subject, _, fact in (line.partition("\t") for line in lines))


def as_lines(facts: Facts) -> str:
    """As the file has them: one a line, so that two changes at once meet in none but their own."""
    return "".join(f"{subject}\t{fact}\n" for subject in sorted(facts) for fact in sorted(facts[subject]))


def _by_subject(pairs: Iterable[tuple[str, str]]) -> Facts:
    facts: dict[str, set[str]] = defaultdict(set)
    for subject, fact in pairs:
        facts[subject].add(fact)
    return {subject: frozenset(of_it) for subject, of_it in facts.items()}
