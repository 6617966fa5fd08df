"""Digest against the vectors of the RFCs, and what nonces are worth."""

from __future__ import annotations

import pytest

from firmware.telephony.digest import Authenticator, Credentials, Nonces, Verdict, expected_response, read_credentials
from firmware.telephony.message import Request
from firmware.telephony.syntax import BadSyntax
from tests.telephony.phones import NOW, answer_to, settings

# RFC 7616, 3.9.1; its SHA-256 and MD5 answers to one challenge
RFC7616 = {
    "username": "Mufasa",
    "realm": "http-auth@example.org",
    "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
    "uri": "/dir/index.html",
    "qop": "auth",
    "nc": "00000001",
    "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
}
VECTORS = [
    (
        "RFC 7616 SHA-256",
        RFC7616
        | {"response": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1", "algorithm": "SHA-256"},
        "GET",
        "Circle of Life",
    ),
    (
        "RFC 7616 MD5",
        RFC7616 | {"response": "8ca523f5e9506fed4657c9700eebdbec", "algorithm": "MD5"},
        "GET",
        "Circle of Life",
    ),
    (
        "RFC 2617 MD5",
        {
            "username": "Mufasa",
            "realm": "testrealm@host.com",
            "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            "uri": "/dir/index.html",
            "qop": "auth",
            "nc": "00000001",
            "cnonce": "0a4f113b",
            "response": "6629fae49393a05397450978507c4ef1",
            "algorithm": "MD5",
        },
        "GET",
        "Circle Of Life",
    ),
    (
        "RFC 2069 as corrected by its erratum, without qop",
        {
            "username": "Mufasa",
            "realm": "testrealm@host.com",
            "nonce": "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            "uri": "/dir/index.html",
            "qop": "",
            "nc": "",
            "cnonce": "",
            "response": "1949323746fe6a43ef61f9606e7febea",
            "algorithm": "MD5",
        },
        "GET",
        "CircleOfLife",
    ),
]


@pytest.mark.parametrize(("name", "given", "method", "password"), VECTORS, ids=[vector[0] for vector in VECTORS])
def test_vectors(name: str, given: dict[str, str], method: str, password: str) -> None:
    credentials = Credentials(**given)
    assert expected_response(credentials, method, password) == given["response"]
    text = ", ".join(f'{key}="{value}"' for key, value in given.items())
    assert read_credentials(f"Digest {text}") == credentials


@pytest.mark.parametrize(
    "text",
    [
        "Digest",
        'Digest username="a"',
        'Digest username="a", username="b", realm="r", nonce="n", uri="u", response="x"',
        'Digest username="a, realm="r", nonce="n", uri="u", response="x"',
        'Digest username="a" realm="r", nonce="n", uri="u", response="x"',
    ],
)
def test_credentials_that_make_no_sense(text: str) -> None:
    with pytest.raises(BadSyntax):
        read_credentials(text)


def test_another_scheme_is_not_ours() -> None:
    assert read_credentials("NoOneKnowsThisScheme opaque-data=here") is None


def test_a_nonce_serves_with_a_growing_count_until_it_is_old() -> None:
    nonces = Nonces(b"key", 300_000, 10)
    nonce = nonces.mint(NOW)
    assert nonces.use(nonce, 1, NOW)
    assert not nonces.use(nonce, 1, NOW)
    assert nonces.use(nonce, 3, NOW + 299_999)
    assert not nonces.use(nonce, 2, NOW)
    assert not nonces.use(nonce, 4, NOW + 300_000)


def test_a_nonce_of_another_key_or_changed_or_from_the_future_is_none() -> None:
    nonces = Nonces(b"key", 300_000, 10)
    nonce = nonces.mint(NOW)
    assert not Nonces(b"other", 300_000, 10).use(nonce, 1, NOW)
    for place in range(len(nonce)):
        changed = nonce[:place] + ("0" if nonce[place] != "0" else "1") + nonce[place + 1 :]
        assert not nonces.use(changed, 1, NOW)
    assert not nonces.use(nonce, 1, NOW - 1)
    assert not nonces.use("é" * 52, 1, NOW)


def test_a_forgotten_nonce_cannot_be_used_again() -> None:
    nonces = Nonces(b"key", 300_000, 3)
    made = [nonces.mint(NOW + n) for n in range(6)]
    assert all(nonces.use(nonce, 1, NOW + 10) for nonce in made)
    assert not any(nonces.use(nonce, 1, NOW + 10) for nonce in made)
    assert len(nonces._used) <= 3
    old = Nonces(b"key", 1000, 10)
    first = old.mint(NOW)
    assert old.use(first, 1, NOW)
    assert old.use(old.mint(NOW + 2000), 1, NOW + 2000)
    old.resize(300_000, 10)
    assert not old.use(first, 1, NOW + 2000)


def judged(authenticator: Authenticator, challenge: str, user: str, password: str, now: int, **changes: str) -> Verdict:
    uri = "sip:pbx.example.com"
    value = answer_to(challenge, "REGISTER", uri, user, password)
    for name, text in changes.items():
        value = value.replace(name, text)
    request = Request("REGISTER", uri, {"Authorization": [value]})
    return authenticator.judge(request, "Authorization", now)[0]


@pytest.mark.parametrize("algorithm", ["SHA-256", "MD5"])
def test_verdicts(algorithm: str) -> None:
    authenticator = Authenticator(settings(), b"key", b"dummy")
    challenges = [value for _, value in authenticator.challenge("WWW-Authenticate", NOW, stale=False)]
    assert ["SHA-256" in challenges[0], "MD5" in challenges[1], len(challenges)] == [True, True, 2]
    challenge = next(value for value in challenges if f"={algorithm}," in value)
    assert judged(authenticator, challenge, "201", "wrong", NOW) is Verdict.WRONG
    assert judged(authenticator, challenge, "nobody", "secret-201", NOW) is Verdict.WRONG
    assert judged(authenticator, challenge, "nobody", b"dummy".hex(), NOW) is Verdict.WRONG
    assert judged(authenticator, challenge, "201", "secret-201", NOW + 300_000) is Verdict.STALE
    assert judged(authenticator, challenge, "201", "secret-201", NOW) is Verdict.RIGHT
    assert judged(authenticator, challenge, "201", "secret-201", NOW) is Verdict.STALE


def test_an_algorithm_that_was_not_offered_counts_for_nothing() -> None:
    authenticator = Authenticator(settings(algorithms=("SHA-256",)), b"key", b"dummy")
    ((_, challenge),) = authenticator.challenge("WWW-Authenticate", NOW, stale=False)
    weak = challenge.replace("SHA-256", "MD5")
    assert judged(authenticator, weak, "201", "secret-201", NOW) is Verdict.NONE


def test_another_qop_or_uri_is_refused() -> None:
    authenticator = Authenticator(settings(), b"key", b"dummy")
    challenge = authenticator.challenge("WWW-Authenticate", NOW, stale=False)[0][1]
    with pytest.raises(BadSyntax, match="qop"):
        judged(authenticator, challenge, "201", "secret-201", NOW, **{"qop=auth": "qop=auth-int"})
    with pytest.raises(BadSyntax, match="another URI"):
        judged(authenticator, challenge, "201", "secret-201", NOW, **{'uri="sip:pbx': 'uri="sip:xbp'})


def test_no_password_is_ever_shown() -> None:
    chosen = settings()
    assert "secret-201" not in repr(chosen)
    with pytest.raises(ValueError, match="algorithms"):
        settings(algorithms=("MD4",))
    with pytest.raises(ValueError, match="header"):
        settings(realm='a"b')
    with pytest.raises(ValueError, match="ascending"):
        settings(shortest=10_000)
