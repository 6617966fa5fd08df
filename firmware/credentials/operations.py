"""What can be done to the certificates of any unit, of a Linux server, and of one that can be a root CA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firmware.credentials import authority, destinations, expiry, installing, managed, preferences, store, telephony

Operations = Mapping[str, Callable[..., Any]]

OF_ANY: Operations = {
    "set_identity": installing.set_identity,
    "share_identity": installing.share_identity,
    "trust": store.add,
    "distrust": store.remove,
    "set_sip": preferences.set_sip,
    "set_sip_tls": telephony.set_sip_tls,
    "set_client_certificates": telephony.set_client_certificates,
    "set_chain": preferences.set_chain,
    "set_checks": preferences.set_checks,
    "enrol": managed.enrol,
    "subscribe": managed.subscribe,
    "set_alarms": destinations.set_alarms,
    "administrator_log_in": expiry.administrator_log_in,
}

OF_LINUX: Operations = {
    "set_renewal": preferences.set_renewal,
    "make_request": installing.make_request,
    "import_certificate": installing.import_certificate,
}

OF_A_ROOT: Operations = {
    "renew_authority": authority.renew,
    "create_authority": authority.create,
    "import_authority": authority.import_,
    "export_authority": authority.export,
    "issue_certificate": authority.issue,
}
