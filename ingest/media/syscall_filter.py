"""The system calls a tool may not make, as a classic BPF program for seccomp.

A list of what is forbidden: ffmpeg, glibc and musl may use anything else, in any version. What stands on it gives a
way to another process, to the network, to the kernel's rarer corners, or to memory that no limit counts:

- one process only: with no second one, the limit on its memory is the limit on all of it; threads are allowed;
- no links, folders or devices: whoever takes the output must not be led to another file by a symbolic link;
- no setsid, no setpgid: it stays in the process group whose time is counted, and which is killed;
- no memfd and no System V memory: they hold memory outside the address space that RLIMIT_AS counts.

Sources: linux/arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h (numbers), seccomp(2).
"""

from __future__ import annotations

import errno
import os
import struct
from functools import cache

# name: (x86-64, aarch64). None: that architecture has no such call.
FORBIDDEN: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "link": (86, None),
    "linkat": (265, 37),
    "symlink": (88, None),
    "symlinkat": (266, 36),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mknod": (133, None),
    "mknodat": (259, 33),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "kcmp": (312, 272),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "perf_event_open": (298, 241),
    "bpf": (321, 280),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "fanotify_init": (300, 262),
    "quotactl": (179, 60),
    "swapon": (167, 224),
    "acct": (163, 89),
    "syslog": (103, 116),
    "kexec_load": (246, 104),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "setsid": (112, 157),
    "setpgid": (109, 154),
}
CLONE = (56, 220)
CLONE3 = 435
CLONE_THREAD = 0x10000
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000

LOAD_WORD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
FAIL_EPERM, FAIL_ENOSYS = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
# Offsets in struct seccomp_data; the low half of the first argument on a little-endian machine.
NUMBER_AT, ARCHITECTURE_AT, FIRST_ARGUMENT_AT = 0, 4, 16


def is_known_architecture(machine: str) -> bool:
    return machine in AUDIT_ARCH


def instruction(code: int, value: int, when_true: int = 0, when_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, when_true, when_false, value)


@cache
def filter_program(machine: str | None = None) -> bytes:
    """The program for `machine` (default: this one). KeyError for an architecture that has no table here."""
    machine = machine or os.uname().machine
    column = list(AUDIT_ARCH).index(machine) if machine in AUDIT_ARCH else -1
    architecture = AUDIT_ARCH[machine]
    program = [
        instruction(LOAD_WORD, ARCHITECTURE_AT),
        instruction(JUMP_EQUAL, architecture, 1, 0),
        instruction(RETURN, KILL_PROCESS),
        instruction(LOAD_WORD, NUMBER_AT),
        # The x32 calls of x86-64 do the same under other numbers; no tool of ours uses them.
        instruction(JUMP_AT_LEAST, X32_BIT, 0, 1),
        instruction(RETURN, KILL_PROCESS),
    ]
    for numbers in FORBIDDEN.values():
        number = numbers[column]
        if number is not None:
            program += [instruction(JUMP_EQUAL, number, 0, 1), instruction(RETURN, FAIL_EPERM)]
    # clone3 hides its flags behind a pointer that a filter cannot follow; libc falls back to clone.
    program += [instruction(JUMP_EQUAL, CLONE3, 0, 1), instruction(RETURN, FAIL_ENOSYS)]
    program += [
        instruction(JUMP_EQUAL, CLONE[column], 0, 3),
        instruction(LOAD_WORD, FIRST_ARGUMENT_AT),
        instruction(JUMP_ANY_BIT, CLONE_THREAD, 1, 0),
        instruction(RETURN, FAIL_EPERM),
        instruction(RETURN, ALLOW),
    ]
    return b"".join(program)
