"""The English catalog: whatever a page can say in Chinese it can say in English, and nothing else is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from api.i18n import LOCALE_FOLDER, translator

API = Path(__file__).parents[3] / "api"
METHODS = [("words/**.py", "python"), ("pages/**.py", "python"), ("pages/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "mark": None, "translate": None}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def extracted() -> Iterator[tuple[str, str]]:
    """Every message with the place it stands at."""
    for name, line, message, _comments, _context in extract_from_dir(API, METHODS, keywords=KEYWORDS):
        assert isinstance(message, str)
        yield message, f"{name}:{line}"


def catalog() -> dict[str, str]:
    with (LOCALE_FOLDER / "en.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="en") if message.id}


def test_every_message_of_the_pages_has_its_english() -> None:
    english = catalog()
    missing = {message: place for message, place in extracted() if not english.get(message)}
    assert missing == {}


def test_the_catalog_keeps_no_message_that_nobody_says() -> None:
    said = {message for message, _ in extracted()}
    assert {message for message in catalog() if message not in said} == set()


def test_english_has_the_same_placeholders_and_no_chinese_left() -> None:
    for message, english in catalog().items():
        assert sorted(re.findall(r"\{\w+\}", message)) == sorted(re.findall(r"\{\w+\}", english)), message
        assert not _CHINESE.search(english), message


def test_templates_say_nothing_in_chinese_that_is_not_translated() -> None:
    """Chinese outside `_("…")` would stay Chinese on an English page; the name of the other language is meant to."""
    for path in (API / "pages" / "templates").rglob("*.html"):
        text = re.sub(r'_\("[^"]*"\)', "", path.read_text(encoding="utf-8")).replace(">中文<", "><")
        found = _CHINESE.search(text)
        assert found is None, f"{path.name}: {text[found.start() : found.start() + 30]}"


def test_translating_falls_back_to_the_message() -> None:
    assert translator("en")("没有这句话") == "没有这句话"
    assert translator("en")("登录") == "Sign in"
    assert translator("zh")("登录") == "登录"
