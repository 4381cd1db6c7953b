"""What can keep footage on the device, as one tree.

    DockError                           (an IngestError)
    ├── FileLeft                        one file stays where it is; the others go on
    │   ├── SourceUnreadable            permission, a dying card, a card pulled out
    │   ├── SourceChanged               it was written to while it was being taken over
    │   ├── TransferRefused             the archive will not take this file
    │   ├── NoProgress                  nothing moved for as long as we were told to wait
    │   ├── CustodyFailed               all bytes arrived, and the archive could not seal them
    │   ├── ReceiptRejected             a receipt that does not speak of these bytes, or is not the archive's
    │   └── RemovalFailed               received, but the device would not let go of it
    ├── DockStopped                     nothing more can be done in this run
    │   ├── CredentialMissing           neither a token nor a key was named, or both
    │   ├── TokenUnusable               no station token in the file
    │   ├── KeyUnusable                 a key or certificate file that holds none
    │   ├── ConfigUnusable              a configuration file that cannot be followed
    │   ├── RateUnreadable              no limit like "08:00-18:00 2 MiB/s"
    │   ├── AddressUnusable             not an http:// or https:// address
    │   ├── AddressInTheClear           plain http to another machine, where nobody said that this is meant
    │   ├── FolderUnusable              no such folder, or not a folder
    │   ├── StateUnusable               the agent's own notes cannot be read or written
    │   ├── StateInUse                  another agent works on this folder now
    │   ├── EnrolmentRefused            the archive does not take this code, or this key
    │   ├── StationRefused              401 or 403: unknown or revoked credential
    │   ├── ArchiveKeyDiffers           the server does not hold the key that was handed over at enrolment
    │   └── Interrupted                 somebody asked the agent to stop
    └── Answer                          never leaves the package: what the protocol does next
        ├── TryAgain                    connection cut, 5xx, 429, 409 …
        │   └── NotSealedYet            all is well, the receipt takes its time
        └── UploadGone                  404 or 410, or another station's: begin a new upload

Each carries its facts as attributes; `str()` says what is wrong and, where a person can do something, what.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ingest.errors import IngestError


@dataclass(frozen=True, slots=True)
class Words:
    """A reason in both languages, as the archive's problem documents give it. `str()` is the English one."""

    en: str
    zh: str

    def __str__(self) -> str:
        return self.en


class DockError(IngestError):
    """Anything that the docking-station agent raises on purpose."""


class FileLeft(DockError):
    """One file stays on the device. Nothing of it was removed."""


class SourceUnreadable(FileLeft):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"cannot read {name}: {reason}; check the card and its permissions, then run again")
        self.name = name
        self.reason = reason


class SourceChanged(FileLeft):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is still being written; it is taken over when it no longer changes: run again")
        self.name = name


class TransferRefused(FileLeft):
    def __init__(self, status: int, detail: Words) -> None:
        super().__init__(f"the archive refused the file (HTTP {status}): {detail}")
        self.status = status
        self.detail = detail


class NoProgress(FileLeft):
    """`reason` is the last thing that stood in the way."""

    def __init__(self, waited_seconds: float, reason: Words) -> None:
        super().__init__(f"no progress for {waited_seconds:.0f} s ({reason}); run again: it goes on where it stopped")
        self.waited_seconds = waited_seconds
        self.reason = reason


class CustodyFailed(FileLeft):
    def __init__(self, upload_id: str, reason: Words) -> None:
        super().__init__(f"the archive could not seal upload {upload_id}: {reason}; run again to send it anew")
        self.upload_id = upload_id
        self.reason = reason


class ReceiptRejected(FileLeft):
    def __init__(self, upload_id: str, reason: str) -> None:
        super().__init__(f"receipt of upload {upload_id} not accepted: {reason}; keep the file, tell the archive")
        self.upload_id = upload_id
        self.reason = reason


class RemovalFailed(FileLeft):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} was received but cannot be removed: {reason}; its receipt is kept: run again")
        self.name = name
        self.reason = reason


class DockStopped(DockError):
    """Nothing more can be done in this run; what was acknowledged stays acknowledged."""


class CredentialMissing(DockStopped):
    def __init__(self) -> None:
        super().__init__("no station credential: name one of --station-key-file and --station-token-file")


class TokenUnusable(DockStopped):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"station token file {path}: {reason}; get one with: liuhen admin station enrol NAME --json")
        self.path = path
        self.reason = reason


class KeyUnusable(DockStopped):
    """`reason` says what the file should hold."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"key file {path}: {reason}")
        self.path = path
        self.reason = reason


class ConfigUnusable(DockStopped):
    """`reason` names the member."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"configuration {path}: {reason}; docs/docking.md has an example")
        self.path = path
        self.reason = reason


class RateUnreadable(DockStopped):
    def __init__(self, text: str) -> None:
        super().__init__(
            f'{text!r} is no limit; write one like "08:00-18:00 2 MiB/s", "18:00-08:00 unlimited" or "07:00-08:00 stop"'
        )
        self.text = text


class AddressUnusable(DockStopped):
    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url!r} is no address of an archive: {reason}; it looks like http://127.0.0.1:8000")
        self.url = url
        self.reason = reason


class AddressInTheClear(DockStopped):
    def __init__(self, url: str) -> None:
        super().__init__(
            f"{url} is plain http: whoever is on the way can read the code, enrol a key of his own with it, and put "
            "another archive's receipt key in its place. Use https; where the way is trusted, say --in-the-clear"
        )
        self.url = url


class FolderUnusable(DockStopped):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"folder {path}: {reason}")
        self.path = path
        self.reason = reason


class StateUnusable(DockStopped):
    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"the agent's notes in {path} cannot be used: {reason}; make room or name another place with --state. "
            "No footage is lost: files are sent again, and the archive knows them",
        )
        self.path = path
        self.reason = reason


class StateInUse(DockStopped):
    def __init__(self, path: Path) -> None:
        super().__init__(f"another agent works with {path} now; wait for it to end")
        self.path = path


class StationRefused(DockStopped):
    def __init__(self, status: int, detail: Words) -> None:
        super().__init__(
            f"the archive refused this station (HTTP {status}): {detail}; its credential is unknown or revoked: "
            "ask the archive's administrator to enrol it",
        )
        self.status = status
        self.detail = detail


class EnrolmentRefused(DockStopped):
    def __init__(self, status: int, detail: Words) -> None:
        super().__init__(
            f"the archive did not enrol this station (HTTP {status}): {detail}; ask its administrator for a new code"
        )
        self.status = status
        self.detail = detail


class ArchiveKeyDiffers(DockStopped):
    """Key ids are hex SHA-256 of the SPKI. `found` is empty when the server gave no key at all."""

    def __init__(self, pinned: str, found: str) -> None:
        super().__init__(
            f"this server's receipt key is {found or 'not a key'}, the one handed over at enrolment is {pinned}: "
            "this may be another archive or somebody posing as it. Nothing was sent or removed",
        )
        self.pinned = pinned
        self.found = found


class Interrupted(DockStopped):
    def __init__(self) -> None:
        super().__init__("stopped on request; run again: it goes on where it stopped")


class Answer(DockError):
    """An answer, or the lack of one, that says what to do next."""


class TryAgain(Answer):
    """`retry_after_seconds` is what the server asked for, 0 when it did not say."""

    def __init__(self, reason: Words, retry_after_seconds: float = 0.0) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class NotSealedYet(TryAgain):
    """The server is there and at work: its own word on when to ask again is better than growing pauses."""


class UploadGone(Answer):
    def __init__(self, upload_id: str) -> None:
        super().__init__(f"the archive does not know upload {upload_id}")
        self.upload_id = upload_id
