"""What inspect compares: a table from each field of a profile to the look at a certificate that judges it.

A comparison says what was expected, what was found and whether the two fit; the basis of the fact then says how much a
difference weighs. Those of the extensions are in :mod:`firmware.bench.inspection_extensions`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from firmware.basis import Fact
from firmware.bench import inspection_extensions as extensions
from firmware.bench.inspection_case import Case, Comparison, Seen, distinguished, equal, is_signed_by, short_name
from firmware.security.profiles import Subject
from firmware.times import DAY, HOUR, LATEST, from_datetime, show_duration, show_time

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SHAPES = {"mac": "[0-9a-f]{12}", "host": rf"{_LABEL}(?:\.{_LABEL})*"}

LATER_IDENTITIES = 1 << 16  # as many as authority.make leaves room for between two of its certificates
LARGE_SERIAL = 1 << 63  # what "large" is taken to mean: assumed


def _version(case: Case, fact: Fact[str]) -> Seen:
    return equal(fact.value, case.certificate.version.name)


def _signature_algorithm(case: Case, fact: Fact[str]) -> Seen:
    return equal(fact.value, short_name(case.certificate.signature_algorithm_oid))


def _serial_bytes(case: Case, fact: Fact[int]) -> Seen:
    """As DER counts bytes: the sign has its bit (X.690, 8.3)."""
    number = case.certificate.serial_number
    size = number.bit_length() // 8 + 1
    sign = "positive" if number > 0 else "not positive"
    fits = number > 0 and size <= fact.value
    is_small = fits and number < LARGE_SERIAL
    return Seen(
        f"positive, large, at most {fact.value} bytes",
        f"{sign}, {size} byte{'s' if size > 1 else ''}",
        fits and not is_small,
        certain=not is_small,
    )


def _serial_after_root(case: Case, fact: Fact[int]) -> Seen:
    """B shows the first pair: the root's + 1. That later identities count on is assumed (authority.serial_of)."""
    expected, root = f"the issuer's + {fact.value}", case.issuer
    if root is None:
        return Seen(expected, "the issuer is not there", None)
    if case.root is None or variables(root.subject, case.root.subject.value) is None:
        return Seen(expected, "an imported CA keeps its own book", None)
    if root.not_valid_before_utc > case.certificate.not_valid_before_utc:
        return Seen(expected, "the issuer's certificate was renewed since", None)
    beyond = case.certificate.serial_number - root.serial_number
    if not 0 < beyond < LATER_IDENTITIES:
        return Seen(expected, "unrelated to the issuer's", False)
    return Seen(expected, f"the issuer's + {beyond}{' (a later identity)' if beyond > fact.value else ''}", True)


def _issuer(case: Case, fact: Fact[str]) -> Seen:
    found = distinguished(case.certificate.issuer)
    is_self_issued = case.certificate.issuer == case.certificate.subject
    if case.root is None:
        return Seen(fact.value, "the subject" if is_self_issued else found, is_self_issued)
    if case.others:
        return Seen(distinguished((case.issuer or case.others[0]).subject), found, case.issuer is not None)
    is_seen = is_self_issued or variables(case.certificate.issuer, case.root.subject.value) is not None
    return Seen(_template(case.root.subject.value), found, not is_self_issued if is_seen else None)


def _signature(case: Case, fact: Fact[str]) -> Seen:
    signer = case.issuer if case.root else case.certificate
    if signer is None:
        return Seen(fact.value, "the issuer is not there", None)
    is_valid = is_signed_by(case.certificate, signer)
    return Seen(fact.value, "valid" if is_valid else "not made by that key", is_valid)


def _subject(case: Case, fact: Fact[Subject]) -> Seen:
    name = case.certificate.subject
    return Seen(_template(fact.value), distinguished(name), variables(name, fact.value) is not None)


def _template(subject: Subject) -> str:
    return ", ".join(f"{kind}={text.format(mac='<mac>', host='<host>')}" for kind, text in subject)


def variables(name: x509.Name, subject: Subject) -> dict[str, str] | None:
    """What stands for the words in braces; None unless it is these attributes in this order, one each."""
    if len(name.rdns) != len(subject) or [short_name(part.oid) for part in name] != [kind for kind, _ in subject]:
        return None
    found: dict[str, str] = {}
    for part, (_, text) in zip(name, subject, strict=True):
        match = re.fullmatch(_pattern(text), str(part.value))
        if match is None:
            return None
        found |= match.groupdict()
    return found


def _pattern(text: str) -> str:
    parts = Formatter().parse(text)
    return "".join(
        re.escape(literal) + (f"(?P<{word}>{_SHAPES[word]})" if word else "") for literal, word, _, _ in parts
    )


TOLERANCE = HOUR  # assumed: two clocks are seldom the same, and a simulated unit's is ahead by its start-up


def _backdate(case: Case, fact: Fact[int]) -> Seen:
    """The creation time cannot be seen. It is not to come yet, and not older than the release: so much is inferred."""
    earliest = from_datetime(datetime(case.release.dated.value.year, 1, 1, tzinfo=UTC))
    latest = case.now - fact.value + TOLERANCE
    begins = from_datetime(case.certificate.not_valid_before_utc)
    expected = f"creation less {fact.value // HOUR} h: from {show_time(earliest)} to {show_time(latest // 1000 * 1000)}"
    return Seen(expected, show_time(begins), earliest <= begins <= latest or begins == earliest, certain=False)


def _lifetime(case: Case, fact: Fact[int]) -> Seen:
    begins, ends = (
        from_datetime(moment)
        for moment in (case.certificate.not_valid_before_utc, case.certificate.not_valid_after_utc)
    )
    days, rest = divmod(ends - begins, DAY)
    found = f"{days} days" + (f" {show_duration(rest)}" if rest else "")
    return Seen(f"{fact.value} days", found, ends == min(begins + fact.value * DAY, LATEST))


def _key(case: Case, fact: Fact[Any]) -> Seen:
    key = case.certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        found = f"RSA {key.key_size}"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        found = "P-256" if isinstance(key.curve, ec.SECP256R1) else f"EC {key.curve.name}"
    else:
        found = type(key).__name__.removesuffix("PublicKey").strip("_")
    return equal(fact.value.value, found)


def _may_issue(_: Case, fact: Fact[bool]) -> Seen:
    return Seen("yes" if fact.value else "no", "what the unit does, not what it shows", None)


COMPARISONS: dict[str, Comparison] = {
    "version": _version,
    "serial_bytes": _serial_bytes,
    "serial_after_root": _serial_after_root,
    "signature_algorithm": _signature_algorithm,
    "issuer": _issuer,
    "signature": _signature,
    "backdate": _backdate,
    "lifetime": _lifetime,
    "subject": _subject,
    "key": _key,
    "san": extensions.san,
    "extended_key_usage": extensions.extended_key_usage,
    "extended_key_usage_critical": extensions.critical(x509.ExtendedKeyUsage),
    "ca": extensions.ca,
    "path_length": extensions.path_length,
    "basic_constraints_critical": extensions.critical(x509.BasicConstraints),
    "key_usage": extensions.key_usage,
    "key_usage_critical": extensions.critical(x509.KeyUsage),
    "subject_key_identifier": extensions.subject_key_identifier,
    "authority_key_identifier": extensions.authority_key_identifier,
    "further_extensions": extensions.further_extensions,
    "may_issue": _may_issue,
}
