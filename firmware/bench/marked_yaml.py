"""YAML with the place of every value: YAML 1.2 scalars, duplicate keys refused, errors as file:line:column."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from firmware.errors import BadInput

Path = tuple[str | int, ...]

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]  # chosen at run time: the C one where PyYAML was built with it
    """Only for its parser and resolver; values are built below, from its events."""


# The core schema of YAML 1.2 (10.3.2): no "yes", no sexagesimal numbers, no dates. Narrower in one thing: what begins
# with a superfluous zero is text, for 00e007000001 is a MAC address and not zero times ten to the seventh million.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    ("float", r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)\.[0-9]*)([eE][-+]?[0-9]+)?", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)

# What no scenario comes near, and where recursion and an alias of aliases of aliases must stop.
DEEPEST, LARGEST, LONGEST_NUMBER = 50, 100_000, 100


@dataclass
class Marked:
    """Plain data, and (line, column), both from 1, of every path in it; a mapping's key has the path of its value.

    What an alias stands for is one object, shared, and has no places of its own: it is where its alias is.
    """

    file: str
    data: Any
    marks: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def where(self, path: Path) -> str:
        """``file:line:column`` of a path, or of the nearest thing around it."""
        line, column = self.place(path)
        return f"{self.file}:{line}:{column}"

    def place(self, path: Path) -> tuple[int, int]:
        while path not in self.marks and path:
            path = path[:-1]
        return self.marks.get(path, (1, 1))

    def error(self, path: Path, text: str) -> BadInput:
        return BadInput(f"{self.where(path)}: {text}")


def load(text: str, file: str) -> Marked:
    """Read one YAML document. BadInput says where it is malformed."""
    try:
        return _Reader(text, file).read()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise BadInput(f"{file}:{line}:{column}: malformed YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        line, column = _place_of(text, error)
        raise BadInput(f"{file}:{line}:{column}: malformed YAML: {str(error).splitlines()[0]}") from None


def _place_of(text: str, error: yaml.YAMLError) -> tuple[int, int]:
    """Of a character that YAML does not allow, of which the C reader tells no place but the character."""
    character = getattr(error, "character", None)
    at = text.find(chr(character)) if isinstance(character, int) else -1
    before = text[: max(at, 0)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


@dataclass(slots=True)
class _Extent:
    """How many values a value consists of, and how deep they lie."""

    size: int = 1
    depth: int = 1

    def hold(self, other: _Extent) -> None:
        self.size += other.size
        self.depth = max(self.depth, other.depth + 1)


def _begin(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


class _Reader:
    """Events -> data. Depth and size are bounded as they come, so no text can make it recurse or grow without end."""

    def __init__(self, text: str, file: str) -> None:
        self._loader = _Loader(text)
        self._marked = Marked(file, None)
        self._anchors: dict[str, tuple[Any, _Extent] | None] = {}

    def read(self) -> Marked:
        self._next()  # the stream's start
        if not isinstance(self._next(), yaml.StreamEndEvent):
            self._marked.data, _ = self._value(self._next(), ())
            self._next()  # the document's end
            if not isinstance(event := self._next(), yaml.StreamEndEvent):
                raise self._error(event, "one document is expected, here begins another")
        return self._marked

    def _next(self) -> Any:
        return self._loader.get_event()

    def _error(self, event: Any, text: str) -> BadInput:
        line, column = _begin(event)
        return BadInput(f"{self._marked.file}:{line}:{column}: {text}")

    def _value(self, event: Any, path: Path) -> tuple[Any, _Extent]:
        self._marked.marks[path] = _begin(event)
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(event, path)
        if event.anchor:
            self._anchors[event.anchor] = None
        extent = _Extent()
        data: Any
        if isinstance(event, yaml.ScalarEvent):
            data = self._scalar(event)
        elif len(path) >= DEEPEST:
            raise self._error(event, f"nested more than {DEEPEST} deep")
        elif isinstance(event, yaml.SequenceStartEvent):
            data = self._sequence(event, path, extent)
        else:
            data = self._mapping(event, path, extent)
        if event.anchor:
            self._anchors[event.anchor] = (data, extent)
        return data, extent

    def _aliased(self, event: Any, path: Path) -> tuple[Any, _Extent]:
        if event.anchor not in self._anchors:
            raise self._error(event, f"the alias *{event.anchor} is of no value that comes before it")
        found = self._anchors[event.anchor]
        if found is None:
            raise self._error(event, "an alias that contains itself")
        if len(path) + found[1].depth > DEEPEST:
            raise self._error(event, f"nested more than {DEEPEST} deep")
        return found

    def _grow(self, event: Any, extent: _Extent, child: _Extent) -> None:
        extent.hold(child)
        if extent.size > LARGEST:
            raise self._error(event, f"more than {LARGEST:,} values, those that aliases repeat counted")

    def _sequence(self, event: Any, path: Path, extent: _Extent) -> list[Any]:
        self._plain(event, "seq")
        data: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            value, below = self._value(event, (*path, len(data)))
            self._grow(event, extent, below)
            data.append(value)
        return data

    def _mapping(self, event: Any, path: Path, extent: _Extent) -> dict[str, Any]:
        self._plain(event, "map")
        data: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, "a key must be a plain word")
            key = str(event.value)
            if key in data:
                raise self._error(event, f"{key!r} is given twice")
            value, below = self._value(self._next(), (*path, key))
            self._grow(event, extent, below)
            data[key] = value
            self._marked.marks[*path, key] = _begin(event)
        return data

    def _plain(self, event: Any, kind: str) -> None:
        if event.tag not in (None, "!", f"tag:yaml.org,2002:{kind}"):
            raise self._error(event, f"the tag {event.tag} means nothing here")

    def _scalar(self, event: Any) -> Any:
        tag, text = event.tag, event.value
        if tag is None:
            tag = self._loader.resolve(yaml.ScalarNode, text, event.implicit)
        elif tag == "!":
            tag = "tag:yaml.org,2002:str"
        kind = tag.removeprefix("tag:yaml.org,2002:")
        if kind == "int" and len(text) > LONGEST_NUMBER:
            raise self._error(event, f"a number of {len(text)} digits; {LONGEST_NUMBER} are the most")
        if kind not in _MAKE:
            raise self._error(event, f"the tag {tag} means nothing here")
        try:
            return _MAKE[kind](text)
        except ValueError:
            raise self._error(event, f"{text!r} is no {kind}") from None


def _bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError
    return text.lower() == "true"


_MAKE: dict[str, Any] = {
    "null": lambda _text: None,
    "bool": _bool,
    "int": lambda text: int(text, 0) if text[:2] in ("0o", "0x") else int(text),
    "float": float,
    "str": str,
}
