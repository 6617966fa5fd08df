"""Whom to trust: chains to a store, what a client that validates fully says of a peer, and what IP Office says.

Pure functions of DER bytes and a time. A verdict holds every objection, not the first one only.
"""

from __future__ import annotations

from firmware.security.trust.chains import offered
from firmware.security.trust.received import Level, is_old_medium, levels, received
from firmware.security.trust.validation import Purpose, Verdict, validate

__all__ = ["Level", "Purpose", "Verdict", "is_old_medium", "levels", "offered", "received", "validate"]
