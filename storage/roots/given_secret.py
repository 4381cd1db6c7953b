"""Passphrases, keys and PINs that somebody gives the process: by a variable or a file, never on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from storage.key_errors import RootSecretMissing

_LIMIT_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class GivenSecret:
    """What `variable` holds, or the file that `variable`_FILE names. A file is read anew at each use: what is written
    into it counts from then on, in every process."""

    variable: str
    value: str | None = field(default=None, repr=False)
    file: Path | None = None

    def lines(self) -> tuple[str, ...]:
        """Each line that is not empty: while one secret takes another's place, the new one stands above the old.

        Raises RootSecretMissing.
        """
        found = tuple(line for line in (each.strip() for each in self._text().splitlines()) if line)
        if not found:
            raise RootSecretMissing(self.place, self.variable, "it is empty")
        return found

    def words(self) -> tuple[str, ...]:
        """The same where a secret has no spaces in it, and commas may stand between two."""
        return tuple(word for line in self.lines() for word in re.split(r"[\s,]+", line) if word)

    @property
    def place(self) -> str:
        """Where it is read, for a person: never what."""
        return self.variable if self.file is None else str(self.file)

    def _text(self) -> str:
        if self.file is None:
            if self.value is None:
                raise RootSecretMissing(self.place, self.variable, "it is not set")
            return self.value
        try:
            with self.file.open("rb") as file:
                content = file.read(_LIMIT_BYTES + 1)
            if len(content) > _LIMIT_BYTES:
                raise RootSecretMissing(self.place, self.variable, f"longer than {_LIMIT_BYTES} bytes")
            return content.decode("utf-8")
        except OSError as error:
            raise RootSecretMissing(self.place, self.variable, error.strerror or type(error).__name__) from error
        except UnicodeDecodeError:  # Its text shows bytes of the secret.
            raise RootSecretMissing(self.place, self.variable, "no text in UTF-8") from None
