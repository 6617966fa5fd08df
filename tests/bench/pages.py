"""An HTML report, read strictly: what a browser would forgive is an error here."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

from firmware.bench import replay
from firmware.bench.html.watch import Watch, Watched
from firmware.bench.scenario import Scenario

_VOID = {"meta", "input", "br", "link", "img", "hr", "path", "rect"}
_INLINE = {"a", "b", "code", "del", "i", "ins", "span", "strong"}


def watched(told: Scenario) -> Watched:
    """A scenario, run and looked at."""
    watch = Watch()
    replay.run(told, witnesses=[watch])
    assert watch.seen is not None
    return watch.seen


class Page(HTMLParser):
    """``text`` is what a reader sees, its white space made single; ``headings`` are levels in order."""

    def __init__(self, data: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.source = data.decode("utf-8")
        self.ids: list[str] = []
        self.links: list[str] = []
        self.headings: list[int] = []
        self.errors: list[str] = []
        self.title = ""
        self._open: list[str] = []
        self._words: list[str] = []
        self.feed(self.source)
        self.close()
        self.text = " ".join("".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if len(values) < len(attrs):
            self.errors.append(f"{tag} has an attribute twice")
        if "id" in values:
            self.ids.append(values["id"] or "")
        if tag == "a":
            self.links.append(values.get("href") or "")
        self.errors += [f"{tag} loads {values[name]}" for name in ("src", "srcset", "data") if name in values]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in _INLINE:
            self._words.append(" ")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.errors.append(f"</{tag}> closes something else at {self.getpos()}")

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "title":
            self.title += data
        elif not {"style", "script"} & set(self._open):
            self._words.append(data)

    def must_be_sound(self) -> None:
        """Well-formed, every link leads somewhere in it, headings in order, and not a thing is loaded."""
        assert self.errors == []
        assert self._open == []
        assert len(set(self.ids)) == len(self.ids)
        assert [link for link in self.links if not link.startswith("#") or link[1:] not in self.ids] == []
        assert self.headings[0] == 1
        assert self.headings.count(1) == 1
        steps = pairwise(self.headings)
        assert [step for step in steps if step[1] > step[0] + 1] == []
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", self.source)
        assert "default-src 'none'" in self.source
