"""How the agent's notes lie on the disk: the tables, how a change becomes durable, and earlier releases' notes."""

from __future__ import annotations

import sqlite3

VERSION = 5

# `upload_id` is its place: the id of the upload, after the name of its node and a slash where there is one.
_COLUMNS = """
    name          BLOB NOT NULL,
    size_bytes    INTEGER NOT NULL,
    mtime_ns      INTEGER NOT NULL,
    ctime_ns      INTEGER NOT NULL,
    inode         INTEGER NOT NULL,
    sha256        BLOB NOT NULL,
    sm3           BLOB NOT NULL,
    chunk_root    BLOB NOT NULL,
    archive       TEXT NOT NULL,
    credential    TEXT NOT NULL,
    upload_id     TEXT NOT NULL,
    phase         TEXT NOT NULL,
    creation_key  TEXT NOT NULL,
    misread       INTEGER NOT NULL DEFAULT 0
"""
# Removals cut off are asked for whenever a source is found: what is done with grows for years, and is not read then.
_BY_PHASE = "CREATE INDEX source_file_by_phase ON source_file (source, phase, name);"
# `witnesses` is a JSON object: [size, time of change] by name.
_DOCKING = "CREATE TABLE docking (source BLOB PRIMARY KEY, number TEXT NOT NULL, witnesses TEXT NOT NULL) STRICT;"
_TABLE = f"""
CREATE TABLE source_file (source BLOB NOT NULL, {_COLUMNS}, PRIMARY KEY (source, name)) STRICT, WITHOUT ROWID;
{_BY_PHASE}
{_DOCKING}
"""
_KEYS = "lower(hex(randomblob(16)))"
_MOVE = f"ALTER TABLE source_file RENAME TO source_file_before;{_TABLE}INSERT INTO source_file "
# By the version that is found: what makes it the present one.
_STEPS = {
    0: _TABLE,
    # Notes were one folder's; from 2 on they are of several sources. DockState.adopt gives them to theirs.
    1: _MOVE + f"SELECT x'', *, {_KEYS}, 0 FROM source_file_before; DROP TABLE source_file_before;",  # noqa: S608  our own words
    # From 3 on each has a name for the creation of its upload.
    2: _MOVE + f"SELECT *, {_KEYS}, 0 FROM source_file_before; DROP TABLE source_file_before;",  # noqa: S608  our own words
    # From 4 on each counts how often its card was read otherwise than it had been, each phase has an index.
    3: f"ALTER TABLE source_file ADD COLUMN misread INTEGER NOT NULL DEFAULT 0; {_BY_PHASE} {_DOCKING}",
    # From 5 on a docking has a number.
    4: _DOCKING,
}


class NotesOfAnotherRelease(ValueError):
    """`version` is that of their tables."""

    def __init__(self, version: int) -> None:
        super().__init__(f"they were written by another release (version {version})")
        self.version = version


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make each commit durable when it returns, and the tables those of this release, in one transaction.

    Raises sqlite3.Error, or NotesOfAnotherRelease.
    """
    # The notes have one holder (its lock is beside them), so their index needs no memory shared with others.
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL syncs the log at each commit. EXTRA is the same under WAL, and syncs the folder where WAL is refused.
    connection.execute("PRAGMA synchronous = EXTRA")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == VERSION:
        return
    if version not in _STEPS:
        raise NotesOfAnotherRelease(version)
    connection.executescript(f"BEGIN IMMEDIATE; {_STEPS[version]} PRAGMA user_version = {VERSION}; COMMIT")
