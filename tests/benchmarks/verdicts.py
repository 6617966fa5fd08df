"""Verdicts on certificates, in turns with OpenSSL's verifier on the same certificates.

What is memoised: what a certificate holds, each signature, the chains of one set of certificates and what time does
not change about them. What is not: dates, names, the table of checks. So a repeated verdict verifies no signature,
while OpenSSL verifies them all again; the second row is the honest one for certificates seen for the first time.
"""

from __future__ import annotations

from itertools import product

from firmware.memo import forget
from firmware.release import BY_VERSION
from firmware.security.trust import Level, Purpose, received, validate
from firmware.times import DAY
from tests.benchmarks.harness import Row, in_turns
from tests.security.trust.openssl import as_openssl, objection
from tests.security.trust.pki import LEAF, NOW, Spec, chain, ders

ROUNDS = 15
_RELEASES = [BY_VERSION[version] for version in ("9.1", "11.1", "12.3")]
_TIMES = [NOW + day * DAY for day in range(20)]
_NAMES = ("pbx.example.com", "10.0.0.1")


def _peers(count: int) -> list[tuple[tuple[bytes, ...], tuple[bytes, ...]]]:
    """(presented, store) of peers, each a certificate over RSA 2048 bit below an intermediate and a root."""
    above = Spec(key="rsa 2048"), Spec("Mid", key="rsa 2048", serial=1001)
    leaf = LEAF.but(key="rsa 2048")
    peers = [ders(chain(*above, leaf.but(serial=2000 + number))) for number in range(count)]
    return [((own, middle), (root, own)) for own, middle, root in peers]


def repeated_verdicts() -> Row:
    """20 peers judged at ever other times and levels, as a scenario does; a second of ours to a second of OpenSSL's."""
    peers = _peers(20)
    asked = list(product(_TIMES, (Level.NONE, Level.LOW, Level.MEDIUM, Level.HIGH)))

    def ours() -> None:
        for presented, store in peers:
            for number, (now, level) in enumerate(asked):
                validate(presented, store, now, names=_NAMES, purpose=Purpose.CLIENT)
                received(presented, store, now, level, _RELEASES[number % 3])

    def theirs() -> None:
        for presented, store in peers:
            for now, _ in asked[::10]:
                assert not objection(presented, store, now, _NAMES, Purpose.CLIENT)

    ours()
    took, openssl, ratio = in_turns([ours] * ROUNDS, [theirs] * ROUNDS)
    made, made_by_openssl = 2 * len(peers) * len(asked), len(peers) * len(asked[::10])
    per_second = made / took
    faster = made / made_by_openssl / ratio
    seen = f"{per_second:,.0f}/s, {faster:.1f} times OpenSSL's {made_by_openssl / openssl:,.0f}/s"
    return Row("verdicts on certificates seen before", seen, "5,000/s", per_second >= 5000)


def first_verdicts() -> Row:
    """The same peers with every memo empty, so each is read and its signatures are verified."""
    peers = _peers(20)

    def ours() -> None:
        for presented, store in peers:
            forget()
            assert validate(presented, store, NOW, names=_NAMES).accepted

    def theirs() -> None:
        for presented, store in peers:
            as_openssl.cache_clear()
            assert not objection(presented, store, NOW, _NAMES)

    took, openssl, ratio = in_turns([ours] * ROUNDS, [theirs] * ROUNDS)
    seen = f"{len(peers) / took:,.0f}/s, {1 / ratio:.2f} times OpenSSL's {len(peers) / openssl:,.0f}/s"
    return Row("verdicts on certificates never seen", seen, "500/s", len(peers) / took >= 500)
