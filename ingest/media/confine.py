"""The child that walls itself in and becomes the tool. Standard library only: it is started by path, for every call.

    python -I -S confine.py PLAN          PLAN: a dictionary, marshalled, in hex; see ingest/media/namespaces.py

The order matters; each step is numbered again above its code:

    1. new user, mount, pid, network and other namespaces      no power over the host, no interface, no neighbour
    2. a first process that dies with its parent               and the pid namespace, with all in it, dies with that
    3. an empty read-only root with only the plan's files      nothing else has a name
    4. Landlock over that root                                 a second wall, should the first have a hole
    5. limits, no_new_privs, the system-call filter            no second process, no socket, bounded memory
    6. exec

On the status descriptor goes one line: "failed WHY", "exit CODE" or "signal NUMBER".
It runs in a process of its own, never as a fork of a threaded worker: that is why nothing here is a preexec hook.
"""
# Nothing is imported that can be done without: pathlib, json, signal and typing take 15 ms, all of this takes 3.
# ruff: noqa: PTH100, PTH103, PTH112, PTH120, PTH211

from __future__ import annotations

import ctypes
import marshal
import os
import resource
import select
import stat
import struct
import sys

TYPE_CHECKING = False  # What typing says of itself, without importing it.
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

libc = ctypes.CDLL(None, use_errno=True)

SIGKILL = 9

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x20000, 0x02000000, 0x04000000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000
ALL_NAMESPACES = (
    CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP
)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 1, 22, 38, 2
AT_FDCWD, AT_EMPTY_PATH, AT_RECURSIVE, OPEN_TREE_CLONE, MOVE_MOUNT_F_EMPTY_PATH = -100, 0x1000, 0x8000, 1, 4
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
# Numbers above 423 are the same on every architecture.
SYS_OPEN_TREE, SYS_MOVE_MOUNT, SYS_MOUNT_SETATTR = 428, 429, 442
SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 444, 445, 446
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
FS_REMOVE_FILE, FS_MAKE_REG, FS_REFER, FS_TRUNCATE, FS_IOCTL_DEV = 1 << 5, 1 << 8, 1 << 13, 1 << 14, 1 << 15
FS_FIRST_ABI = (1 << 13) - 1

# The id the tool sees itself as. Not 0: exec as another id drops every capability the new namespaces gave.
INNER_ID = 65534


class CannotConfine(Exception):
    """A wall could not be put up, so the tool must not start."""


def check(result: int, step: str) -> int:
    if result < 0:
        raise CannotConfine(f"{step}: {os.strerror(ctypes.get_errno())}")
    return result


def system_call(step: str, number: int, *arguments: Any) -> int:
    return check(libc.syscall(ctypes.c_long(number), *arguments), step)


def die_with_parent() -> None:
    """After any change of credentials: the kernel forgets the wish when they change."""
    check(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "parent-death signal")


def write_file(path: str, text: str) -> None:
    # No text file: its codec would be imported now, when the interpreter's folder may be out of reach already.
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, text.encode("ascii"))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CannotConfine(f"{path}: {error.strerror}") from error


def enter_namespaces() -> None:
    user, group = os.geteuid(), os.getegid()
    check(libc.unshare(ALL_NAMESPACES), "unshare namespaces")
    write_file("/proc/self/setgroups", "deny")
    write_file("/proc/self/uid_map", f"{INNER_ID} {user} 1")
    write_file("/proc/self/gid_map", f"{INNER_ID} {group} 1")


class MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


def clone_tree(source: str, writable: bool) -> int:
    """A detached copy of the mount below `source`: taken before anything is hidden, put in place later.

    Recursive, because the kernel refuses to uncover what a mount inside it hides."""
    flags = OPEN_TREE_CLONE | AT_RECURSIVE | os.O_CLOEXEC
    tree = system_call(f"open {source}", SYS_OPEN_TREE, AT_FDCWD, os.fsencode(source), ctypes.c_uint(flags))
    attributes = MountAttributes(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (0 if writable else MOUNT_ATTR_RDONLY), 0, 0, 0)
    how = ctypes.c_uint(AT_EMPTY_PATH | AT_RECURSIVE)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    system_call(f"restrict {source}", SYS_MOUNT_SETATTR, tree, b"", how, ctypes.byref(attributes), size)
    return tree


def make_place(target: str, is_folder: bool) -> None:
    os.makedirs(target if is_folder else os.path.dirname(target), mode=0o755, exist_ok=True)
    if not is_folder:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))


def enter_new_root(plan: dict[str, Any]) -> None:
    """An empty tmpfs becomes the root; the old one is let go, so no path leads back to it."""
    check(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "keep mounts private")
    trees = [(clone_tree(b["source"], b["writable"]), b["target"], os.path.isdir(b["source"])) for b in plan["binds"]]
    base = os.path.dirname(os.path.abspath(__file__))
    options = b"mode=755,size=256k,nr_inodes=256"
    check(libc.mount(b"tmpfs", os.fsencode(base), b"tmpfs", MS_NOSUID | MS_NODEV, options), "mount an empty root")
    os.chdir(base)
    for tree, target, is_folder in trees:
        make_place(target.lstrip("/"), is_folder)
        place = os.fsencode(target.lstrip("/"))
        flags = ctypes.c_uint(MOVE_MOUNT_F_EMPTY_PATH)
        system_call(f"mount {target}", SYS_MOVE_MOUNT, tree, b"", AT_FDCWD, place, flags)
        os.close(tree)
    for link in plan["links"]:
        make_place(os.path.dirname(link["path"].lstrip("/")) or ".", True)
        os.symlink(link["target"], link["path"].lstrip("/"))
    pivot_root()


def pivot_root() -> None:
    number = SYS_PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise CannotConfine(f"pivot_root: not known for {os.uname().machine}")
    system_call("pivot_root", number, b".", b".")
    check(libc.umount2(b".", MNT_DETACH), "let the old root go")
    os.chdir("/")
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV
    check(libc.mount(None, b"/", None, flags, None), "make the root read-only")


def restrict_with_landlock(plan: dict[str, Any]) -> None:
    """Everything Landlock of this kernel can forbid, except what the plan grants below each bind."""
    abi = libc.syscall(ctypes.c_long(SYS_LANDLOCK_CREATE), None, ctypes.c_size_t(0), ctypes.c_uint(1))
    if abi < 1:
        raise CannotConfine(f"Landlock: {os.strerror(ctypes.get_errno())}")
    handled = FS_FIRST_ABI | (FS_REFER if abi >= 2 else 0) | (FS_TRUNCATE if abi >= 3 else 0)
    handled |= FS_IOCTL_DEV if abi >= 5 else 0
    # File rights, then TCP bind and connect (ABI 4), then abstract sockets and signals (ABI 6).
    words = (handled, *((0b11,) if abi >= 4 else ()), *((0b11,) if abi >= 6 else ()))
    wanted = struct.pack(f"={len(words)}Q", *words)
    size = ctypes.c_size_t(len(wanted))
    ruleset = system_call("Landlock ruleset", SYS_LANDLOCK_CREATE, wanted, size, ctypes.c_uint(0))
    reading = FS_READ_FILE | FS_READ_DIR
    for bind in plan["binds"]:
        rights = reading | (FS_EXECUTE if bind["executable"] else 0)
        if bind["writable"]:
            rights |= FS_WRITE_FILE | FS_REMOVE_FILE | FS_MAKE_REG | FS_TRUNCATE
        allow_beneath(ruleset, bind["target"], rights & handled)
    for folder in plan["listed"]:
        allow_beneath(ruleset, folder, FS_READ_DIR)
    set_no_new_privileges()
    system_call("Landlock", SYS_LANDLOCK_RESTRICT, ruleset, ctypes.c_uint(0))
    os.close(ruleset)


def allow_beneath(ruleset: int, target: str, rights: int) -> None:
    place = os.open(target, os.O_PATH | os.O_CLOEXEC)
    if not stat.S_ISDIR(os.fstat(place).st_mode):
        rights &= FS_EXECUTE | FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE
    rule = struct.pack("=Qi", rights, place)
    system_call(f"Landlock rule for {target}", SYS_LANDLOCK_ADD, ruleset, 1, rule, ctypes.c_uint(0))
    os.close(place)


def set_no_new_privileges() -> None:
    check(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs")


def set_limits(limits: dict[str, int]) -> None:
    """`limits` maps names of the resource module to one value, soft and hard alike."""
    for name, wanted in limits.items():
        kind = getattr(resource, name)
        ceiling = resource.getrlimit(kind)[1]
        value = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(kind, (value, value))


class FilterProgram(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def filter_system_calls(program: bytes) -> None:
    set_no_new_privileges()
    holder = FilterProgram(len(program) // 8, program)
    check(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(holder), 0, 0), "system-call filter")


def become_tool(plan: dict[str, Any]) -> NoReturn:
    set_limits(plan["limits"])
    os.closerange(3, plan["status"])
    os.closerange(plan["status"] + 1, 1 << 16)
    os.set_inheritable(plan["status"], False)
    if plan["filter"]:
        filter_system_calls(bytes.fromhex(plan["filter"]))
    os.execve(plan["program"], plan["arguments"], plan["environment"])  # noqa: S606 - this is what it is for


def be_first_process(plan: dict[str, Any], parent_alive: int) -> NoReturn:
    die_with_parent()
    # Had the parent died before the line above, nobody would ever send the signal: its end of the pipe tells.
    if select.select([parent_alive], [], [], 0)[0]:
        os._exit(1)
    enter_new_root(plan)  # 3
    os.chdir(plan["folder"])
    restrict_with_landlock(plan)  # 4
    become_tool(plan)  # 5, 6


def report(status: int, word: str, value: object) -> None:
    os.write(status, f"{word} {value}".replace("\n", " ").encode("utf-8", "replace") + b"\n")


def reporting_failure(status: int, body: Callable[[], object]) -> int:
    """Run `body`; whatever stops it is told on the status descriptor, because stderr belongs to the tool."""
    try:
        body()
    except (CannotConfine, OSError, ValueError) as error:
        report(status, "failed", error)
        return 1
    return 0


def run_confined(plan: dict[str, Any]) -> None:
    status: int = plan["status"]
    enter_namespaces()  # 1
    die_with_parent()
    if os.getppid() != plan["parent"]:
        raise CannotConfine("the caller is gone")
    parent_alive, held_open = os.pipe()
    child = os.fork()  # 2
    if child == 0:
        os.close(held_open)
        os._exit(reporting_failure(status, lambda: be_first_process(plan, parent_alive)))
    for descriptor in (0, 1, 2):  # The tool alone holds the pipes: their end of file means that it is gone.
        os.close(descriptor)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    report(status, *(("exit", code) if code >= 0 else ("signal", -code)))


def run_limited(plan: dict[str, Any]) -> None:
    """Without walls, for developers only: limits and no_new_privs only."""
    die_with_parent()
    set_no_new_privileges()
    os.chdir(plan["folder"])
    become_tool(plan)


def main() -> int:
    plan = marshal.loads(bytes.fromhex(sys.argv[1]))  # noqa: S302 - written by our own parent, the same interpreter
    run = run_confined if plan["walls"] else run_limited
    return reporting_failure(plan["status"], lambda: run(plan))


if __name__ == "__main__":
    os._exit(main())  # Nothing is left to flush, and the interpreter's own way out takes longer than the setup.
