"""HMAC_DRBG against NIST's CAVP vectors, and the streams derived from a seed."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.device.entropy import Entropy, HmacDrbg

# CAVP, HMAC_DRBG, SHA-256, PredictionResistance = False, no reseed, no personalization, no additional input:
# instantiate, generate 1024 bits and discard them, generate 1024 bits.
VECTORS = [
    (
        "ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488",
        "659ba96c601dc69fc902940805ec0ca8",
        "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba"
        "6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668961df86803482cb37ed6d5c0bb8d50cf"
        "1f50d476aa0458bdaba806f48be9dcb8",
    ),
    (
        "79737479ba4e7642a221fcfd1b820b134e9e3540a35bb48ffae29c20f5418ea3",
        "3593259c092bef4129bc2c6c9e19f343",
        "cf5ad5984f9e43917aa9087380dac46e410ddc8a7731859c84e9d0f31bd43655b924159413e2293b17610f211e09f770f172b8fb693a35b8"
        "5d3b9e5e63b1dc252ac0e115002e9bedfb4b5b6fd43f33b8e0eafb2d072e1a6fee1f159df9b51e6c8da737e60d5032dd30544ec51558c6f0"
        "80bdbdab1de8a939e961e06b5f1aca37",
    ),
]


@pytest.mark.parametrize(("entropy", "nonce", "expected"), VECTORS)
def test_the_vectors_of_nist(entropy: str, nonce: str, expected: str) -> None:
    drbg = HmacDrbg(bytes.fromhex(entropy), bytes.fromhex(nonce))
    drbg.generate(128)
    assert drbg.generate(128).hex() == expected


class Standard:
    """SP 800-90A, 10.1.2.2 to 10.1.2.5, written down a second time, step by step."""

    def __init__(self, entropy: bytes, nonce: bytes, personalization: bytes) -> None:
        self.k, self.v = b"\x00" * 32, b"\x01" * 32
        self.update(entropy + nonce + personalization)

    def mac(self, data: bytes) -> bytes:
        return hmac.new(self.k, data, hashlib.sha256).digest()

    def update(self, data: bytes) -> None:
        self.k = self.mac(self.v + b"\x00" + data)
        self.v = self.mac(self.v)
        if data == b"":
            return
        self.k = self.mac(self.v + b"\x01" + data)
        self.v = self.mac(self.v)

    def generate(self, size: int, additional: bytes) -> bytes:
        if additional != b"":
            self.update(additional)
        temp = b""
        while len(temp) < size:
            self.v = self.mac(self.v)
            temp = temp + self.v
        self.update(additional)
        return temp[:size]


calls = st.lists(st.tuples(st.integers(0, 100), st.binary(max_size=40), st.none() | st.binary(min_size=1, max_size=32)))


@given(st.binary(max_size=48), st.binary(max_size=16), st.binary(max_size=40), calls)
def test_it_is_the_standard_with_every_option(
    entropy: bytes, nonce: bytes, personalization: bytes, asked: list[tuple[int, bytes, bytes | None]]
) -> None:
    ours, standard = HmacDrbg(entropy, nonce, personalization), Standard(entropy, nonce, personalization)
    for size, additional, reseed in asked:
        if reseed is not None:
            ours.reseed(reseed, additional)
            standard.update(reseed + additional)
        assert ours.generate(size, additional) == standard.generate(size, additional)


@pytest.mark.parametrize("size", [-1, 2**16 + 1])
def test_no_more_than_the_standard_allows(size: int) -> None:
    with pytest.raises(ValueError, match="0 to 65536"):
        HmacDrbg(b"entropy").generate(size)


@given(st.integers(1, 300))
def test_an_integer_has_at_most_its_bits(bits: int) -> None:
    drbg = HmacDrbg(b"entropy")
    assert all(0 <= drbg.integer(bits) < 2**bits for _ in range(5))


def test_every_difference_gives_another_stream() -> None:
    streams = {
        Entropy(seed, unit).drbg(purpose, number).generate(16)
        for seed in (0, 1, 2**255)
        for unit in ("00e00705918e", "00e00705918f")
        for purpose in ("key", "serial")
        for number in (0, 1)
    }
    assert len(streams) == 24
    assert Entropy(7, "unit").drbg("key", 1).generate(16) == Entropy(7, "unit").drbg("key", 1).generate(16)
