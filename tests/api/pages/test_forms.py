"""Every form on every page is an API call that is there, with the fields it wants and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest

from api.http.app import make_framework
from storage.catalog.organisation import ROLES

PATHS = ("/sign-in", "/first-administrator", "/requests", "/cases", "/link-questions", "/audit", "/admin")
REGISTER_PATHS = ("/devices", "/officers", "/stations")


class Forms(HTMLParser):
    """The forms of a page: address, method, names sent, and names that only fill in the address."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, set[str]]] = []
        self._open = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        fields = {name: value or "" for name, value in attrs}
        if tag == "form" and "data-action" in fields:
            self.found.append((fields["data-action"], fields.get("data-method", "POST").lower(), set()))
            self._open = True
        elif self._open and tag in ("input", "select", "textarea") and "name" in fields and "data-path" not in fields:
            # visitor.name is a field of the form's visitor.
            self.found[-1][2].add(fields["name"].partition(".")[0])

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "form"


def forms_of(district: Any) -> Iterator[tuple[str, str, set[str]]]:
    paths = [*PATHS, *(f"/recordings/{row.id}" for row in (district.film, district.hostile, district.ambiguous))]
    for path in (*paths, *REGISTER_PATHS, f"/devices/{district.device.id}", f"/cases/{district.case.id}"):
        for role in ROLES:
            yield from Forms(district.page(role, path).text).found
        yield from Forms(district.served.caller().get(path).text).found


def operation_of(document: dict[str, Any], path: str, method: str) -> Any:
    for template, item in document["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and method in item:
            return item[method]
    pytest.fail(f"no route {method} {path}")


def body_of(document: dict[str, Any], operation: Any) -> dict[str, Any]:
    if "application/json" not in operation.get("requestBody", {}).get("content", {}):
        return {"properties": {}}
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema: dict[str, Any] = document["components"]["schemas"][reference.rpartition("/")[2]]
    return schema


def test_every_form_calls_a_route_that_is_there_with_its_fields(district: Any, grant_to: Any) -> None:
    grant_to("supervisor", "copy")
    document = make_framework().openapi()
    seen = set()
    for path, method, names in forms_of(district):
        operation = operation_of(document, path.split("?")[0], method)
        schema = body_of(document, operation)
        assert names <= schema["properties"].keys(), (path, names)
        assert set(schema.get("required", ())) <= names, (path, names)
        seen.add(operation["operationId"])
    # Sign-in, first administrator, sign-out; cases, stages, assignments, closing; requests, decisions, grants; links,
    # answers; holds, classes; packages; verification; units, people, roles, passwords; stations, devices, issues,
    # certificates, tables.
    assert len(seen) >= 36, sorted(seen)
