"""Names in certificates: whether one stands for the name that a peer is reached by, and what constraints say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from cryptography import x509

from firmware.security.reading import load
from firmware.security.trust.members import Member, canonical

_LABEL = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
# One star, in the first label, at its start or end, with two more labels to follow.
_WILDCARD = re.compile(rf"(?:\*|\*{_LABEL}|{_LABEL}\*)(?:\.{_LABEL}){{2,}}")
# What may be a host name, so that constraints on host names hold for it too: two labels at least.
_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]+(?<!-)(?:\.(?!-)[A-Za-z0-9_-]+(?<!-))+")
_SIP_URI = re.compile(r"sip:([^@;?:/]+)(?::[0-9]+)?(?:[;?][^@]*)?", re.IGNORECASE)

MOST_COMPARISONS = 2**16  # of a name with a constraint; OpenSSL goes as far as 2**20, which takes us a second

_JUDGED = (x509.DNSName, x509.IPAddress, x509.DirectoryName)


def names(one: Member, name: str) -> bool:
    """Whether it is for this host name or address, as OpenSSL has it: an address must be an entry of the SAN; a host
    name may also be the common name, but only if the SAN has no host names (RFC 9525 allows that no more)."""
    if _is_address(name):
        return has_alternative(one, name)
    return any(stands_for(pattern, name) for pattern in _host_names(one) or one.common_names)


def has_alternative(one: Member, name: str) -> bool:
    """Whether an entry of the SAN is this host name or address."""
    if _is_address(name):
        return ip_address(name) in _values(one, x509.IPAddress)
    return any(stands_for(pattern, name) for pattern in _host_names(one))


def has_sip_domain(one: Member, name: str) -> bool:
    """Whether it is a SIP domain's (RFC 5922, 7.1 and 7.2): ``sip:`` URIs without a user part, or else host names, and
    no wildcards. An address, of which the RFC says nothing, must be an entry of the SAN (assumed)."""
    if _is_address(name):
        return has_alternative(one, name)
    found = (_SIP_URI.fullmatch(str(uri)) for uri in _values(one, x509.UniformResourceIdentifier))
    domains = [match[1] for match in found if match] or _host_names(one)
    return _folded(name) in map(_folded, domains)


def stands_for(pattern: str, name: str) -> bool:
    """Whether a host name of a certificate, which may have a wildcard for or in its first label, is ``name``."""
    pattern, name = _folded(pattern), _folded(name)
    if pattern == name:
        return True
    if not _WILDCARD.fullmatch(pattern):
        return False
    (head, tail), (label, _, rest) = pattern.split(".")[0].split("*"), name.partition(".")
    if label.startswith("xn--") and head + tail:  # no part of an international label
        return False
    hidden = label[len(head) : len(label) - len(tail)]
    return (
        rest == pattern.partition(".")[2]
        and label == head + hidden + tail
        and bool(hidden or head or tail)
        and re.fullmatch("[a-z0-9-]*", hidden) is not None
    )


def constraint_faults(one: Member, by: Member, is_own: bool) -> Iterator[str]:
    """What a CA's name constraints have against the names of a certificate below it (RFC 5280, 4.2.1.10).

    ``is_own``: it is the certificate judged, whose common name is a host name too if the SAN has none.
    """
    if by.constraints is None:
        return
    entries = _constrained(one, is_own)
    subtrees = [*(by.constraints.permitted_subtrees or ()), *(by.constraints.excluded_subtrees or ())]
    if len(entries) * len(subtrees) > MOST_COMPARISONS:
        yield f"its names are too many to hold against the constraints of {by.label}"
        return
    for kind, value in entries:
        permitted = _bases(by.constraints.permitted_subtrees, kind)
        excluded = _bases(by.constraints.excluded_subtrees, kind)
        shown = value.rfc4514_string() if isinstance(value, x509.Name) else value
        if kind not in _JUDGED and permitted + excluded:
            yield f"{by.label} constrains names such as {shown}, of a kind that cannot be judged"
            continue
        if permitted and not any(_is_within(value, base) for base in permitted):
            yield f"{shown} is not among the names that {by.label} permits"
        if any(_is_within(value, base) for base in excluded):
            yield f"{shown} is among the names that {by.label} excludes"


def _constrained(one: Member, is_own: bool) -> list[tuple[type[x509.GeneralName], object]]:
    """(kind, value) of every name that constraints can be about."""
    entries: list[tuple[type[x509.GeneralName], object]] = [(type(entry), entry.value) for entry in one.alternatives]
    if one.subject:
        entries.append((x509.DirectoryName, load(one.der).subject))
    entries += [(x509.RFC822Name, mailbox) for mailbox in one.mailboxes]
    if is_own and not _host_names(one):
        entries += [(x509.DNSName, name) for name in one.common_names if _HOST_NAME.fullmatch(name)]
    return entries


def _is_within(value: object, base: object) -> bool:
    if isinstance(value, x509.Name) and isinstance(base, x509.Name):
        return canonical(value)[: len(base.rdns)] == canonical(base)
    if isinstance(value, str) and isinstance(base, str):
        name, suffix = _folded(value), _folded(base)
        return not base or name == suffix or name.endswith(suffix if suffix.startswith(".") else f".{suffix}")
    if isinstance(value, IPv4Address | IPv6Address) and isinstance(base, IPv4Network | IPv6Network):
        return value in base
    return False


def _bases(subtrees: list[x509.GeneralName] | None, kind: type[x509.GeneralName]) -> list[object]:
    return [base.value for base in subtrees or () if type(base) is kind]


def _values(one: Member, kind: type[x509.GeneralName]) -> list[object]:
    return [entry.value for entry in one.alternatives if isinstance(entry, kind)]


def _host_names(one: Member) -> list[str]:
    return [str(value) for value in _values(one, x509.DNSName)]


def _folded(text: str) -> str:
    """ASCII letters in lower case, no others: to str.lower() a Kelvin sign is a k too."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
