"""A secret that a file holds instead of the variable: what a container platform mounts, and systemd's credentials."""

from __future__ import annotations

from pathlib import Path

from api.errors import UsageRefused

A_KEY = ("密钥", "a key")
AN_ADDRESS = ("地址", "an address")
_LIMIT_BYTES = 64 << 10


def one_of(value: str | None, file: Path | None, variable: str, what: tuple[str, str]) -> str | None:
    """The `value` of `variable`, or the one line of the `file` that `variable`_FILE names; None where neither is set.

    `what` it should be is for the message. Raises UsageRefused, which shows nothing of the file.
    """
    if file is None:
        return value
    if value is not None:
        raise UsageRefused(
            f"{variable} 与 {variable}_FILE 只能设置其一", f"set either {variable} or {variable}_FILE, not both"
        )
    try:
        with file.open("rb") as opened:
            text = opened.read(_LIMIT_BYTES).decode("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageRefused(
            f"{variable}_FILE：无法读取 {file}（{type(error).__name__}）",
            f"{variable}_FILE: {file} cannot be read ({type(error).__name__})",
        ) from None
    if not text or not text.isprintable() or " " in text:
        raise UsageRefused(
            f"{variable}_FILE：{file} 中应为一行{what[0]}，不含空格",
            f"{variable}_FILE: {file} should hold {what[1]}, in one line without spaces",
        )
    return text
