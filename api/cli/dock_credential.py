"""With which credential, and at which address: said on the command line, in the key file, or by default."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.dock.credential import StationCredential

LOCAL = "http://127.0.0.1:8000"
"""Where an archive of this machine is, as `liuhen up` starts it: for a token, which names no address."""


def choose_credential(
    token_file: Path | None, key_file: Path | None, url: str, tls: ssl.SSLContext | None
) -> tuple[StationCredential, str]:
    """The credential and the archive's address. A replacement of the key that was cut off is brought to its end first.

    Raises CredentialMissing or CredentialAmbiguous unless exactly one file is named, TokenUnusable, KeyUnusable,
    StationRefused, TryAgain.
    """
    from ingest.dock.enrolment import settle_rotation
    from ingest.dock.errors import CredentialAmbiguous, CredentialMissing
    from ingest.dock.key_file import read_enrolled_key
    from ingest.dock.token import read_station_token

    if token_file is not None and key_file is not None:
        raise CredentialAmbiguous
    if token_file is not None:
        return read_station_token(token_file), url or LOCAL
    if key_file is None:
        raise CredentialMissing
    held = read_enrolled_key(key_file)
    held = settle_rotation(key_file, held, url, tls)
    return held.credential(), url or held.url


def is_usage(error: Exception) -> bool:
    """Whether what was asked for cannot be done at all, rather than not now."""
    from ingest.dock.errors import (
        AddressInTheClear,
        AddressUnusable,
        ConfigUnusable,
        CredentialAmbiguous,
        CredentialMissing,
        FingerprintUnreadable,
        FolderUnusable,
        KeyUnusable,
        RateUnreadable,
        TokenUnusable,
    )

    no_such_folder = isinstance(error.__cause__, FileNotFoundError | NotADirectoryError)
    misused = isinstance(
        error,
        AddressInTheClear
        | AddressUnusable
        | ConfigUnusable
        | CredentialAmbiguous
        | CredentialMissing
        | FingerprintUnreadable
        | KeyUnusable
        | RateUnreadable
        | TokenUnusable,
    )
    return misused or (isinstance(error, FolderUnusable) and no_such_folder)
