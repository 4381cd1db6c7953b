"""SoftHSM 2, as Debian has it: tokens in a folder of the test run, spoken to as any PKCS#11 token is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN = "liuhen-tests"
PIN = "a PIN of the tests, 1234"
SO_PIN = "so-12345678"


def make_token(label: str, pin: str = PIN) -> None:
    """A new token, which a library that is loaded already sees when it begins anew."""
    words = ("--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", pin)
    subprocess.run(["softhsm2-util", *words], check=True, stdout=subprocess.DEVNULL)


def tokens_folder() -> Path:
    return Path(os.environ["SOFTHSM2_CONF"]).with_name("tokens")


@contextmanager
def running_softhsm(folder: Path) -> Iterator[None]:
    """This process and its children find the tokens in `folder`, and TOKEN among them."""
    assert MODULE.exists(), "softhsm2 is not installed: run tests/debian-packages"
    (folder / "tokens").mkdir(mode=0o700)
    (folder / "softhsm2.conf").write_text(
        f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        make_token(TOKEN)
        yield
