"""TLS and trust: what a security level and a check level mean, by release; what each kind of phone does."""

from __future__ import annotations

from enum import Enum

from firmware.bench.docs.markdown import document, table
from firmware.peers.endpoints import ENDPOINTS, Endpoint
from firmware.security.tls_levels import OLDEST, ROWS
from firmware.security.trust.received import CHECKS, OFFERED_SINCE


def tls_by_release() -> str:
    rows = [
        (row.level, f"{row.since.value} ({row.since.cite()})", f"{row.floor.value.named} ({row.floor.cite()})",
         f"{_text(row.client_certificate.value)} ({row.client_certificate.cite()})")
        for row in ROWS
    ]  # fmt: skip
    oldest = "; ".join(f"from {release} on {fact.value} ({fact.cite()})" for release, fact in OLDEST)
    heads = ("security level", "from release", "weakest cipher", "demands a client certificate")
    return f"{table(heads, rows)}\n\nThe oldest protocol: {oldest}."


def checks_by_release() -> str:
    offered = "; ".join(f"{level.value} from {fact.value} ({fact.cite()})" for level, fact in OFFERED_SINCE.items())
    rows = [
        (check.name, f"{check.level.value.value} ({check.level.cite()})", f"{check.since.value} ({check.since.cite()})",
         f"{check.until.value} ({check.until.cite()})" if check.until else "")
        for check in CHECKS
    ]  # fmt: skip
    heads = ("check of a received certificate", "from level", "from release", "before release")
    return f"Levels: {offered}.\n\n{table(heads, rows)}"


def draw_phones() -> str:
    about = (
        "Every kind of endpoint is a row: what it checks at first contact and later, where its trust comes from, what "
        "it speaks. The name in brackets is what a scenario calls it (`endpoint`)."
    )
    parts = [part for endpoint in ENDPOINTS for part in (f"## {endpoint.title} ({endpoint.name})", _facts(endpoint))]
    return document("Phones", about, *parts)


def _facts(endpoint: Endpoint) -> str:
    rows = [(name.replace("_", " "), _text(fact.value), fact.cite()) for name, fact in endpoint.facts().items()]
    return table(("fact", "value", "basis, source"), rows)


def _text(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return "yes" if value is True else "no" if value is False else str(value or "none")
