"""What an entry is told as: nobody is said to have played what he was only shown the poster of."""

from __future__ import annotations

import pytest

from api.pages.ledger_shown import told_as


@pytest.mark.parametrize(
    ("object_name", "told"),
    [
        ("renditions/0a/poster-1f", "playback.poster_opened"),
        ("renditions/0a/sprite-1f", "playback.poster_opened"),
        ("renditions/0a/proxy-1f", "playback.window_opened"),
        ("originals/0a/poster-1f", "playback.window_opened"),
    ],
)
def test_a_poster_is_told_apart_from_playing(object_name: str, told: str) -> None:
    assert told_as("playback.window_opened", {"object_name": object_name}) == told
    assert told_as("recording.sealed", {"object_name": object_name}) == "recording.sealed"
