"""YAML of which each value is known by its line."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import yaml

from casework.rules.errors import THE_FILE, RuleFileUnusable
from casework.rules.reading import LinedMapping, LinedSequence

# What the loader raises over a tag that does not fit what it stands before.
_OF_TAGS: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)


def parse(text: str) -> object:
    """What it says, of LinedMapping and LinedSequence. Raises RuleFileUnusable."""
    try:
        return yaml.load(text, Loader=_WithLines)  # noqa: S506  a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise RuleFileUnusable(THE_FILE, "not_yaml", line=0 if mark is None else mark.line + 1) from error
    except (yaml.YAMLError, *_OF_TAGS, RecursionError) as error:
        raise RuleFileUnusable(THE_FILE, "not_yaml") from error


class _WithLines(yaml.SafeLoader):  # type: ignore[misc]
    """Plain values alone, each known by its line; and no name twice, where YAML takes the last one without a word."""


def _construct_mapping(loader: _WithLines, node: yaml.MappingNode) -> LinedMapping:
    seen: set[object] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, Hashable):
            if key in seen:
                raise RuleFileUnusable(
                    key[:40] if isinstance(key, str) else "?", "twice", line=key_node.start_mark.line + 1
                )
            seen.add(key)
    mapping = LinedMapping(loader.construct_mapping(node, deep=True))
    mapping.lines = {
        loader.construct_object(key_node, deep=True): key_node.start_mark.line + 1 for key_node, _ in node.value
    }
    return mapping


def _construct_sequence(loader: _WithLines, node: yaml.SequenceNode) -> LinedSequence:
    sequence = LinedSequence(loader.construct_sequence(node, deep=True))
    sequence.lines = [each.start_mark.line + 1 for each in node.value]
    return sequence


def _construct_timestamp(loader: _WithLines, node: yaml.ScalarNode) -> object:
    """What looks like a day and is none stays text, and is refused where a day is wanted."""
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return node.value


_WithLines.add_constructor("tag:yaml.org,2002:timestamp", _construct_timestamp)
_WithLines.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_WithLines.add_constructor("tag:yaml.org,2002:seq", _construct_sequence)
