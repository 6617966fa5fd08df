"""The rules of what is done to the certificates and settings of any unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from firmware.errors import BadInput, NotNow
from firmware.peers.system_manager import Approval
from tests.boot.units import START
from tests.credentials.units import ENROLMENT, elliptic, pem_of, pem_with_key, roots
from tests.units.beyond import BeyondTheBudget
from tests.units.machine import is_running
from tests.units.model import NEW, Security, at_least
from tests.units.observing import digest, own_ca

ROOTS = st.integers(0, 3)
YEAR_AND_MORE = 420 * 24 * 3600 * 1000


class Certificates(BeyondTheBudget):
    @property
    def release(self) -> str:
        return self.unit.release.version

    def in_date(self) -> bool:
        """Whether the third party's certificates are valid by the unit's clock."""
        now = self.unit.clock.read()
        return now is None or START <= now < START + YEAR_AND_MORE

    def given(self, number: int) -> tuple[bytes, str, frozenset[str]]:
        made = elliptic("Acme", number)
        return pem_with_key(made), digest(made.der), frozenset(map(digest, made.chain[1:]))

    @precondition(lambda self: is_running(self) and self.in_date())
    @rule(number=st.integers(1, 3))
    def set_identity(self, number: int) -> None:
        data, found, signers = self.given(number)
        was = self.security
        self.secure(
            "set_identity",
            replace(was, identity=found, made=False, trusted=was.trusted | signers, due=False),
            data=data,
        )

    @precondition(lambda self: is_running(self) and self.in_date())
    @rule(number=st.integers(1, 3))
    def set_identity_of_telephony(self, number: int) -> None:
        data, found, signers = self.given(number)
        was = self.security
        changed = replace(was, telephony=found, trusted=was.trusted | signers)
        self.secure("set_identity", changed, data=data, telephony=True)

    @precondition(is_running)
    @rule()
    def set_an_identity_that_is_none(self) -> None:
        self.secure("set_identity", refused=BadInput, data=b"no certificate")

    @precondition(is_running)
    @rule()
    def share_identity(self) -> None:
        self.secure("share_identity", replace(self.security, telephony=None))

    @precondition(is_running)
    @rule(number=ROOTS)
    def trust(self, number: int) -> None:
        root = roots(4)[number]
        self.secure("trust", replace(self.security, trusted=self.security.trusted | {digest(root)}), data=pem_of(root))

    @precondition(is_running)
    @rule(number=ROOTS)
    def distrust(self, number: int) -> None:
        root = roots(4)[number]
        held = digest(root) in self.security.trusted and digest(root) not in own_ca(self.unit)
        changed = replace(self.security, trusted=self.security.trusted - {digest(root)})
        self.secure("distrust", changed, data=pem_of(root), refused=None if held else BadInput)

    @precondition(is_running)
    @rule(offered=st.booleans())
    def set_chain(self, offered: bool) -> None:
        self.secure("set_chain", replace(self.security, chain=offered), offered=offered)

    @precondition(is_running)
    @rule(management=st.sampled_from(("None", "Low", "High", None)), telephony=st.sampled_from(("Medium", None)))
    def set_checks(self, management: str | None, telephony: str | None) -> None:
        before = self.security.checks
        checks = (management or before[0], telephony or before[1])
        self.secure("set_checks", replace(self.security, checks=checks), management=management, telephony=telephony)

    @precondition(lambda self: is_running(self) and not self.is_managed())
    @rule()
    def enrol(self) -> None:
        was = self.security
        if was.member not in (None, "smgr") or not self.around.managers:
            self.secure("enrol", manager="smgr", password=ENROLMENT, refused=NotNow)
            return
        issuers = frozenset(map(digest, self.peers.managers["smgr"].authority.chain))
        self._managed("enrol", was, "smgr", issuers, manager="smgr", password=ENROLMENT)

    @precondition(lambda self: is_running(self) and not self.is_managed())
    @rule()
    def subscribe(self) -> None:
        was = self.security
        is_refused = not at_least(self.release, "11.1") or was.member == "smgr" or not self.around.has_cloud
        if was.member == "cloud" and at_least(self.release, "11.1") and self.around.has_cloud:
            self.secure("subscribe", was)
        elif is_refused:
            self.secure("subscribe", refused=NotNow)
        else:
            assert self.peers.cloud is not None
            self._managed("subscribe", was, "cloud", frozenset(map(digest, self.peers.cloud.authority.chain)))

    def _managed(self, name: str, was: Security, member: str, issuers: frozenset[str], **arguments: Any) -> None:
        """A key is made and asked for first; what comes of it is judged where nothing can be in the way of it."""
        asked = replace(was, generation=was.generation + 1, member=member, waits=True, due=False)
        got = replace(asked, identity=NEW, made=False, trusted=was.trusted | issuers, waits=False)
        is_manual = member == "smgr" and self.peers.managers[member].approval is Approval.MANUAL
        is_sure = self.is_right() and was.member is None and was.identity is not None and not is_manual
        self.secure(name, asked, got, finals=1 if is_sure else 2, managed=not is_sure, **arguments)

    @precondition(is_running)
    @rule()
    def end_the_subscription(self) -> None:
        was = self.security
        is_refused = was.member != "cloud"
        changed = replace(was, member=None, waits=False)
        self.secure("subscribe", changed, automatic=False, refused=NotNow if is_refused else None)

    @precondition(is_running)
    @rule(user=st.sampled_from(("Administrator", "security", "nobody")))
    def administrator_log_in(self, user: str) -> None:
        known = user in [name for name, *_ in self.security.users]
        self.secure("administrator_log_in", user=user, refused=None if known else BadInput)
