"""Which files came off one recorder: the archive is told by an opaque name that they share.

A source is one recorder for as long as its card is in (docking.py), unless the names in it tell of several devices:
then it is an export, and each device's files are a group. The name is a digest of a number drawn for the docking:
neither a path nor a card's serial number leaves the station.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping

from ingest.dock.source import SourceFile
from ingest.metadata.file_name import claims_from_name


def group_files(files: Iterable[SourceFile], docking: str) -> Mapping[str, str]:
    """The group of each file by name; 32 hex digits, the same for as long as the docking is."""
    files = tuple(files)
    device_of = {file.name: _device_named_by(file.name) for file in files}
    several = len({device for device in device_of.values() if device}) > 1
    return {file.name: _group(docking, device_of[file.name] if several else "") for file in files}


def _device_named_by(name: str) -> str:
    claim = claims_from_name(name).best("device")
    return str(claim.value) if claim else ""


def _group(docking: str, device: str) -> str:
    key = b"liuhen-dock-group\0" + docking.encode() + b"\0" + os.fsencode(device)
    return hashlib.sha256(key).hexdigest()[:32]
