"""Keys: those that rows name, those of the key store, and those that the ledger says are destroyed. A few thousand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.reconciling.merge import aligned
from api.reconciling.scene import Scene, ask
from retention.key_disposal import DESTROYED

_NAMED: Final = """
    SELECT kek_id AS id, count(*) AS rows FROM (
        SELECT kek_id FROM recording
        UNION ALL SELECT kek_id FROM rendition
        UNION ALL SELECT kek_id FROM redacted_copy WHERE kek_id IS NOT NULL
        UNION ALL SELECT kek_id FROM request_attachment
    ) n GROUP BY kek_id
"""
_DESTROYED: Final = "SELECT DISTINCT subject_id AS id FROM ledger_entry WHERE action = :action"


def suspect_keys(scene: Scene) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """What does not fit of each key, now: a code, and facts."""
    with scene.archive.database.reading(snapshot=True) as session:
        named = sorted(ask(session, _NAMED), key=_id_of)
        destroyed = sorted(ask(session, _DESTROYED, action=DESTROYED), key=_id_of)
    # After the rows: a key is durable before the first row that names it.
    kept = sorted(scene.archive.closed_key_store.list_keks())
    by_id = aligned((named, _id_of), (kept, str), (destroyed, _id_of))
    return {key: found for key, each in by_id for found in _judge(*each)}


def tell_keys(scene: Scene, suspected: Mapping[str, tuple[str, Mapping[str, Any]]]) -> None:
    """What was suspected and still holds."""
    if suspected:
        for key, (code, facts) in suspect_keys(scene).items():
            if key in suspected and suspected[key][0] == code:
                scene.found(code, key, **facts)


def _judge(named: list[Any], kept: list[str], destroyed: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if destroyed and kept:
        yield "destroyed_key_remains", {}
    elif named and not kept:
        yield "key_missing", {"rows": sum(row.rows for row in named), "destroyed": bool(destroyed)}


def _id_of(row: Any) -> str:
    return str(row.id)
