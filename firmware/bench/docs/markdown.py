"""Markdown, as far as the documents need it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return "\n".join(_row(cells) for cells in (heads, ["---"] * len(heads), *rows))


def _row(cells: Sequence[object]) -> str:
    texts = (" ".join(str(cell).split()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(texts)} |"


def code(text: object) -> str:
    return f"`{text}`"


def fenced(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def prose(text: str) -> str:
    """A docstring: its marks of code in Markdown's."""
    return text.replace("``", "`").replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")


def link(text: str, heading: str, page: str = "") -> str:
    """To a heading, by the anchor that GitHub and GitLab give it."""
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"[{text}]({page}#{anchor})"


def document(title: str, *parts: str) -> str:
    """A whole page; ``make docs`` stands in it, for who wants to change it."""
    return "\n\n".join([f"# {title}", "<!-- Drawn from the tables of the program by `make docs`. -->", *parts]) + "\n"
