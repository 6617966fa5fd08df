"""Certificates of a unit, and what became of its identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from firmware.bench.expectations import identity_change
from firmware.bench.pytest_plugin.verdict import Verdict
from firmware.bench.timeline import sentence
from firmware.journal import Event
from firmware.security import reading
from firmware.times import show_time

if TYPE_CHECKING:
    from firmware.bench.pytest_plugin.bench import Bench

# What an identity is made, changed or kept by.
_REASONS = (
    "certificate.", "security.defaulted", "security.refused", "security.loaded", "authority.", "network.host_name",
    "enrolment.", "nvm.transplanted", "damaged", "network.address",
)  # fmt: skip
_MOST_REASONS = 8


@dataclass(frozen=True)
class Certificate:
    """A certificate, field by field as text; equal when the bytes are."""

    der: bytes

    @property
    def subject(self) -> str:
        return str(reading.describe(self.der)["subject"])

    @property
    def issuer(self) -> str:
        return reading.issuer(self.der)

    @property
    def serial(self) -> str:
        return str(reading.describe(self.der)["serial"])

    @property
    def not_before(self) -> str:
        return str(reading.describe(self.der)["not_before"])

    @property
    def not_after(self) -> str:
        return str(reading.describe(self.der)["not_after"])

    @property
    def key(self) -> str:
        return str(reading.describe(self.der)["key"])

    @property
    def names(self) -> list[str]:
        return list(reading.alternative_names(self.der))

    @property
    def sha256(self) -> str:
        return reading.fingerprint(self.der)

    @property
    def pem(self) -> str:
        return reading.pem(self.der).decode()

    def __repr__(self) -> str:
        return f"<certificate {self.subject.partition(',')[0]}, serial {self.serial}>"

    def lines(self) -> list[str]:
        return [
            f"SHA-256 {self.sha256}",
            f"serial  {self.serial}",
            f"valid   {self.not_before} to {self.not_after}",
            f"names   {', '.join(self.names) or 'none'}",
        ]

    def compared(self, op: str, other: object) -> list[str] | None:
        """For pytest: the fields in which two certificates differ."""
        if op != "==" or not isinstance(other, Certificate):
            return None
        told = [(field, getattr(other, field), getattr(self, field)) for field in _FIELDS]
        differ = [f"  {field}: {a} != {b}" for field, a, b in told if a != b]
        return [f"{other!r} == {self!r}", *(differ or ["  only in bytes that no field shows"])]


_FIELDS = ("subject", "issuer", "serial", "not_before", "not_after", "key", "names", "sha256")


@dataclass(frozen=True)
class Look:
    """A unit's identity at one moment, and how much of its journal had been written by then."""

    der: bytes | None
    events: int


class Identity:
    """The identity of a unit now, compared with the last look at it before what was done since; where there was none,
    with the first that the unit had. ``assert appliance.identity.kept`` says what differs."""

    def __init__(
        self,
        bench: Bench,
        unit: str,
        now: Look,
        before: Look,
        first: Look,
        history: Sequence[Event],
        objections: list[str],
    ) -> None:
        self._bench, self._name, self._now, self._seen = bench, unit, now, before
        self._reference = before if before.der is not None else first
        self._history = history
        self._objections = objections

    @property
    def certificate(self) -> Certificate | None:
        return None if self._now.der is None else Certificate(self._now.der)

    @property
    def before(self) -> Certificate | None:
        """What it is compared with."""
        return None if self._reference.der is None else Certificate(self._reference.der)

    @property
    def kept(self) -> Verdict:
        """The same certificate over the same key."""
        return self._became("kept")

    @property
    def new_key(self) -> Verdict:
        """Another certificate over another key."""
        return self._became("new key")

    @property
    def renewed(self) -> Verdict:
        """Another certificate over the same key."""
        return self._became("renewed")

    @property
    def generated(self) -> Verdict:
        """There was none at the last look, and there is one."""
        found = identity_change(self._seen.der, self._now.der)
        return self._verdict(found == "generated", "generated", found, Look(self._seen.der, self._seen.events))

    @property
    def missing(self) -> Verdict:
        """There is none."""
        return self._verdict(self._now.der is None, "none", "none" if self._now.der is None else "one", self._reference)

    @property
    def fit(self) -> Verdict:
        """A client that validates would find dates and addresses right."""
        if self._now.der is None:
            return Verdict(self._bench, False, "identity: none", ["there is no certificate"])
        is_fit = not self._objections
        told = self._objections or ["a client that validates would accept it"]
        details = [f"certificate: {told[0]}", *(f"             {text}" for text in told[1:])]
        return Verdict(
            self._bench, is_fit, f"certificate {'fit' if is_fit else 'unfit'}", [*details, *self._shown("now")]
        )

    def __bool__(self) -> bool:
        return self._now.der is not None

    def __repr__(self) -> str:
        return f"<identity of {self._name}>"

    def _became(self, wanted: str) -> Verdict:
        found = identity_change(self._reference.der, self._now.der)
        return self._verdict(found == wanted, wanted, found, self._reference)

    def _verdict(self, holds: bool, wanted: str, found: str, since: Look) -> Verdict:
        details = [f"identity: expected {wanted if holds is False else 'not ' + wanted}, found {found}"]
        details += self._shown("before", since.der)
        details += self._shown("now") if self._now.der != since.der else ["  now     the same"]
        why = [
            f"{show_time(event.time)} {sentence(event).partition(chr(10))[0]}"
            for event in self._history[since.events : self._now.events]
            if event.kind.startswith(_REASONS)
        ][-_MOST_REASONS:]
        details += [
            f"  {'because' if not n else '':<7} {text}" for n, text in enumerate(why or ["nothing made it anew"])
        ]
        return Verdict(self._bench, holds, f"identity: {found}", details)

    def _shown(self, when: str, der: bytes | None = b"") -> list[str]:
        der = self._now.der if der == b"" else der
        lines = Certificate(der).lines() if der is not None else ["none"]
        return [f"  {when if not n else '':<7} {line}" for n, line in enumerate(lines)]
