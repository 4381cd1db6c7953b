"""The same walls when an ordinary user puts them up. A suite run by root becomes nobody for it, in another process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NOBODY = 65534
SCRIPT = """
import importlib, json, os, sys
from pathlib import Path
from ingest.media.layout import SYSTEM_LIBRARIES
from ingest.media.errors import SandboxFailed
from ingest.media.sandbox import Job, Limits, Program
home = Path(sys.argv[1])
media = home / "media"
media.write_bytes(b"footage"); media.chmod(0o600)
python = Program(Path(sys.executable).resolve(), tuple(Path(n) for n in SYSTEM_LIBRARIES if os.path.lexists(n)))
answers = {"uid": os.getuid()}
for module, name in (("bubblewrap", "BubblewrapSandbox"), ("namespaces", "NamespaceSandbox")):
    out = home / module
    out.mkdir()
    sandbox = getattr(importlib.import_module(f"ingest.media.{module}"), name)()
    try:
        look = sandbox.run(Job(python, ("-I", "-S", "-c", sys.argv[2]), media=media, out=out))
        loop = sandbox.run(Job(python, ("-c", "while True: pass"), limits=Limits(deadline_seconds=0.5)))
        answers[module] = {"view": json.loads(look.stdout), "loop": loop.stopped, "left": sorted(os.listdir(out))}
    except SandboxFailed as error:
        answers[module] = {"failed": error.reason}
print(json.dumps(answers))
"""


@pytest.fixture(scope="module")
def seen() -> Iterator[dict[str, dict[str, object]]]:
    if os.getuid() != 0:
        pytest.skip("this suite runs as an ordinary user already, so test_sandbox.py shows it")
    python = shutil.which("python3", path="/usr/local/bin:/usr/bin")
    setpriv = shutil.which("setpriv", path="/usr/bin")
    if python is None or setpriv is None:
        pytest.skip("needs a Python that everybody may run, and setpriv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        # The checkout may lie where nobody can look; these modules need nothing but the standard library.
        shutil.copytree(ROOT / "ingest" / "media", folder / "ingest" / "media")
        for part in ("__init__.py", "errors.py"):
            shutil.copy(ROOT / "ingest" / part, folder / "ingest" / part)
        home = folder / "home"
        home.mkdir(mode=0o700)
        os.chown(home, NOBODY, NOBODY)
        become = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all"]
        view = (Path(__file__).with_name("inside_view.py")).read_text()
        command = [*become, python, "-c", SCRIPT, str(home), view]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env={"PATH": "/usr/bin"})
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout)


@pytest.mark.parametrize("name", ["bubblewrap", "namespaces"])
def test_an_ordinary_user_gets_the_same_walls(seen: dict[str, dict[str, object]], name: str) -> None:
    assert seen["uid"] == NOBODY
    if name == "bubblewrap" and "failed" in seen[name] and not shutil.which("bwrap", path="/usr/bin"):
        pytest.skip(str(seen[name]["failed"]))
    view = seen[name]["view"]
    assert isinstance(view, dict)
    assert view["in"] in (["media"], "EACCES")
    assert view["beside"] == [".."]
    assert view["etc"] == []
    assert view["read /in/media"] == "DONE"
    assert view["write /out/new"] == "DONE"
    allowed = ("DONE", "read /in/media", "write /out/new")
    done = [deed for deed, outcome in view.items() if outcome == "DONE" and deed not in allowed]
    assert done == []
    assert view["capabilities"] == [0, 0, 0, 0]
    assert view["descriptors"] == []
    assert seen[name]["loop"] == "deadline"
    assert seen[name]["left"] == ["new"]
