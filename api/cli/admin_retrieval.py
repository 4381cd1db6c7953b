"""What `liuhen admin retrieval` says of a version of the rules of retrieval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from api.cli.admin_people import Facts
from api.cli.admin_rules import RuleAdmin
from casework.retrieval.rules import list_retrieval_rules, load_retrieval_rules
from storage.catalog.access import RetrievalRule


def _says(row: RetrievalRule) -> Facts:
    return {"rank": row.rules["rank"], "ways": row.rules["ways"]}


def _lines(facts: Facts) -> Sequence[str]:
    return [way_line(way) for way in cast(list[dict[str, Any]], facts["ways"])]


def way_line(way: dict[str, Any]) -> str:
    """A way in a line: who, what, by whose word, how long, with which papers."""
    needs = f"  needs {', '.join(way['needs'])}" if way["needs"] else ""
    return f"  {way['who']}  {way['kind']}  approval {way['approval']}  {way['longest_hours']} h{needs}"


ADMIN = RuleAdmin("retrieval", list_retrieval_rules, load_retrieval_rules, _says, lines=_lines)
