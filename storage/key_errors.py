"""What can go wrong with keys, on the trunk of storage/errors.py: the key store, its root, and printed shares.

StorageError
├── KeyStoreError
│   ├── KeyStoreMissing         no key store in this folder
│   ├── KeyStoreExists          a root key is never written over another
│   ├── KeyExposed              a key file or its folder that others may read
│   ├── KeyStoreUnusable        the disk does not let us read or write keys
│   ├── KeyStoreDamaged         a key file that does not hold what it should
│   ├── KeyMissing              the key-encryption key is not here: destroyed, or another store's
│   ├── UnwrapFailed            the wrapped key was changed, or another key wrapped it
│   └── RootKeyError
│       ├── RootUnknown         a key names a root key of which nothing is here
│       ├── RootRefused         what was wrapped does not open under a root: changed, or another's
│       ├── RootSecretMissing   nobody gave the passphrase, key or PIN
│       ├── RootSecretWrong     what is given opens another root, or none
│       ├── RootSecretUnusable  what is given cannot hold a new root
│       ├── TokenUnusable       the token, its library or the key in it is not there
│       └── TokenLocked         too many wrong PINs were shown to it
└── SharesError
    ├── ShareDamaged            a share that was mistyped
    ├── SharesDiffer            a share of another key, or two under one number
    ├── SharesTooFew            fewer than it takes
    ├── NoSharesMade            of this key store there are no shares
    └── SharesGiveNoKey         they are whole, and do not belong to each other
"""

from __future__ import annotations

from dataclasses import dataclass

from storage.errors import StorageError


@dataclass(eq=False)
class KeyStoreError(StorageError):
    """Something about the key store at `path` did not work; no key was changed."""

    path: str


@dataclass(eq=False)
class KeyStoreMissing(KeyStoreError):
    """There is no root key here. A new one would open nothing that was sealed before, so none is made silently."""

    def __str__(self) -> str:
        return f"no key store at {self.path}: restore it from its own backup, or create one for a new archive"


@dataclass(eq=False)
class KeyStoreExists(KeyStoreError):
    """There is a root key already, and recordings hang on it."""

    def __str__(self) -> str:
        return f"a key store exists at {self.path}; its root key is never written over"


@dataclass(eq=False)
class KeyExposed(KeyStoreError):
    """The file or folder at `path` has mode `mode` (octal): others than its owner may get at keys."""

    mode: str

    def __str__(self) -> str:
        return (
            f"{self.path} has mode {self.mode}, so others can get at the keys in it: "
            f"run chmod go= {self.path}, and find out who could have read it"
        )


@dataclass(eq=False)
class KeyStoreUnusable(KeyStoreError):
    """The disk under the key store does not work for us; `reason` is the system's own word."""

    reason: str

    def __str__(self) -> str:
        return f"key store: {self.path}: {self.reason}"


@dataclass(eq=False)
class KeyStoreDamaged(KeyStoreError):
    """A key file that does not hold what it should."""

    reason: str

    def __str__(self) -> str:
        return f"key file {self.path}: {self.reason}; restore it from the key store's backup"


@dataclass(eq=False)
class KeyMissing(KeyStoreError):
    """The key-encryption key `kek_id` is not in this store."""

    kek_id: str

    def __str__(self) -> str:
        return f"key {self.kek_id} is not in {self.path}: destroyed with its recordings, or of another store"


@dataclass(eq=False)
class UnwrapFailed(KeyStoreError):
    """The wrapped key does not open under `kek_id`."""

    kek_id: str

    def __str__(self) -> str:
        return f"a key wrapped under {self.kek_id} does not open: it was changed, or another key wrapped it"


@dataclass(eq=False)
class RootKeyError(KeyStoreError):
    """Something about a root key did not work. All keys are where they were, and open as soon as it does."""


@dataclass(eq=False)
class RootUnknown(RootKeyError):
    root_id: str

    def __str__(self) -> str:
        return f"root key {self.root_id} is not in {self.path}: restore the key store from its backup, whole"


@dataclass(eq=False)
class RootRefused(RootKeyError):
    """`path` is the root's id here: whoever asked it knows what did not open."""

    def __str__(self) -> str:
        return f"what was wrapped does not open under root key {self.path}"


@dataclass(eq=False)
class RootSecretMissing(RootKeyError):
    """`path`: the file or the variable that it was looked for in. Never what stood there."""

    variable: str
    reason: str

    def __str__(self) -> str:
        return (
            f"the root key does not open, {self.path}: {self.reason}; "
            f"set {self.variable}_FILE to the file that has the secret"
        )


@dataclass(eq=False)
class RootSecretWrong(RootKeyError):
    """`path`: where the secret was read."""

    variable: str
    root_id: str

    def __str__(self) -> str:
        return (
            f"root key {self.root_id} does not open with what {self.path} gives: put the right secret there; "
            "if it is lost, `liuhen keys recover` takes the printed shares"
        )


@dataclass(eq=False)
class RootSecretUnusable(RootKeyError):
    """`path`: where the secret was read."""

    variable: str
    reason: str

    def __str__(self) -> str:
        return f"what {self.path} gives cannot hold a root key: {self.reason}"


@dataclass(eq=False)
class TokenUnusable(RootKeyError):
    """`path`: the label of the token, or of the key in it; `reason` is the library's own word."""

    reason: str

    def __str__(self) -> str:
        return (
            f"PKCS#11 token {self.path}: {self.reason}; see that it is connected, and what LIUHEN_PKCS11_MODULE names; "
            "if it is lost, `liuhen keys recover` takes the printed shares"
        )


@dataclass(eq=False)
class TokenLocked(RootKeyError):
    """`path`: its label."""

    def __str__(self) -> str:
        return f"PKCS#11 token {self.path} is locked after wrong PINs: unlock it with its security officer's PIN"


@dataclass(eq=False)
class SharesError(StorageError):
    """Something about shares that were entered. Nothing was changed; what was typed is never shown."""


@dataclass(eq=False)
class ShareDamaged(SharesError):
    """`place`: the how-manieth that was entered; `number`: what it says of itself, where that can be read."""

    place: int
    number: int | None

    def __str__(self) -> str:
        named = "" if self.number is None else f", which says that it is share {self.number},"
        return f"the share entered at place {self.place}{named} is mistyped or incomplete: compare it with the paper"


@dataclass(eq=False)
class SharesDiffer(SharesError):
    """`named`: those that do not fit, as recovery id and number."""

    recovery_id: str
    named: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"not of one set of shares of recovery key {self.recovery_id}: {', '.join(self.named)}; "
            "take those away, and enter others"
        )


@dataclass(eq=False)
class SharesTooFew(SharesError):
    recovery_id: str
    wanted: int
    found: int

    def __str__(self) -> str:
        return f"{self.found} shares of recovery key {self.recovery_id}, and it takes {self.wanted}"


@dataclass(eq=False)
class NoSharesMade(SharesError):
    path: str

    def __str__(self) -> str:
        return f"no shares were ever made of the key store at {self.path}, or its recovery.json is lost: restore it"


@dataclass(eq=False)
class SharesGiveNoKey(SharesError):
    """`numbers`: those that were tried together."""

    recovery_id: str
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.numbers))
        return (
            f"shares {numbers} are whole, and do not give recovery key {self.recovery_id}: one of them is not genuine"
        )
