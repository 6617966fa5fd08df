"""What the wizard has been told so far: one sealed record, written when a page is saved, gone when ignition is done."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Any

from firmware.appliance import Appliance
from firmware.memo import memoise
from ignition import disk

REVIEW = "review"  # the page that shows all the others

Values = Mapping[str, str]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Announced:
    """The CA that Review shows, before Apply makes it: its number, host name, the clock reading at its creation.

    ``answers`` is the digest of what it follows from: when that changes, the next CA is announced.
    """

    number: int
    host: str
    created: int | None
    answers: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What Apply carries out, fixed when it begins: resumed after a power cut it makes the same.

    ``created`` is the clock's reading then (None: not set), ``host`` the name that the certificates bear, ``lans`` the
    addresses as ``a.b.c.d/prefix``, ``generation`` the number of the identity that is to be made.
    """

    role: str
    created: int | None
    host: str
    lans: tuple[str, ...]
    generation: int = 1


@dataclass(frozen=True, slots=True)
class Answers:
    """The pages that have been answered, each with its values as they are kept."""

    pages: tuple[tuple[str, Pairs], ...] = ()
    announced: Announced | None = None
    plan: Plan | None = None

    def of(self, page: str) -> dict[str, str] | None:
        """A page's values, or None when it has not been answered."""
        return next((dict(values) for name, values in self.pages if name == page), None)

    def value(self, page: str, field: str) -> str:
        """One value; empty when it was not given."""
        return (self.of(page) or {}).get(field, "")

    def with_page(self, page: str, values: Values) -> Answers:
        rest = tuple((name, kept) for name, kept in self.pages if name != page)
        return replace(self, pages=tuple(sorted((*rest, (page, tuple(sorted(values.items())))))))

    def tag(self, page: str) -> str:
        """Changes when what is kept of a page does: a form that was made from an older one is told apart.

        Review shows all of them and the CA, so its tag changes with each.
        """
        if page == REVIEW:
            return digest([self.pages, astuple(self.announced) if self.announced else None])
        return digest(self.of(page) or {})


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def load(unit: Appliance) -> Answers:
    """What is on the disk; nothing when there is nothing that this unit can read."""
    data = unit.sealed.read(disk.ANSWERS)
    return (_decode(data) if data else None) or Answers()


def save(unit: Appliance, answers: Answers) -> None:
    """Commit, unless it is there already."""
    data = _encode(answers)
    if unit.sealed.read(disk.ANSWERS) != data:
        unit.sealed.commit(disk.ANSWERS, data)


@memoise(4096)
def _encode(answers: Answers) -> bytes:
    announced, plan = answers.announced, answers.plan
    body = {
        "pages": {name: dict(values) for name, values in answers.pages},
        "announced": [announced.number, announced.host, announced.created, announced.answers] if announced else None,
        "plan": [plan.role, plan.created, plan.host, list(plan.lans), plan.generation] if plan else None,
    }
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


@memoise(4096)
def _decode(data: bytes) -> Answers | None:
    """None: nothing that this firmware has written."""
    try:
        body = json.loads(data)
        plan = body["plan"]
        found = Answers(
            tuple((name, tuple(sorted(values.items()))) for name, values in sorted(body["pages"].items())),
            Announced(*body["announced"]) if body["announced"] else None,
            Plan(plan[0], plan[1], plan[2], tuple(plan[3]), plan[4]) if plan else None,
        )
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return found if _encode(found) == data else None
