"""The peer of sealing: the script that a careful custodian runs by hand, with the tools that every Debian has.

sha256sum F; openssl dgst -sm3 F
openssl enc -aes-256-ctr -pbkdf2 -pass file:K -in F -out E; cp E STORE; sync STORE/E
openssl enc -d … -in STORE/E | cmp - F
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from api.bench.errors import PeerFailed, PeerMissing
from storage.direct_io import drop_page_cache

_PACKAGES = {"sha256sum": "coreutils", "cp": "coreutils", "sync": "coreutils", "openssl": "openssl", "cmp": "diffutils"}
_COMPARE = ("cmp", "-")
_CIPHER = ("openssl", "enc", "-aes-256-ctr", "-pbkdf2")


def require_tools() -> None:
    """Raise PeerMissing for the first tool that is not on PATH."""
    for tool, package in _PACKAGES.items():
        if shutil.which(tool) is None:
            raise PeerMissing(tool, package)


def keep_by_hand(source: Path, folder: Path) -> None:
    """Run the script on `source` with its files in `folder`, which is fresh. Raises PeerFailed."""
    key, encrypted, store = folder / "K", folder / "E", folder / "STORE"
    key.write_text(secrets.token_hex(32) + "\n")
    store.mkdir()
    password = ("-pass", f"file:{key}")
    _run("sha256sum", str(source))
    _run("openssl", "dgst", "-sm3", str(source))
    _run(*_CIPHER, *password, "-in", str(source), "-out", str(encrypted))
    _run("cp", str(encrypted), str(store))
    _run("sync", str(store / "E"))
    forget(store / "E")
    _compare((*_CIPHER, "-d", *password, "-in", str(store / "E")), source)


def _run(*command: str) -> None:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PeerFailed(" ".join(command[:2]), done.returncode, done.stderr)


def _compare(decrypt: tuple[str, ...], source: Path) -> None:
    with subprocess.Popen(decrypt, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as decrypting:
        done = subprocess.run(
            (*_COMPARE, str(source)), stdin=decrypting.stdout, capture_output=True, text=True, check=False
        )
        if decrypting.stdout is not None:
            decrypting.stdout.close()
    if done.returncode != 0 or decrypting.returncode != 0:
        raise PeerFailed("openssl enc -d | cmp", done.returncode or decrypting.returncode, done.stderr + done.stdout)


def forget(path: Path) -> None:
    """Have the page cache let go of what it holds of a file: whoever reads it next reads the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        drop_page_cache(descriptor)
    finally:
        os.close(descriptor)
