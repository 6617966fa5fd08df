"""How we know a fact. Every value that models the real device carries one of these, and the product shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Basis(str, Enum):
    """``documented``: a vendor's document says so; ``inferred``: follows from such; ``assumed``: field experience."""

    DOCUMENTED = "documented"
    INFERRED = "inferred"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value with its basis and the key of its source (README, "Sources")."""

    value: T
    basis: Basis
    source: str = ""

    def cite(self) -> str:
        return f"{self.basis.value} {self.source}".strip()


def documented(value: T, source: str) -> Fact[T]:
    return Fact(value, Basis.DOCUMENTED, source)


def inferred(value: T, source: str = "") -> Fact[T]:
    return Fact(value, Basis.INFERRED, source)


def assumed(value: T, source: str = "") -> Fact[T]:
    return Fact(value, Basis.ASSUMED, source)
