"""The roots of one key store, opened as they are needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from storage.key_errors import KeyStoreMissing, RootKeyError, RootUnknown
from storage.roots import records
from storage.roots.holders import RootAccess, open_root
from storage.roots.names import FIRST, ROOT_BYTES
from storage.roots.root_key import RootKey

Result = TypeVar("Result")


class Roots:
    """Which root is current is read from the disk each time: one process changes it, all others go on with the new.

    A root stays open, for a passphrase takes its time; one that is gone from the disk is forgotten when the next opens.
    """

    def __init__(self, folder: Path, access: RootAccess) -> None:
        self.folder = folder
        self.access = access
        self._opened: dict[str, RootKey] = {}
        self._opening = threading.Lock()

    def current(self) -> RootKey:
        """The root that wraps new keys. Raises KeyStoreMissing, RootKeyError, KeyStoreDamaged."""
        return self._with_current(lambda root: root)

    def require_usable(self) -> None:
        """Return where the current root wraps and unwraps now. Raises as `current`."""
        self._with_current(lambda root: root.unwrap(root.wrap(bytes(ROOT_BYTES))))
        self.forget_gone()

    def _with_current(self, work: Callable[[RootKey], Result]) -> Result:
        root_id = records.current_id(self.folder)
        while True:
            try:
                return work(self.named(root_id))
            except RootKeyError as error:
                again = records.current_id(self.folder)
                if again == root_id:
                    if root_id == FIRST and isinstance(error, RootUnknown):
                        raise KeyStoreMissing(str(self.folder)) from error
                    raise
                root_id = again  # Another process changed it, and destroyed what was current a moment ago.

    def named(self, root_id: str) -> RootKey:
        """Raises RootUnknown where nothing is here of that root."""
        opened = self._opened.get(root_id)
        if opened is not None:
            return opened
        with self._opening:
            if root_id not in self._opened:
                record = records.find_record(self.folder, root_id)
                if record is None:
                    raise RootUnknown(str(self.folder), root_id)
                self.forget_gone()
                self._opened[root_id] = open_root(self.folder, record, self.access)
            return self._opened[root_id]

    def forget_gone(self) -> None:
        """Have no root in memory of which nothing is on the disk any more."""
        for root_id in tuple(self._opened):
            if not records.record_path(self.folder, root_id).exists():
                self._opened.pop(root_id, None)
