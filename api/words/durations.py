"""Lengths of time in words, for pages and for the administrator's terminal: how long, and how far a clock is off."""

from __future__ import annotations

from api.i18n import Translate, mark

_DAY_SECONDS = 86400
_YEAR_SECONDS = 365.25 * _DAY_SECONDS
_AHEAD, _BEHIND, _EXACT = mark("快 {span}"), mark("慢 {span}"), mark("相差不到 1 秒")


def span_words(seconds: float, translate: Translate) -> str:
    """A length of time: 2.5 seconds, 7 hours 59 minutes 42 seconds, 3 days, about 18 years."""
    if seconds >= 2 * _YEAR_SECONDS:
        return translate("约 {years} 年").format(years=round(seconds / _YEAR_SECONDS))
    if seconds >= 2 * _DAY_SECONDS:
        return translate("{days} 天").format(days=round(seconds / _DAY_SECONDS))
    if seconds < 59.5:
        return translate("{seconds} 秒").format(seconds=f"{seconds:.2g}" if seconds < 9.95 else round(seconds))
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [translate("{hours} 小时").format(hours=hours)] if hours else []
    parts += [translate("{minutes} 分").format(minutes=minutes)] if minutes else []
    parts += [translate("{seconds} 秒").format(seconds=rest)] if rest else []
    return " ".join(parts)


def clock_words(offset_seconds: float, translate: Translate) -> str:
    """How a clock goes whose time less the right one is `offset_seconds`: above zero it is fast."""
    apart = abs(offset_seconds)
    if apart < 1:
        return translate(_EXACT)
    return translate(_AHEAD if offset_seconds > 0 else _BEHIND).format(span=span_words(apart, translate))
