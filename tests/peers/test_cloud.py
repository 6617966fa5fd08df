"""The cloud manager supplies an identity, and an update in time."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest

from firmware.peers import cloud
from firmware.peers.authority import NotSigned
from firmware.peers.cloud import Cloud
from firmware.security.importing import NotAccepted
from firmware.security.reading import dates, public_key_of
from firmware.security.scep import issued_by
from firmware.security.signing_requests import make
from firmware.times import DAY, parse_time
from tests.peers.support import NOW, SUBJECT, key


def request(number: int = 1) -> bytes:
    return make(key(number), SUBJECT, ("branch1.example.com",))


def supplied(who: Cloud, system: str = "s1", number: int = 1, now: int = NOW) -> tuple[bytes, ...]:
    chain = who.supply(system, request(number), now)
    assert chain is not None
    return chain


def test_it_supplies() -> None:
    who = Cloud("Avaya Cloud", 1)
    chain = supplied(who)
    assert public_key_of(chain[0]) == key(1).public_der
    assert dates(chain[0]) == (NOW, NOW + 365 * DAY)
    assert len(chain) == 3
    assert all(issued_by(der, by) for der, by in pairwise(chain))
    assert chain == supplied(Cloud("Avaya Cloud", 1)) != supplied(Cloud("Avaya Cloud", 2))


def test_the_same_again_is_the_same_until_an_update_is_due() -> None:
    who = Cloud("Avaya Cloud", 1)
    assert who.update_due("s1", NOW)
    chain = supplied(who)
    assert supplied(who, now=NOW + 335 * DAY) == chain
    assert who.issued == 1
    assert not who.update_due("s1", NOW + 335 * DAY)
    assert who.update_due("s1", NOW + 335 * DAY + 1)
    later = supplied(who, number=2, now=NOW + 340 * DAY)
    assert dates(later[0])[0] == NOW + 340 * DAY
    assert supplied(who, number=2, now=NOW + 341 * DAY) == later
    assert not who.update_due("s1", NOW + 341 * DAY)


def test_another_request_before_an_update_is_due_is_another_certificate() -> None:
    """A unit that has lost its key asks with a new one."""
    who = Cloud("Avaya Cloud", 1)
    supplied(who)
    assert public_key_of(supplied(who, number=2)[0]) == key(2).public_der
    assert who.issued == 2


def test_systems_are_told_apart() -> None:
    who = Cloud("Avaya Cloud", 1)
    assert supplied(who)[0] != supplied(who, "s2", 2)[0]
    assert set(who.systems) == {"s1", "s2"}


def test_out_of_reach() -> None:
    who = Cloud("Avaya Cloud", 1, reachable=False)
    assert who.supply("s1", request(), NOW) is None
    assert not who.update_due("s1", NOW)
    assert who.issued == 0
    who.reachable = True
    assert supplied(who)


def test_what_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    who = Cloud("Avaya Cloud", 1)
    with pytest.raises(NotAccepted):
        who.supply("s1", request()[:-1], NOW)
    with pytest.raises(NotSigned, match="not in date"):
        who.supply("s1", request(), parse_time("2049-12-31"))
    monkeypatch.setattr(cloud, "MOST_SYSTEMS", 0)
    with pytest.raises(NotSigned, match="0 systems already"):
        who.supply("s1", request(), NOW)
    assert (who.issued, who.systems) == (0, {})


def test_copies_live_apart() -> None:
    who = Cloud("Avaya Cloud", 1)
    other = copy.deepcopy(who)
    supplied(who)
    assert other.systems == {}
    assert supplied(other) == supplied(who)
