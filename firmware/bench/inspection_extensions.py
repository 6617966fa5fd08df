"""What inspect compares of a certificate's extensions: which there are, what they say, which are critical."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from cryptography import x509

from firmware.basis import Fact
from firmware.bench.inspection_case import Case, Comparison, Seen, equal, extension, short_name

# SAN: the word of a profile -> the kind of entry, and whether it repeats the CN. Optional ones stand only where set.
_ENTRIES: dict[str, tuple[str, bool]] = {
    "cn": ("DNS", True),
    "uri": ("URI", True),
    "lan1": ("IP", False),
    "lan2": ("IP", False),
    "fqdn": ("DNS", False),
    "sip_domain": ("DNS", False),
}
_OPTIONAL = frozenset({"fqdn", "sip_domain"})
_KINDS: dict[type[x509.GeneralName], str] = {
    x509.DNSName: "DNS",
    x509.IPAddress: "IP",
    x509.UniformResourceIdentifier: "URI",
    x509.RFC822Name: "email",
}
_USAGES = {
    "digital_signature": "digitalSignature",
    "content_commitment": "nonRepudiation",
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}
_ONLY_WITH_AGREEMENT = {"encipher_only": "encipherOnly", "decipher_only": "decipherOnly"}
_COMPARED = (
    x509.SubjectAlternativeName,
    x509.ExtendedKeyUsage,
    x509.BasicConstraints,
    x509.KeyUsage,
    x509.SubjectKeyIdentifier,
    x509.AuthorityKeyIdentifier,
)


def _entries(certificate: x509.Certificate) -> list[tuple[str, str]]:
    found = extension(certificate, x509.SubjectAlternativeName)
    return [(_KINDS.get(type(name), type(name).__name__), str(name.value)) for name in found.value] if found else []


def san(case: Case, fact: Fact[tuple[str, ...]]) -> Seen:
    entries = _entries(case.certificate)
    common_name = {short_name(part.oid): part.value for part in case.certificate.subject}.get("CN")
    fits = any(
        len(words) == len(entries)
        and all(
            kind == _ENTRIES[word][0] and (value == common_name or not _ENTRIES[word][1])
            for word, (kind, value) in zip(words, entries, strict=True)
        )
        for words in _with_and_without(fact.value)
    )
    expected = [
        _ENTRIES[word][0] + (" = CN" if _ENTRIES[word][1] else "") + (" (if set)" if word in _OPTIONAL else "")
        for word in fact.value
    ]
    return Seen(_list(expected), _list([f"{kind}:{value}" for kind, value in entries]), fits)


def _with_and_without(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The words with every choice of the optional ones."""
    for kept in product(*((True, False) if word in _OPTIONAL else (True,) for word in words)):
        yield tuple(word for word, is_kept in zip(words, kept, strict=True) if is_kept)


def _list(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "none"


def extended_key_usage(case: Case, fact: Fact[tuple[str, ...]]) -> Seen:
    usage = extension(case.certificate, x509.ExtendedKeyUsage)
    found = [short_name(oid) for oid in usage.value] if usage else []
    return Seen(
        _list(fact.value),
        _list(found),
        found == list(fact.value),
        certain=sorted(found) != sorted(fact.value),  # RFC 5280, 4.2.1.12 gives the order no meaning
    )


def critical(kind: type[x509.ExtensionType]) -> Comparison:
    def compare(case: Case, fact: Fact[bool]) -> Seen:
        words, found = ("not critical", "critical"), extension(case.certificate, kind)
        if found is None:
            return Seen(words[fact.value], "no such extension", None)
        return equal(words[fact.value], words[found.critical])

    return compare


def ca(case: Case, fact: Fact[bool]) -> Seen:
    found = extension(case.certificate, x509.BasicConstraints)
    return equal(_says_ca(fact.value), _says_ca(found.value.ca) if found else "no basic constraints")


def _says_ca(is_ca: bool) -> str:
    return f"CA:{is_ca}".upper()


def path_length(case: Case, fact: Fact[int | None]) -> Seen:
    found = extension(case.certificate, x509.BasicConstraints)
    expected = "none" if fact.value is None else str(fact.value)
    if found is None or not found.value.ca:
        return Seen(expected, "no CA", None)
    return equal(expected, "none" if found.value.path_length is None else str(found.value.path_length))


def key_usage(case: Case, fact: Fact[tuple[str, ...]]) -> Seen:
    usage = extension(case.certificate, x509.KeyUsage)
    if usage is None:
        return Seen(_list(fact.value), "none", not fact.value)
    names = _USAGES | (_ONLY_WITH_AGREEMENT if usage.value.key_agreement else {})
    found = [word for attribute, word in names.items() if getattr(usage.value, attribute)]
    may_continue = "the list may continue" in fact.source and set(found) >= set(fact.value)
    fits = bool(fact.value) and set(found) == set(fact.value)
    return Seen(_list(fact.value), _list(found) if found else "present, no bit set", fits, certain=not may_continue)


def _presence(is_there: bool) -> str:
    return "present" if is_there else "absent"


def subject_key_identifier(case: Case, fact: Fact[bool]) -> Seen:
    return equal(_presence(fact.value), _presence(extension(case.certificate, x509.SubjectKeyIdentifier) is not None))


def authority_key_identifier(case: Case, fact: Fact[bool]) -> Seen:
    """B: the root's SKI, copied."""
    found = extension(case.certificate, x509.AuthorityKeyIdentifier)
    root = extension(case.issuer, x509.SubjectKeyIdentifier) if case.issuer else None
    if found is None or root is None:
        return equal(_presence(fact.value), _presence(found is not None))
    is_root = found.value.key_identifier == root.value.digest
    return Seen(
        "the issuer's SKI" if fact.value else "absent",
        "the issuer's SKI" if is_root else "not the issuer's SKI",
        fact.value and is_root,
    )


def further_extensions(case: Case, fact: Fact[tuple[str, ...]]) -> Seen:
    found = [short_name(entry.oid) for entry in case.certificate.extensions if not isinstance(entry.value, _COMPARED)]
    return Seen(_list(fact.value), _list(found), not found)
