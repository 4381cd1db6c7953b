"""`liuhen tsa` as a part of its own: what others check its tokens by is handed out, and no key."""

from __future__ import annotations

import subprocess
from pathlib import Path

from integrity.timestamp import request_timestamp
from tests.api.cli.test_up import command, environment


def test_its_pins_are_written_for_those_who_check_its_tokens(tmp_path: Path) -> None:
    socket, pins = tmp_path / "tsa.sock", tmp_path / "trust-tsa"
    words = ("tsa", "--address", str(socket), "--folder", str(tmp_path / "own"), "--pins", str(pins))
    contents = []
    for _ in range(2):  # again, as after a restart: the authority stays who it is
        process = subprocess.Popen(command(*words), env=environment(tmp_path), stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == f"unix://{socket}"
            assert request_timestamp(f"unix://{socket}", b"evidence", 20.0).der
            contents.append({path.name: path.read_bytes() for path in pins.iterdir()})
        finally:
            process.terminate()
            process.communicate(timeout=20)
    assert contents[0] == contents[1]
    assert set(contents[0]) == {"root.pem", "tsa.pem", "policy"}
    assert not any(b"PRIVATE" in content for content in contents[0].values())
