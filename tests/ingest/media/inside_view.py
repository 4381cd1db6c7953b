"""Runs inside a sandbox and prints, as JSON, what it can see and do there. Standard library only; no test by itself."""
# ruff: noqa: PTH102, PTH110, PTH123, PTH208, PTH211 - what is tried here are the system calls, not a library's idea of them

import ctypes
import errno
import json
import os
import socket
import stat


def refused(action):
    try:
        action()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error.errno))
    return "DONE"


def fork_once():
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def reads(path):
    return lambda: open(path, "rb").read(1)


def writes(path):
    return lambda: open(path, "wb").close()


def system_call(number, *arguments):
    def call():
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(ctypes.c_long(number), *arguments) < 0:
            raise OSError(ctypes.get_errno(), "")

    return call


def capabilities():
    """capget(2), version 3: effective and permitted, two words each."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    data = (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capget(header, data)
    return [data[0], data[1], data[3], data[4]]


USUAL = (
    *("bin", "boot", "dev", "etc", "home", "in", "lib", "lib32", "lib64", "lost+found", "media", "mnt", "nix", "opt"),
    *("out", "proc", "root", "run", "sbin", "snap", "srv", "sys", "tmp", "tool", "usr", "var", "work"),
)


def listed(folder):
    try:
        return sorted(os.listdir(folder))
    except OSError as error:
        return errno.errorcode[error.errno]


def open_descriptors():
    found = []
    for number in range(3, 64):
        try:
            kind = os.fstat(number)
        except OSError:
            continue
        found.append([number, stat.filemode(kind.st_mode)])
    return found


# First of all: listing a folder below opens descriptors of its own.
descriptors = open_descriptors()
view = {
    # Landlock lets a folder that holds no grant be entered and not be listed: names are tried one by one as well.
    "root": listed("/"),
    "found": [name for name in USUAL if os.path.lexists("/" + name)],
    "in": listed("/in"),
    "beside": [name for name in ("neighbour.bin", "0123.bin", "..") if os.path.exists("/in/" + name)],
    "out": listed("/out"),
    "etc": [name for name in ("passwd", "shadow", "hostname", "ssl", "resolv.conf") if os.path.exists("/etc/" + name)],
    "descriptors": descriptors,
    "environment": sorted(os.environ),
    "user": os.getuid(),
    "capabilities": capabilities(),
    "fork": refused(fork_once),
    "inet socket": refused(lambda: socket.create_connection(("127.0.0.1", 9), 1)),
    "unix socket": refused(lambda: socket.socket(socket.AF_UNIX)),
    "netlink socket": refused(lambda: socket.socket(socket.AF_NETLINK)),
    "read /etc/passwd": refused(reads("/etc/passwd")),
    "read /proc": refused(reads("/proc/self/status")),
    "read /in/media": refused(reads("/in/media")),
    "write /in/media": refused(lambda: open("/in/media", "r+b").close()),
    "write /in/other": refused(writes("/in/other")),
    "write /new": refused(writes("/new")),
    "write /tool/new": refused(writes("/tool/new")),
    "write /usr/new": refused(writes("/usr/new")),
    "write /out/new": refused(writes("/out/new")),
    "link": refused(lambda: os.symlink("/etc/shadow", "/out/link")),
    "hard link": refused(lambda: os.link("/out/new", "/out/twice")),
    "folder": refused(lambda: os.mkdir("/out/folder")),
    "fifo": refused(lambda: os.mkfifo("/out/fifo")),
    "memfd": refused(lambda: os.memfd_create("x")),
    "chroot": refused(lambda: os.chroot("/out")),
    "new namespaces": refused(system_call(272 if os.uname().machine == "x86_64" else 97, 0x10000000)),
    "trace": refused(system_call(101 if os.uname().machine == "x86_64" else 117, 0, 0, 0, 0)),
    "group of its own": refused(lambda: os.setpgid(0, 0)),
    "session of its own": refused(os.setsid),
    "become root": refused(lambda: os.setuid(0)),
}
print(json.dumps(view))
