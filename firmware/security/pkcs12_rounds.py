"""How many rounds a PKCS#12 file (RFC 7292) asks for, wherever a key is derived from its password.

Looked at before anything is derived: a file can ask for years of work in a few bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_ENCRYPTED, _PLAIN = "encrypted_data", "data"


def rounds(data: bytes) -> list[int]:
    """The counts, of MAC and of each encryption that can be seen from outside. ValueError: this is no PKCS#12."""
    from asn1crypto import pkcs12  # 40 ms to load: only who takes in a PKCS#12 needs it

    try:
        return list(_counts(pkcs12.Pfx.load(data, strict=True), pkcs12.SafeContents))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, NotImplementedError) as error:
        raise ValueError(f"no PKCS#12: {error}") from None


def _counts(pfx: Any, contents: Any) -> Iterator[int]:
    if pfx["mac_data"].native is not None:
        yield int(pfx["mac_data"]["iterations"].native)
    for content in pfx.authenticated_safe:
        kind = content["content_type"].native
        if kind == _ENCRYPTED:
            yield content["content"]["encrypted_content_info"]["content_encryption_algorithm"].kdf_iterations
        elif kind == _PLAIN:
            for bag in contents.load(content["content"].native):
                if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                    yield bag["bag_value"]["encryption_algorithm"].kdf_iterations
