"""How a package fails: at which step, in which file, and the two values that differ where there are two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from integrity.errors import (
    DigestMismatch,
    EvidenceContradiction,
    EvidenceError,
    KeyNotPinned,
    PackageError,
    SizeMismatch,
)
from integrity.package.layout import is_possible_file


@dataclass(eq=False)
class PackageInvalid(EvidenceError):
    """The package does not hold. What exactly was found is the error it comes from (`__cause__`).

    `step` is a number in `verify_package`, `path` the file inside the package. `expected` and `found` are digests in
    hex where the content of a file changed, key ids where the key is another, and None where nothing was compared.
    """

    step: int
    path: str
    reason: str
    expected: str | None = None
    found: str | None = None

    def __str__(self) -> str:
        return f"step {self.step}, {self.path}: {self.reason}"


class FailedIn(Exception):
    """Carries the name of the file from where it is known to where the step is."""

    def __init__(self, path: str, error: EvidenceError) -> None:
        super().__init__(path)
        self.path = path
        self.error = error


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Say that what fails inside is about the file `path`, unless the failure itself names a file."""
    try:
        yield
    except EvidenceError as error:
        raise FailedIn(_named_path(error) or path, error) from error


@contextmanager
def failing_at(step: int, path: str) -> Iterator[None]:
    """Turn what is wrong with evidence inside into PackageInvalid at `step`, about `path` unless it names a file."""
    try:
        with naming(path):
            yield
    except FailedIn as failure:
        expected, found = _compared(failure.error)
        raise PackageInvalid(step, failure.path, str(failure.error), expected, found) from failure.error


def _named_path(error: EvidenceError) -> str | None:
    """The file an error names itself: in `path`, or in `what` where the artefact spoken of is a file of a package."""
    what = getattr(error, "path", None) or getattr(error, "what", None)
    known = isinstance(error, DigestMismatch | SizeMismatch | PackageError)
    return what if isinstance(what, str) and (known or is_possible_file(what)) else None


def _compared(error: EvidenceError) -> tuple[str | None, str | None]:
    match error:
        case DigestMismatch() | EvidenceContradiction():
            return error.expected, error.found
        case SizeMismatch():
            return f"{error.expected_bytes} bytes", f"{error.found_bytes} bytes"
        case KeyNotPinned():
            return ", ".join(error.pinned), error.key_id
        case _:
            return None, None
