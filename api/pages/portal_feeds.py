"""What the public can follow with programs: Atom (RFC 4287, 6721), JSON Feed 1.1, and all that is public as JSON.

Formats: docs/formats/portal.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree import ElementTree

from casework.publication.portal import PublicHistory, PublicItem, PublicStep, PublicText, text_facts
from integrity.fields import format_instant
from retention.paging import Page

ATOM: Final = "http://www.w3.org/2005/Atom"
TOMBSTONES: Final = "http://purl.org/atompub/tombstones/1.0"
TITLE: Final = "行政执法公示"
NEVER: Final = datetime(2019, 1, 1, tzinfo=UTC)


def atom_feed(found: Sequence[PublicHistory], base: str) -> bytes:
    """The latest changes, the last one first; what was taken down as a deleted entry with its reason."""
    ElementTree.register_namespace("", ATOM)
    ElementTree.register_namespace("at", TOMBSTONES)
    feed = ElementTree.Element(f"{{{ATOM}}}feed")
    _text(feed, "id", f"{base}portal")
    _text(feed, "title", TITLE)
    _text(feed, "updated", format_instant(found[0].changed_at if found else NEVER))
    ElementTree.SubElement(feed, f"{{{ATOM}}}link", {"rel": "self", "href": f"{base}portal/feed.atom"})
    for each in found:
        if each.now is None:
            _tombstone(feed, each)
        else:
            _entry(feed, each, each.now, base)
    return bytes(ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True))


def json_feed(found: Sequence[PublicHistory], base: str) -> bytes:
    """The latest changes, the last one first; `_liuhen` holds the fields, and of what was taken down why."""
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": TITLE,
        "home_page_url": f"{base}portal",
        "feed_url": f"{base}portal/feed.json",
        "language": "zh-CN",
        "items": [_json_item(each, base) for each in found],
    }
    return _as_json(feed)


def items_document(page: Page[PublicItem], base: str) -> bytes:
    """What is public now; `next` goes into `after` for the page after it, null on the last."""
    items = [{"url": f"{base}portal/{each.id}", **item_facts(each)} for each in page.items]
    return _as_json({"items": items, "next": None if page.next is None else page.next.to_text()})


def item_facts(each: PublicItem) -> dict[str, Any]:
    """One public item, as programs read it: here, and where it is pushed."""
    return {
        "id": str(each.id),
        "kind": each.kind,
        "shown_at": format_instant(each.shown_at),
        **text_facts(each.text),
    }


def _json_item(each: PublicHistory, base: str) -> dict[str, Any]:
    last = each.steps[0]
    item: dict[str, Any] = {
        "id": f"urn:uuid:{each.id}",
        "url": f"{base}portal/{each.id}",
        "date_published": format_instant(each.steps[-1].at),
        "date_modified": format_instant(each.changed_at),
    }
    if each.now is None:
        said = {"state": last.step, "ground": last.ground, "reason": last.reason}
        return {**item, "title": "（已撤下）", "content_text": last.reason or "", "_liuhen": said}
    text = each.now.text
    facts = {"state": "published", "corrected": any(step.step == "corrected" for step in each.steps)}
    return {
        **item,
        "title": title_of(text),
        "content_text": text.conclusion,
        "_liuhen": {**facts, **item_facts(each.now)},
    }


def title_of(text: PublicText) -> str:
    return f"{text.category}：{text.party}"


def _entry(feed: ElementTree.Element, each: PublicHistory, now: PublicItem, base: str) -> None:
    entry = ElementTree.SubElement(feed, f"{{{ATOM}}}entry")
    _text(entry, "id", f"urn:uuid:{each.id}")
    _text(entry, "title", title_of(now.text))
    _text(entry, "published", format_instant(each.steps[-1].at))
    _text(entry, "updated", format_instant(each.changed_at))
    author = ElementTree.SubElement(entry, f"{{{ATOM}}}author")
    _text(author, "name", now.text.authority)
    ElementTree.SubElement(entry, f"{{{ATOM}}}link", {"rel": "alternate", "href": f"{base}portal/{each.id}"})
    ElementTree.SubElement(entry, f"{{{ATOM}}}category", {"term": each.kind, "label": now.text.category})
    _text(entry, "summary", now.text.conclusion)


def _tombstone(feed: ElementTree.Element, each: PublicHistory) -> None:
    last: PublicStep = each.steps[0]
    said = {"ref": f"urn:uuid:{each.id}", "when": format_instant(last.at)}
    deleted = ElementTree.SubElement(feed, f"{{{TOMBSTONES}}}deleted-entry", said)
    comment = ElementTree.SubElement(deleted, f"{{{TOMBSTONES}}}comment")
    comment.text = last.reason or last.ground or last.step


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{ATOM}}}{name}").text = text


def _as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
