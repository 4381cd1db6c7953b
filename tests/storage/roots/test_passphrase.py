"""A root sealed with a passphrase, opened by many at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from storage.roots.passphrase import RECOMMENDED, open_root_with, seal_root

PASSPHRASE = "correct horse battery"
# In a process of its own: what goes wrong here goes wrong by never ending.
MANY_AT_ONCE = f"""
import os, sys, threading
from storage.roots.passphrase import open_root_with, seal_root
facts, found = seal_root(bytes(range(32)), {PASSPHRASE!r}), []
def open_often():
    for _ in range(3):
        found.append(open_root_with(facts, {PASSPHRASE!r}))
threads = [threading.Thread(target=open_often) for _ in range(6)]
for thread in threads:
    thread.start()
child = os.fork()  # while they are at it
if not child:
    os._exit(0 if open_root_with(facts, {PASSPHRASE!r}) == bytes(range(32)) else 1)
for thread in threads:
    thread.join()
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert found == [bytes(range(32))] * 18, found
"""


def test_many_who_open_it_at_once_all_get_it() -> None:
    argv = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", MANY_AT_ONCE]
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("passphrase", "opened"), [(PASSPHRASE, bytes(32)), ("another passphrase", None)])
def test_another_passphrase_opens_nothing(passphrase: str, opened: bytes | None) -> None:
    assert open_root_with(seal_root(bytes(32), PASSPHRASE, RECOMMENDED), passphrase) == opened
