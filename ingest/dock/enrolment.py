"""A key of the station's own: enrolled with a one-time code, replaced; on disk before the archive hears of it.

An answer may be lost at any moment. Asking again with the same code and key gives the same answer; of a replacement,
the one of the two keys that the archive still takes says whether it had happened. With the new key it counts only when
the archive names this very station: under a key that is another's there, everything would be signed as the other.
"""

from __future__ import annotations

import re
import shlex
import ssl
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from ingest.dock.archive import Archive
from ingest.dock.connection import checked_address, is_open_to_listeners
from ingest.dock.errors import (
    AddressInTheClear,
    ArchiveKeyDiffers,
    FingerprintUnreadable,
    KeyNotOurs,
    KeyUnusable,
    NotEnrolledYet,
    StationRefused,
)
from ingest.dock.key_file import StationKeyFile, read_enrolled_key, read_key_file, write_key_file
from ingest.dock.words import Words
from integrity.keys import SigningKey

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def enrol_this_station(
    url: str,
    code: str,
    path: Path,
    expected_receipt_key: str = "",
    tls: ssl.SSLContext | None = None,
    *,
    in_the_clear: bool = False,
) -> StationKeyFile:
    """Make a key in `path` and have the archive at `url` enrol it; what the file then holds.

    `expected_receipt_key` is what the administrator was shown beside the code, where it is at hand. `in_the_clear`:
    plain http to another machine is meant so. Raises AddressInTheClear, KeyUnusable (also when an enrolled key is there
    already), FingerprintUnreadable, NoArchiveThere, NotEnrolledYet, ArchiveKeyDiffers, EnrolmentRefused,
    TryAgain.
    """
    if is_open_to_listeners(checked_address(url)) and not in_the_clear:
        raise AddressInTheClear(url)
    expected = _fingerprint(expected_receipt_key)
    held = _begin_file(path, url)
    with closing(Archive(url, None, tls)) as archive:
        _require_archive(archive, expected)
        said = archive.enrol_key(code, held.key)
    if expected and said.receipt_key != expected:
        raise ArchiveKeyDiffers(expected, said.receipt_key)
    enrolled = replace(
        held, station_id=said.station_id, name=said.name, receipt_key=said.receipt_key, ledger_vkey=said.ledger_vkey
    )
    write_key_file(path, enrolled)
    return enrolled


def _fingerprint(text: str) -> str:
    """As key ids are written, 64 hex digits in lower case; empty stays empty. Raises FingerprintUnreadable."""
    digits = "".join(text.split()).replace(":", "").lower()
    if digits and not _FINGERPRINT.fullmatch(digits):
        raise FingerprintUnreadable(text)
    return digits


def _require_archive(archive: Archive, expected: str) -> None:
    """Before the code is sent: with a wrong address, or a misread fingerprint, nothing is used up.

    It proves no more than that: a public key is anybody's to repeat. Raises NoArchiveThere, NotEnrolledYet, TryAgain.
    """
    found = archive.read_receipt_key().key_id
    if expected and found != expected:
        raise NotEnrolledYet(expected, found)


def _begin_file(path: Path, url: str) -> StationKeyFile:
    """The file of an attempt whose answer was lost, or else a new one."""
    if path.exists():
        held = read_key_file(path)
        if held.is_enrolled:
            raise KeyUnusable(path, _held_already(path, held.name))
        held = replace(held, url=url)
    else:
        held = StationKeyFile(url, SigningKey.generate())
    write_key_file(path, held)
    return held


def _held_already(path: Path, name: str) -> Words:
    """It is moved by hand, not written over: until a new code is used it is what the station goes by."""
    away = f"mv {shlex.quote(str(path))} {shlex.quote(str(path))}.old"
    return Words(
        f"holds the key of station {name} already. To enrol anew with a code, move it away first and run the same "
        f"command again: {away}; the code was not sent and is still good. For another key of the same station without "
        "a code: liuhen dock rotate-key",
        f"其中已是工作站“{name}”的密钥。要用一次性代码重新登记，请先把它移开，再运行同一命令：{away}；代码没有发出，仍可使用。"
        "只是更换本站密钥、手头没有代码时，用 liuhen dock rotate-key",
    )


def rotate_key(path: Path, url: str = "", tls: ssl.SSLContext | None = None) -> StationKeyFile:
    """Replace the key in `path`, or finish a replacement that was cut off; what the file then holds.

    Raises KeyUnusable, TryAgain, StationRefused when the archive takes neither key, KeyNotOurs.
    """
    held = read_enrolled_key(path)
    if held.next_key is None:
        held = replace(held, next_key=SigningKey.generate())
        write_key_file(path, held)
    return settle_rotation(path, held, url, tls)


def settle_rotation(
    path: Path, held: StationKeyFile, url: str = "", tls: ssl.SSLContext | None = None
) -> StationKeyFile:
    """Bring a replacement that was begun to its end. Raises as `rotate_key`."""
    if held.next_key is None:
        return held
    try:
        with closing(Archive(url or held.url, held.credential(), tls)) as archive:
            archive.replace_key(held.next_key, held.station_id)
    except KeyNotOurs:
        # The former key counts still, so this one never will: the next attempt makes another.
        write_key_file(path, replace(held, next_key=None))
        raise
    except StationRefused:
        # It may have happened, and the answer been lost: then the new key is the one that counts. It is kept whatever
        # is said: an archive of an earlier release cannot say whose it is.
        with closing(Archive(url or held.url, held.credential(held.next_key), tls)) as archive:
            archive.confirm_key(held.next_key, held.station_id)
    settled = replace(held, key=held.next_key, next_key=None)
    write_key_file(path, settled)
    return settled
