"""Where to look, and what is there: folders as they are named, and every recorder that is mounted, each told apart."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.dock.mounts import MOUNTS, find_recorders, read_mounts, volume_of
from ingest.dock.source import Source
from ingest.dock.words import Words, reason_of

_AT = " at "


@dataclass(frozen=True, slots=True)
class Places:
    """`folders` are watched as they are; whatever is mounted below one of `mounts` is a recorder."""

    folders: tuple[Path, ...] = ()
    mounts: tuple[Path, ...] = ()
    mountinfo: Path = MOUNTS


def find_sources(places: Places, missing: Container[Path]) -> list[Source]:
    """What is there now, each with a label of its own; of the folders, those that are not `missing`. Nothing is asked
    of a source: it may not answer.
    """
    roots = [Source(folder, str(folder)) for folder in places.folders if folder not in missing]
    mounts = read_mounts(places.mountinfo) if places.mounts else []
    for below in places.mounts:
        for mount in find_recorders(below, mounts):
            volume = volume_of(mount.device)
            roots.append(Source(mount.path, f"volume {volume}" if volume else str(mount.path), device=mount.device))
    names = [source.root.name for source in roots]
    return [
        Source(source.root, source.id, _label(source.root, names.count(source.root.name) > 1), source.device)
        for source in roots
    ]


def tell_apart(found: Sequence[Source], before: Sequence[Source]) -> list[Source]:
    """Cheap recorders format their cards in the firmware, all with one serial number: of several cards with one id the
    first keeps it, and the others have their place in theirs. Each keeps its id, as the notes know its files by that,
    for as long as it stays (`before`), whichever of them is pulled out.
    """
    had = {(source.root, source.device): source.id for source in before}
    kept = {source.root: _id_kept(source, had) for source in found}
    owners = {kept[source.root]: source.device for source in found if kept[source.root] is not None}
    told = []
    for source in found:
        name = kept[source.root]
        if name is None:
            owner = owners.setdefault(source.id, source.device)
            name = source.id if owner == source.device else f"{source.id}{_AT}{source.root}"
        told.append(replace(source, id=name))
    return told


def _id_kept(source: Source, had: Mapping[tuple[Path, int], str]) -> str | None:
    former = had.get((source.root, source.device), "")
    return former if former == source.id or former.startswith(f"{source.id}{_AT}") else None


def why_missing(place: Path) -> Words | None:
    """Why there is nothing to look at in a place; None where it is a folder."""
    try:
        os.stat(f"{place}/.")  # noqa: PTH116 — a Path drops the dot. Of what is in it: a plain file, or a folder nobody may enter, is none.
    except OSError as error:
        return reason_of(error)
    return None


def _label(root: Path, is_ambiguous: bool) -> str:
    return str(root).strip("/") if is_ambiguous else root.name
