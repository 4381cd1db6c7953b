"""What can be seen and done from inside, and what is left behind. Everything here holds for both sandboxes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ingest.media.bubblewrap import BubblewrapSandbox
from ingest.media.errors import SandboxFailed, SandboxUnavailable
from ingest.media.layout import program_at
from ingest.media.namespaces import NamespaceSandbox, NoSandbox
from ingest.media.runner import open_runner
from ingest.media.sandbox import MIB, Confined, Job, Limits, Program, Sandbox, choose_sandbox

INSIDE_VIEW = Path(__file__).with_name("inside_view.py")
TRUE = program_at(Path("/bin/true"))
REFUSALS = {"EACCES", "EPERM", "EROFS", "ENOENT", "ENOSYS", "ESRCH", "EINVAL"}


def run_python(
    sandbox: Sandbox, python: Program, script: str, media: Path | None = None, out: Path | None = None, **limits: float
) -> Confined:
    words = ("-I", "-S", "-c", textwrap.dedent(script))
    return sandbox.run(Job(python, words, media=media, out=out, limits=Limits(**limits)))  # type: ignore[arg-type]


@pytest.fixture
def private_file(tmp_path: Path) -> Path:
    """Like the staging file: its owner's alone, beside files that are nobody else's business."""
    path = tmp_path / "staging" / "0123.bin"
    path.parent.mkdir(mode=0o700)
    path.write_bytes(b"footage")
    path.chmod(0o600)
    (path.parent / "neighbour.bin").write_bytes(b"neighbour")
    return path


@pytest.fixture
def view(any_sandbox: Sandbox, python: Program, private_file: Path, out: Path) -> dict[str, object]:
    result = run_python(any_sandbox, python, INSIDE_VIEW.read_text(), private_file, out)
    assert result.succeeded, result
    seen = json.loads(result.stdout)
    assert isinstance(seen, dict)
    return seen


def found(view: dict[str, object], key: str) -> list[str]:
    names = view[key]
    assert isinstance(names, list)
    return names


def test_only_the_input_the_output_and_the_program_are_there(view: dict[str, object]) -> None:
    # Beyond them, what this Python needs: the distribution's libraries, and where it is installed itself.
    needed = {"bin", "etc", "lib", "lib64", "usr", Path(sys.base_prefix).parts[1]}
    assert {"in", "out", "tool"} <= set(found(view, "found")) <= {"in", "out", "tool"} | needed
    assert view["root"] == "EACCES" or set(found(view, "root")) <= {"in", "out", "tool"} | needed
    assert view["in"] in (["media"], "EACCES")
    assert view["beside"] == [".."]
    assert view["out"] == []
    assert view["etc"] == []
    assert view["read /in/media"] == "DONE"
    assert view["write /out/new"] == "DONE"


def test_a_static_tool_sees_nothing_but_itself_and_the_file(
    any_sandbox: Sandbox, out: Path, private_file: Path
) -> None:
    static = program_at(open_runner("").tools.ffmpeg.program.path)
    if static.needs:
        pytest.skip(f"{static.path} is linked dynamically here")
    for path in ("/usr/bin/env", "/etc/passwd", "/proc/self/status", "/dev/null"):
        result = any_sandbox.run(Job(static, ("-v", "error", "-i", f"file:{path}"), media=private_file, out=out))
        assert "No such file or directory" in result.stderr_tail


@pytest.mark.parametrize(
    "deed",
    [
        *("fork", "inet socket", "unix socket", "netlink socket", "read /etc/passwd", "read /proc", "write /in/media"),
        *("write /in/other", "write /new", "write /tool/new", "write /usr/new", "link", "hard link", "folder", "fifo"),
        *("memfd", "chroot", "new namespaces", "trace", "group of its own", "session of its own", "become root"),
    ],
)
def test_it_is_refused(view: dict[str, object], deed: str) -> None:
    assert view[deed] in REFUSALS


def test_no_capability_no_descriptor_and_no_environment_come_along(
    view: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert view["capabilities"] == [0, 0, 0, 0]
    assert view["descriptors"] == []
    assert set(found(view, "environment")) <= {"LC_ALL", "PATH", "MALLOC_ARENA_MAX", "PWD", "LC_CTYPE"}
    assert view["user"] == 65534


def test_a_fork_bomb_never_gets_a_second_process(any_sandbox: Sandbox, python: Program) -> None:
    script = """
        import os, subprocess
        made = 0
        for _ in range(1000):
            try:
                os.fork(); made += 1
            except PermissionError:
                pass
            try:
                subprocess.run(["/bin/true"]); made += 1
            except OSError:
                pass
        print(made)
    """
    assert run_python(any_sandbox, python, script).stdout == b"0\n"


def test_threads_are_allowed_and_bounded(any_sandbox: Sandbox, python: Program) -> None:
    script = """
        import threading, time
        for n in range(100_000):
            try:
                threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
            except RuntimeError:
                break
        print(n, flush=True)
        import os; os._exit(0)
    """
    result = run_python(any_sandbox, python, script, memory_bytes=512 * MIB)
    assert 4 <= int(result.stdout) <= 512 // 8  # Each has 8 MiB of address space for its stack.


def test_a_memory_bomb_ends_itself(any_sandbox: Sandbox, python: Program) -> None:
    script = """
        import resource
        pieces = []
        try:
            while True:
                pieces.append(bytearray(16 << 20))
        except MemoryError:
            del pieces[:]
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    """
    result = run_python(any_sandbox, python, script, memory_bytes=256 * MIB)
    assert 64 < int(result.stdout) <= 256


LOOP = """
import signal
for n in range(1, 32):
    try:
        signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    pass  # {marker}
"""


def processes_with(marker: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and int(folder.name) != os.getpid():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            # In what confine.py is given, it is in hex.
            if marker.encode() in command or marker.encode().hex().encode() in command:
                found.append(int(folder.name))
    return found


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def test_an_endless_loop_is_killed_at_the_deadline_and_nothing_is_left(any_sandbox: Sandbox, python: Program) -> None:
    marker = f"endless-{os.getpid()}-{any_sandbox.name}"
    result = run_python(any_sandbox, python, LOOP.format(marker=marker), deadline_seconds=1.0)
    assert processes_with(marker) == []
    assert (result.stopped, result.exit_code, result.signal) == ("deadline", None, None)
    assert result.elapsed_seconds >= 1.0


class Unmoved:
    """Sees a tool say whatever it likes, and get nowhere."""

    heard = b""

    def take(self, piece: bytes) -> None:
        self.heard += piece

    def progress(self) -> int:
        return 0


def test_what_it_spends_of_the_processor_is_its_own_and_what_the_wall_spends_is_not(
    any_sandbox: Sandbox, python: Program
) -> None:
    endless = LOOP.format(marker="processor")
    worked = run_python(any_sandbox, python, endless, deadline_seconds=120.0, processor_seconds=1.0)
    assert worked.stopped == "processor" or worked.signal == signal.SIGKILL
    slept = run_python(any_sandbox, python, "import time; time.sleep(60)", deadline_seconds=2.0, processor_seconds=1.0)
    assert slept.stopped == "deadline"


def test_it_cannot_leave_the_group_whose_time_is_counted(any_sandbox: Sandbox, python: Program) -> None:
    """RLIMIT_CPU counts each process by itself and ends it with a signal; the account of the group comes before it."""
    script = "import os\ntry:\n    os.setpgid(0, 0)\nexcept OSError:\n    pass\n" + LOOP.format(marker="group")
    result = run_python(any_sandbox, python, script, deadline_seconds=120.0, processor_seconds=1.0)
    assert result.processor_seconds >= 1.0
    assert result.stopped == "processor" or result.signal == signal.SIGKILL


def test_one_that_works_and_gets_nowhere_is_stalled(any_sandbox: Sandbox, python: Program) -> None:
    watch = Unmoved()
    script = "import sys; print('frame=1', file=sys.stderr, flush=True)\n" + LOOP.format(marker="stalled")
    limits = Limits(deadline_seconds=120, processor_seconds=60, idle_processor_seconds=1)
    result = any_sandbox.run(Job(python, ("-I", "-S", "-c", script), limits=limits, watch=watch))
    assert (result.stopped, watch.heard) == ("stalled", b"frame=1\n")


def test_one_may_be_asked_to_give_way_to_others(any_sandbox: Sandbox, python: Program) -> None:
    mine = os.getpriority(os.PRIO_PROCESS, 0)
    # It is asked from outside, once it runs.
    script = (
        "import os, time\nuntil = time.monotonic() + 20\n"
        f"while os.getpriority(os.PRIO_PROCESS, 0) == {mine} and time.monotonic() < until: time.sleep(0.01)\n"
        "print(os.getpriority(os.PRIO_PROCESS, 0))"
    )
    result = any_sandbox.run(Job(python, ("-I", "-S", "-c", script), niceness=3))
    assert int(result.stdout) == min(19, mine + 3)


def test_one_that_closes_its_outputs_is_killed_all_the_same(any_sandbox: Sandbox, python: Program) -> None:
    marker = f"silent-{os.getpid()}-{any_sandbox.name}"
    script = "import os; os.closerange(0, 3)\n" + LOOP.format(marker=marker)
    result = run_python(any_sandbox, python, script, deadline_seconds=1.0)
    assert processes_with(marker) == []
    assert result.stopped == "deadline"


def test_it_dies_with_a_worker_that_is_killed(any_sandbox: Sandbox, python: Program) -> None:
    marker = f"orphan-{os.getpid()}-{any_sandbox.name}"
    worker_script = f"""
        import sys
        from pathlib import Path
        from ingest.media.{any_sandbox.name} import {type(any_sandbox).__name__} as Sandbox
        from ingest.media.sandbox import Job, Limits, Program
        program = Program(Path({str(python.path)!r}), tuple(map(Path, {[str(need) for need in python.needs]!r})))
        loop = {LOOP!r}.format(marker={marker[:4]!r} + {marker[4:]!r})
        Sandbox().run(Job(program, ("-I", "-S", "-c", loop), limits=Limits(deadline_seconds=60)))
    """
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(worker_script)], cwd=root) as worker:
        try:
            assert wait_until(lambda: len(processes_with(marker)) >= 2)
            time.sleep(0.3)  # Until the last of them has become the loop.
        finally:
            worker.send_signal(signal.SIGKILL)
    assert wait_until(lambda: processes_with(marker) == [])


@pytest.mark.parametrize(
    ("script", "limits", "stopped"),
    [
        ("while True: print('x' * 65536)", {"stdout_bytes": MIB}, "stdout"),
        (
            "for n in range(99): open(f'/out/{n}', 'w').close()\nimport time; time.sleep(9)",
            {"output_files": 8},
            "files",
        ),
        (
            "for n in range(9): open(f'/out/{n}', 'wb').write(bytes(1 << 20))\nimport time; time.sleep(9)",
            {"output_bytes": 4 * MIB},
            "output",
        ),
        ("for n in range(9): open(f'/out/{n}', 'wb').write(bytes(1 << 20))", {"output_bytes": 4 * MIB}, "output"),
    ],
)
def test_too_much_output_stops_it(
    any_sandbox: Sandbox, python: Program, out: Path, script: str, limits: dict[str, float], stopped: str
) -> None:
    assert run_python(any_sandbox, python, script, out=out, **limits).stopped == stopped


def test_one_file_cannot_outgrow_the_limit_even_for_a_moment(any_sandbox: Sandbox, python: Program, out: Path) -> None:
    script = "import os; f = os.open('/out/big', os.O_CREAT | os.O_WRONLY); os.pwrite(f, b'x', 1 << 40)"
    result = run_python(any_sandbox, python, script, out=out, output_bytes=4 * MIB)
    assert not result.succeeded
    assert (out / "big").stat().st_size <= 4 * MIB


def test_a_crash_tells_its_signal(any_sandbox: Sandbox, python: Program) -> None:
    result = run_python(any_sandbox, python, "import ctypes; ctypes.string_at(0)")
    assert (result.signal, result.exit_code, result.stopped) == (signal.SIGSEGV, None, None)


def test_exit_code_and_last_words_come_back(any_sandbox: Sandbox, python: Program) -> None:
    result = run_python(any_sandbox, python, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (result.exit_code, result.stdout, result.stderr_tail) == (7, b"out\n", "err\n")


def test_walls_that_cannot_be_put_up_are_an_error_not_a_result(any_sandbox: Sandbox, tmp_path: Path) -> None:
    with pytest.raises(SandboxFailed, match="missing"):
        any_sandbox.run(Job(TRUE, (), media=tmp_path / "missing"))


def test_many_threads_may_use_it_at_once(any_sandbox: Sandbox, python: Program) -> None:
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda n: run_python(any_sandbox, python, f"print({n})"), range(12)))
    assert [int(result.stdout) for result in results] == list(range(12))


def test_without_any_sandbox_it_refuses_and_names_each_reason() -> None:
    with pytest.raises(SandboxUnavailable) as refused:
        choose_sandbox([BubblewrapSandbox("/nowhere")], Job(TRUE, ()))
    assert refused.value.tried[0][0] == "bubblewrap"
    assert "not in" in refused.value.tried[0][1]


def test_no_sandbox_is_taken_only_when_said_aloud_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    chosen = choose_sandbox([BubblewrapSandbox("/nowhere")], Job(TRUE, ()), NoSandbox())
    assert chosen.name == "none"
    assert "WITHOUT a sandbox" in caplog.text


def test_permission_to_go_without_is_not_used_where_one_works() -> None:
    assert open_runner("", allow_unsandboxed=True).sandbox.name in ("bubblewrap", "namespaces")


def test_a_kernel_that_forbids_namespaces_makes_the_sandbox_fail_not_leak(python: Program, tmp_path: Path) -> None:
    """A container's usual profile: simulated by running inside our own filter, which forbids unshare for real."""
    secret = tmp_path / "media"
    secret.write_bytes(b"x")
    confine = Path(sys.modules[NamespaceSandbox.__module__].confine.__file__)
    script = f"""
        import marshal, sys
        sys.argv = ["confine", marshal.dumps(dict(walls=True, status=1, parent=0, binds=[], links=[], listed=[])).hex()]
        exec(compile({confine.read_text()!r}, "confine", "exec"))
    """
    result = run_python(NamespaceSandbox(), python, script)
    assert result.stdout == b"failed unshare namespaces: Operation not permitted\n"
    assert result.exit_code == 1
