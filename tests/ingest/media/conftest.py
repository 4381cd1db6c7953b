"""Both sandboxes, real tools, clips made on the spot, and the corpus of real files."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.media.bubblewrap import BubblewrapSandbox
from ingest.media.errors import SandboxUnavailable
from ingest.media.layout import SYSTEM_LIBRARIES
from ingest.media.namespaces import NamespaceSandbox
from ingest.media.runner import MediaRunner, open_runner
from ingest.media.sandbox import Job, Limits, Program, Sandbox

SANDBOXES: dict[str, Callable[[], Sandbox]] = {"bubblewrap": BubblewrapSandbox, "namespaces": NamespaceSandbox}


def open_or_skip(name: str) -> MediaRunner:
    try:
        return open_runner("", prefer=SANDBOXES[name]())
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session", params=list(SANDBOXES))
def any_runner(request: pytest.FixtureRequest) -> MediaRunner:
    """Once for each sandbox: for what must hold in both."""
    return open_or_skip(request.param)


@pytest.fixture
def any_sandbox(any_runner: MediaRunner) -> Sandbox:
    return any_runner.sandbox


@pytest.fixture(scope="session")
def runner() -> MediaRunner:
    """Whichever the archive would take: for what does not depend on it."""
    return open_runner("")


@pytest.fixture(scope="session")
def corpus() -> Path:
    folder = os.environ.get("LIUHEN_CORPUS")
    if not folder:
        pytest.skip("LIUHEN_CORPUS is unset: it names the folder of real files that these tests read")
    return Path(folder)


@pytest.fixture(scope="session")
def python() -> Program:
    """An interpreter that can be run inside, to look around from there."""
    needs = [Path(name) for name in SYSTEM_LIBRARIES if os.path.lexists(name)]
    base = Path(sys.base_prefix)
    return Program(Path(sys.executable).resolve(), tuple(needs if base.is_relative_to("/usr") else [*needs, base]))


MakeClip = Callable[..., Path]


@pytest.fixture(scope="module")
def clips(runner: MediaRunner, tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """Runs the real ffmpeg with the arguments given, once for those of a module; the last one names the file."""
    folder, made = tmp_path_factory.mktemp("clips"), dict[tuple[str, ...], Path]()

    def make(*arguments: str) -> Path:
        if arguments not in made:
            out = folder / str(len(made))
            out.mkdir()
            program = runner.tools.ffmpeg.program
            words = ("-nostdin", "-v", "error", "-y", *arguments[:-1], f"/out/{arguments[-1]}")
            result = runner.sandbox.run(Job(program, words, out=out, limits=Limits(deadline_seconds=60)))
            assert result.succeeded, result
            made[arguments] = out / arguments[-1]
        return made[arguments]

    return make


@pytest.fixture
def make_clip(clips: MakeClip, tmp_path: Path) -> MakeClip:
    """A clip of the test's own, to do with as it likes."""

    def make(*arguments: str) -> Path:
        folder = tmp_path / "made"
        folder.mkdir(exist_ok=True)
        return Path(shutil.copyfile(clips(*arguments), folder / arguments[-1]))

    return make


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def cut(tmp_path: Path) -> Callable[[Path, float], Path]:
    """The first part of a file, as a pulled card leaves it."""

    def cut_at(source: Path, part: float) -> Path:
        target = tmp_path / f"cut-{source.name}"
        shutil.copyfile(source, target)
        os.truncate(target, int(source.stat().st_size * part))
        return target

    return cut_at
