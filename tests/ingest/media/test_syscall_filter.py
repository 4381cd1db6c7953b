from __future__ import annotations

import struct

import pytest

from ingest.media import syscall_filter
from ingest.media.syscall_filter import FORBIDDEN, filter_program


def decide(program: bytes, architecture: int, number: int, first_argument: int = 0) -> int:
    """A reader of classic BPF, enough for this program: what the kernel would answer."""
    data = struct.pack("<IIQQ", number, architecture, 0, first_argument)
    instructions = list(struct.iter_unpack("=HBBI", program))
    accumulator = at = 0
    while True:
        code, when_true, when_false, value = instructions[at]
        at += 1
        if code == syscall_filter.LOAD_WORD:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == syscall_filter.RETURN:
            return int(value)
        else:
            held = {
                syscall_filter.JUMP_EQUAL: accumulator == value,
                syscall_filter.JUMP_AT_LEAST: accumulator >= value,
                syscall_filter.JUMP_ANY_BIT: bool(accumulator & value),
            }[code]
            at += when_true if held else when_false


@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
def test_each_forbidden_call_fails_and_reading_does_not(machine: str, column: int) -> None:
    program, architecture = filter_program(machine), syscall_filter.AUDIT_ARCH[machine]
    for numbers in FORBIDDEN.values():
        if numbers[column] is not None:
            assert decide(program, architecture, int(str(numbers[column]))) == syscall_filter.FAIL_EPERM
    read = (0, 63)[column]
    assert decide(program, architecture, read) == syscall_filter.ALLOW


@pytest.mark.parametrize(("machine", "clone"), [("x86_64", 56), ("aarch64", 220)])
def test_clone_makes_threads_and_nothing_else(machine: str, clone: int) -> None:
    program, architecture = filter_program(machine), syscall_filter.AUDIT_ARCH[machine]
    assert decide(program, architecture, clone, 0x3D0F00) == syscall_filter.ALLOW  # What glibc and musl pass.
    assert decide(program, architecture, clone, 17) == syscall_filter.FAIL_EPERM  # SIGCHLD: fork
    assert decide(program, architecture, clone, 0x4111) == syscall_filter.FAIL_EPERM  # CLONE_VM | CLONE_VFORK
    assert decide(program, architecture, 435) == syscall_filter.FAIL_ENOSYS  # clone3


def test_calls_of_another_architecture_end_the_process() -> None:
    program = filter_program("x86_64")
    assert decide(program, 0x40000003, 2) == syscall_filter.KILL_PROCESS  # i386 through int 0x80
    assert decide(program, syscall_filter.AUDIT_ARCH["x86_64"], 0x40000000 + 57) == syscall_filter.KILL_PROCESS  # x32


def test_an_architecture_without_a_table_has_no_filter() -> None:
    assert not syscall_filter.is_known_architecture("riscv64")
    with pytest.raises(KeyError):
        filter_program("riscv64")
