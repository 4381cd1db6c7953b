"""How the demo fails. Each carries what is wrong in both languages.

DemoError                    (an ApiError)
├── FootageUnusable      2   the folder that was named cannot be shown, or must not be
├── CheckFailed          1   something that should hold does not: the demo has found a fault
├── ProgramFailed        1   one of our own commands ended otherwise than it should
└── TookTooLong          1   something did not come about in time
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from api.errors import ApiError


class DemoError(ApiError):
    """Anything that ends the demo."""


class FootageUnusable(DemoError):
    exit_code = 2

    def __init__(self, folder: Path, chinese: str, english: str) -> None:
        super().__init__(
            f"无法使用录像目录 {folder}：{chinese}", f"the footage folder {folder} cannot be used: {english}"
        )
        self.folder = folder


class CheckFailed(DemoError):
    """A fault of the archive, or of the demo."""


class ProgramFailed(DemoError):
    """`command` is what a person would type."""

    def __init__(self, command: str, exit_code: int, last_lines: Sequence[str]) -> None:
        super().__init__(
            f"命令 {command} 的退出码为 {exit_code}", f"{command} ended with exit code {exit_code}", detail=last_lines
        )
        self.command = command


class TookTooLong(DemoError):
    def __init__(self, chinese: str, english: str, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} 秒内未完成：{chinese}", f"not done within {seconds:.0f} s: {english}")


def require(holds: bool, chinese: str, english: str) -> None:
    """Raises CheckFailed with what should have held, unless it does."""
    if not holds:
        raise CheckFailed(f"核对未通过：{chinese}", f"a check failed: {english}")
