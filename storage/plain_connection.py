"""A connection for what runs hundreds of times a second: one statement, one transaction, straight through libpq."""

from __future__ import annotations

from typing import Any

import psycopg
import psycopg.errors
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGresult


class PlainConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection on which each statement is a transaction of its own, prepared at its first use."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._plain_names: dict[str, bytes] = {}

    def run(self, statement: str, *parameters: str) -> list[tuple[str | None, ...]]:
        """The rows of one statement with $1, $2, …; all of them text. Raises psycopg's errors, as `execute` does.

        Straight through libpq: what `execute` does for a statement takes Python as long as PostgreSQL needs for it, and
        a thread that has nothing to do but wait gives up the interpreter once.
        """
        name = self._plain_names.get(statement)
        if name is None:
            name = f"plain_{len(self._plain_names)}".encode()
            self._checked(self.pgconn.prepare(name, statement.encode()))
            self._plain_names[statement] = name
        result = self._checked(self.pgconn.exec_prepared(name, [parameter.encode() for parameter in parameters]))
        return [
            tuple(
                None if (value := result.get_value(row, column)) is None else value.decode()
                for column in range(result.nfields)
            )
            for row in range(result.ntuples)
        ]

    def _checked(self, result: PGresult) -> PGresult:
        if result.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return result
        if self.pgconn.status != ConnStatus.OK:
            raise psycopg.OperationalError(self.pgconn.get_error_message())
        raise psycopg.errors.error_from_result(result)
