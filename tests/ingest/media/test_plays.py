"""Real files in real Chromium, a few of each kind; all of them: `python -m tests.corpus.served FOLDER`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from ingest.media.runner import MediaRunner
from tests.corpus.plays import play
from tests.corpus.watching import shelf
from tests.journeys.browsing import open_browser

Cut = Callable[[Path, float], Path]


@pytest.fixture(scope="module")
def shelved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path, str]]:
    folder = tmp_path_factory.mktemp("shelf")
    with sync_playwright() as playwright, shelf(folder) as url:
        browser = open_browser(playwright)
        page = browser.new_page()
        page.goto(url)
        yield page, folder, url
        browser.close()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("mediabunny/test__public__video-h265.mp4", "encode/copy 1920×1080 10."),
        ("metadata-extractor-images/avi__MVI_4823.AVI", "encode/encode 640×480"),
        ("metadata-extractor-images/mp4__with-gps.mp4", "copy/copy"),
        ("ExoPlayer/testdata__src__test__assets__media__amr__sample_nb.amr", "drop/encode 0×0 4."),
        ("mp4parse-rust/mp4parse__tests__tiny_av1.mp4", "copy/drop 64×64"),
    ],
)
def test_it_plays_is_seen_heard_and_wound_forward(
    corpus: Path, runner: MediaRunner, shelved: tuple[Page, Path, str], name: str, seen: str
) -> None:
    page, folder, url = shelved
    place = Path(name).stem
    played = play(corpus / name, runner, page, folder / place, f"{url}/{place}")
    assert played.complaints == ()
    assert played.copy == "proxy"
    assert played.seen.startswith(seen)


def test_what_is_left_of_a_cut_film_plays(
    corpus: Path, runner: MediaRunner, shelved: tuple[Page, Path, str], cut: Cut
) -> None:
    page, folder, url = shelved
    torn = cut(corpus / "mediabunny" / "test__public__video.mp4", 0.6)
    played = play(torn, runner, page, folder / "torn", f"{url}/torn")
    assert (played.found.state, played.complaints) == ("damaged", ())
    assert "1920×1080 2.8" in played.seen
