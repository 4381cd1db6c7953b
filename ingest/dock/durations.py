"""Lengths of time as the agent's terminal says them, in Chinese and in English."""

from __future__ import annotations

_DAY_SECONDS = 86400
_YEAR_SECONDS = 365.25 * _DAY_SECONDS


def in_time(seconds: float) -> tuple[str, str]:
    """As long as something lasts: 5 s, 2 min 5 s, 3 h; days from two of them, and years from two of those."""
    if seconds >= 2 * _YEAR_SECONDS:
        years = round(seconds / _YEAR_SECONDS)
        return f"约 {years} 年", f"about {years} years"
    if seconds >= 2 * _DAY_SECONDS:
        days = round(seconds / _DAY_SECONDS)
        return f"{days} 天", f"{days} days"
    hours, rest = divmod(round(seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    # Beside hours nobody asks for seconds.
    parts = [(hours, "小时", "h"), (minutes, "分", "min"), (0 if hours else seconds, "秒", "s")]
    said = [part for part in parts if part[0]] or [(0, "秒", "s")]
    return " ".join(f"{number} {zh}" for number, zh, _ in said), " ".join(f"{number} {en}" for number, _, en in said)


def clock_off(offset_seconds: float) -> tuple[str, str]:
    """How a clock goes whose time less the right one is `offset_seconds`: above zero it is fast."""
    zh, en = in_time(abs(offset_seconds))
    return (f"快 {zh}", f"{en} fast") if offset_seconds > 0 else (f"慢 {zh}", f"{en} slow")
