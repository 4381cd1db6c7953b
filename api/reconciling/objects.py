"""Objects by name: the row that names each, the store's own word of it, the replica's and the cold place's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from api.reconciling.explaining import explain
from api.reconciling.ledger_files import LedgerFound
from api.reconciling.merge import aligned
from api.reconciling.scene import Scene, ask, stream
from api.reconciling.suspicions import Suspicions
from ingest.replica.mark import REPLICA
from storage.catalog.cold import LIES_THERE
from storage.catalog.replicas import COPIED, DISPOSED
from storage.errors import NameRefused
from storage.ledger.files import CHECKPOINTS, PREFIX, SIZES_IN_FOLDER
from storage.objects.names import require_name
from storage.objects.protocol import Listed, ObjectStore
from storage.objects.tiered import OWN_NAMES

CHECKPOINT: Final = "checkpoint"
WITHOUT_ROW: Final = "object_without_row"
COPY_WITHOUT_ROW: Final = "copy_without_row"

_NAMED = """
    SELECT object_name AS name, 'recording' AS kind, id::text AS id, ciphertext_size_bytes AS size_bytes,
        object_version AS version_id FROM recording
    UNION ALL SELECT object_name, 'rendition', id::text, ciphertext_size_bytes, NULL FROM rendition
    UNION ALL SELECT object_name, 'redacted_copy', id::text, ciphertext_size_bytes, NULL FROM redacted_copy
        WHERE object_name IS NOT NULL
    UNION ALL SELECT object_name, 'request_attachment', id::text, ciphertext_size_bytes, NULL FROM request_attachment
"""
_CHECKPOINTS = f"""
    SELECT '{CHECKPOINTS}' || lpad((size / {SIZES_IN_FOLDER})::text, 15, '0') || '/' || lpad(size::text, 20, '0')
        AS name, '{CHECKPOINT}' AS kind, size::text AS id, octet_length(note)::bigint AS size_bytes, NULL AS version_id
    FROM ledger_checkpoint
"""  # noqa: S608  our own words
_ALL_NAMED = f'SELECT * FROM ({_NAMED} UNION ALL {_CHECKPOINTS}) n ORDER BY name COLLATE "C"'  # noqa: S608  our own words
_THESE_NAMED = f"SELECT * FROM ({_NAMED}) n WHERE name = ANY(:names)"  # noqa: S608  our own words
_THESE_CHECKPOINTS = f"SELECT * FROM ({_CHECKPOINTS} WHERE size = ANY(:sizes)) n"  # noqa: S608  our own words
_COPYING = (
    "SELECT object_name AS name, state, version_id, due_at < now() - INTERVAL '1 day' AS late FROM object_replica"
)
_MOVING = "SELECT object_name AS name, state, version_id FROM cold_object"
_ALL_MOVING = f'{_MOVING} ORDER BY object_name COLLATE "C"'
_THESE_MOVING = f"{_MOVING} WHERE object_name = ANY(:names)"
_ALL_COPYING = f'{_COPYING} ORDER BY object_name COLLATE "C"'
_THESE_COPYING = f"{_COPYING} WHERE object_name = ANY(:names)"


@dataclass(frozen=True)
class Facts:
    """All that is said of one name. `row`: the catalog's, or a checkpoint's. `copying`: as noted for the replica.
    `frozen`: what lies in the cold place, `moving` as noted for it."""

    name: str
    row: Any
    stored: Listed | None
    copy: Listed | None
    copying: Any
    frozen: Listed | None = None
    moving: Any = None

    @property
    def lies_cold(self) -> bool:
        """Whether it is to be in the cold place."""
        return self.moving is not None and self.moving.state in LIES_THERE


def survey_objects(scene: Scene, session: Session, suspicions: Suspicions, ledger: LedgerFound) -> None:
    """Bring rows, store, replica and cold place together once, in the order of names; note what does not fit."""
    copies = _copies(scene) if scene.replica is not None else iter(())
    copying = stream(session, _ALL_COPYING) if scene.replica is not None else iter(())
    by_name = aligned(
        (stream(session, _ALL_NAMED), lambda row: str(row.name)),
        (scene.archive.store.survey(), lambda listed: listed.name),
        (copies, lambda listed: listed.name),
        (copying, lambda row: str(row.name)),
        (_frozen(scene), lambda listed: listed.name),
        (stream(session, _ALL_MOVING), lambda row: str(row.name)),
    )
    for name, (rows, stored, copied, noted, frozen, moving) in by_name:
        facts = Facts(name, _only(rows), _only(stored), _only(copied), _latest(noted), _only(frozen), _latest(moving))
        if facts.stored is not None:
            scene.look("objects")
        if facts.row is not None and facts.row.kind != CHECKPOINT:
            scene.look("rows")
        if facts.copy is not None:
            scene.look("copies")
        if facts.frozen is not None:
            scene.look("cold")
        if facts.row is None and facts.stored is not None and ledger.takes(facts.stored):
            if facts.stored.newer_versions:
                suspicions.note(name=name, codes=["several_versions"])
            continue
        ledger.note_checkpoint(facts.name, is_stored=facts.stored is not None, is_known=facts.row is not None)
        codes = _judge(scene, facts)
        if codes:
            suspicions.note(name=name, codes=codes)


def look_again(scene: Scene, suspicions: Suspicions, ledger: LedgerFound) -> None:
    """Whatever was suspected of a name and still holds now is told."""
    for batch in suspicions.batches():
        suspected = {each["name"]: set(each["codes"]) for each in batch}
        still = {}
        for facts in _facts_now(scene, list(suspected)):
            codes = suspected[facts.name].intersection(_judge(scene, facts))
            if codes:
                still[facts.name] = facts, codes
        _tell(scene, still, ledger)


def _judge(scene: Scene, facts: Facts) -> list[str]:
    return judge(facts, with_replica=scene.replica is not None, with_cold=scene.cold is not None)


def judge(facts: Facts, *, with_replica: bool, with_cold: bool = False) -> list[str]:
    """What does not fit together; what it means, of what has no row, nobody has asked yet."""
    codes = list(_of_store(facts))
    codes += _of_replica(facts) if with_replica else ()
    return codes + list(_of_cold(facts)) if with_cold else codes


def _of_store(facts: Facts) -> Iterator[str]:
    row, stored = facts.row, facts.stored
    if stored is not None and stored.newer_versions:
        yield "several_versions"
    if row is None:
        if stored is not None:
            yield WITHOUT_ROW
    elif stored is None and facts.lies_cold:
        return  # by what the cold place says
    elif stored is None:
        in_copy = facts.copy is not None and facts.copy.size_bytes == row.size_bytes
        yield "object_only_in_replica" if in_copy else "object_missing"
    elif stored.size_bytes != row.size_bytes:
        yield "size_differs"
    elif row.version_id not in (None, stored.version_id) and not (stored.mended or facts.lies_cold):
        yield "version_differs"


def _of_replica(facts: Facts) -> Iterator[str]:
    row, copy, copying = facts.row, facts.copy, facts.copying
    if copy is not None and copy.newer_versions:
        yield "copy_several_versions"
    if row is None:
        if copy is not None:
            yield COPY_WITHOUT_ROW
    elif row.kind == CHECKPOINT:
        return
    elif copying is None:
        yield "copy_unplanned"
    elif copying.state == COPIED and copy is None:
        yield "copy_missing"
    elif copying.state == COPIED and copy is not None and copy.size_bytes != row.size_bytes:
        yield "copy_size_differs"
    elif copying.state == COPIED and copy is not None and copy.version_id != copying.version_id and not copy.mended:
        yield "copy_version_differs"


def _of_cold(facts: Facts) -> Iterator[str]:
    row, frozen, moving = facts.row, facts.frozen, facts.moving
    if frozen is not None and frozen.newer_versions:
        yield "cold_several_versions"
    if row is None:
        if frozen is not None and (moving is None or moving.state != DISPOSED):
            yield "cold_unknown"
    elif not facts.lies_cold:
        return  # it may be on its way there, or was when something broke: the store has it
    elif frozen is None:
        yield "cold_missing"
    elif frozen.size_bytes != row.size_bytes:
        yield "cold_size_differs"
    elif frozen.version_id != moving.version_id and not frozen.mended:
        yield "cold_version_differs"


def _tell(scene: Scene, still: Mapping[str, tuple[Facts, set[str]]], ledger: LedgerFound) -> None:
    without_row = [name for name, (_, codes) in still.items() if codes & {WITHOUT_ROW, COPY_WITHOUT_ROW}]
    explained = explain(scene, [name for name in without_row if not name.startswith(PREFIX)])
    for name, (facts, codes) in still.items():
        for code in sorted(codes):
            if name.startswith(CHECKPOINTS):
                ledger.tell_checkpoint(scene, name, code)
            elif code == WITHOUT_ROW:
                why, more = explained.get(name, ("object_unknown", {}))
                scene.found(why, name, **more, **_sizes(facts))
            elif code == COPY_WITHOUT_ROW:
                scene.found(_why_copied(facts), name, **_sizes(facts))
            else:
                scene.found(code, name, **_sizes(facts))


def _why_copied(facts: Facts) -> str:
    if facts.copying is None or facts.copying.state != DISPOSED:
        return "copy_unknown"
    return "disposed_copy_remains" if facts.copying.late else "disposed_copy_under_way"


def _sizes(facts: Facts) -> dict[str, Any]:
    """What a person compares, of whatever there is."""
    said: dict[str, Any] = {}
    if facts.row is not None:
        said |= {"kind": facts.row.kind, "id": facts.row.id, "recorded_bytes": facts.row.size_bytes}
        if facts.row.version_id is not None:
            said["recorded_version"] = facts.row.version_id
    for word, listed in (("stored", facts.stored), ("copy", facts.copy), ("cold", facts.frozen)):
        if listed is not None:
            said |= {f"{word}_bytes": listed.size_bytes, f"{word}_version": listed.version_id}
            if listed.newer_versions:
                said[f"{word}_newer_versions"] = listed.newer_versions
    return said


def _facts_now(scene: Scene, names: Sequence[str]) -> Iterator[Facts]:
    """The stores first: an object is there before its row, so a row that has none then has lost it."""
    stored = {name: _now(scene.archive.store, name) for name in names}
    second = None if scene.replica is None else scene.replica.store
    copied = {name: None if second is None else _now(second, name) for name in names}
    third = None if scene.cold is None else scene.cold.store
    frozen = {name: None if third is None else _now(third, name) for name in names}
    sizes = [int(name.rpartition("/")[2]) for name in names if _is_checkpoint(name)]
    with scene.archive.database.reading(snapshot=True) as session:
        rows = ask(session, _THESE_NAMED, names=list(names)) + ask(session, _THESE_CHECKPOINTS, sizes=sizes)
        copying: dict[str, list[Any]] = {}
        for row in ask(session, _THESE_COPYING, names=list(names)):
            copying.setdefault(row.name, []).append(row)
        moving: dict[str, list[Any]] = {}
        for row in ask(session, _THESE_MOVING, names=list(names)):
            moving.setdefault(row.name, []).append(row)
    known = {row.name: row for row in rows}
    for name in names:
        noted, to_cold = _latest(copying.get(name, [])), _latest(moving.get(name, []))
        yield Facts(name, known.get(name), stored[name], copied[name], noted, frozen[name], to_cold)


def _now(store: ObjectStore, name: str) -> Listed | None:
    """A name that is none of ours cannot be asked for: it is as it was listed."""
    return store.inspect(name) or _strange(store, name)


def _strange(store: ObjectStore, name: str) -> Listed | None:
    try:
        require_name(name)
    except NameRefused:
        return next((each for each in store.survey(name) if each.name == name), None)
    return None


def _is_checkpoint(name: str) -> bool:
    last = name.rpartition("/")[2]
    return name.startswith(CHECKPOINTS) and last.isascii() and last.isdigit() and len(last) == 20


def _copies(scene: Scene) -> Iterator[Listed]:
    assert scene.replica is not None
    return (each for each in scene.replica.store.survey() if each.name != REPLICA.mark)


def _frozen(scene: Scene) -> Iterator[Listed]:
    if scene.cold is None:
        return iter(())
    return (each for each in scene.cold.store.survey() if not each.name.startswith(OWN_NAMES))


def _only(found: Sequence[Any]) -> Any:
    return found[0] if found else None


def _latest(noted: Sequence[Any]) -> Any:
    """Of a name that was disposed of and is used again, what is noted of it now."""
    return min(noted, key=lambda row: row.state == DISPOSED) if noted else None
