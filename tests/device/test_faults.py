"""What an interrupted operation leaves: never a bit that it had no business with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from firmware.device.faults import Torn, torn_program

pages = st.integers(1, 24).flatmap(lambda size: st.tuples(*[st.binary(min_size=size, max_size=size)] * 2))


def number(data: bytes) -> int:
    return int.from_bytes(data, "little")


@given(pages)
def test_a_torn_program_cleared_some_of_the_bits_it_had_to_clear(page: tuple[bytes, bytes]) -> None:
    old, data = page
    new = bytes(a & b for a, b in zip(old, data, strict=True))
    to_clear = number(old) & ~number(new)
    cleared = {}
    for how in Torn:
        left = torn_program(old, new, how)
        assert len(left) == len(old)
        assert number(old) & ~number(left) | to_clear == to_clear  # none that was not to be cleared
        assert number(left) & ~number(old) == 0  # none set
        cleared[how] = (number(old) & ~number(left)).bit_count()
    wanted = to_clear.bit_count()
    assert cleared[Torn.ONE_BIT] == min(wanted, 1)
    assert cleared[Torn.ALL_BUT_ONE_BIT] == max(wanted - 1, 0)
    half = len(old) // 2
    assert torn_program(old, new, Torn.HALF) == new[:half] + old[half:]
