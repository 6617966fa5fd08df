"""Those around the units who sign: a third party's CA, and the person in front of a System Manager."""

from __future__ import annotations

from pydantic import Field

from firmware.appliance import Appliance
from firmware.bench import export
from firmware.bench.fields import DeskFile, DnsOrAddress, HostName, Secret, ShortName, SignedDuration
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.errors import BadInput
from firmware.peers import authority
from firmware.peers.authority import NotSigned, PeerAuthority
from firmware.security import signing_requests
from firmware.security.certificates import is_address
from firmware.security.importing import NotAccepted


class ThirdParty(Step):
    """A step of a third party's CA, made when it is first named."""

    of_unit = False
    authority: ShortName = Field(description="its name")
    intermediates: int = Field(0, ge=0, le=4, description="between its root and what it issues")

    def established(self, world: World) -> PeerAuthority:
        return authority.establish(self.authority, world.seed, intermediates=self.intermediates)

    def number(self, world: World) -> int:
        """Each certificate that a CA issues has a number of its own."""
        world.issued[self.authority] = world.issued.get(self.authority, 0) + 1
        return world.issued[self.authority]


class ThirdPartySigns(ThirdParty):
    """It signs a request; the certificate comes as PEM, its chain after it."""

    name = "third_party_signs"
    example = "third_party_signs: {authority: Public CA, intermediates: 1, request: request.pem, to: signed.pem}"
    request: DeskFile = Field(description="a request that an earlier step has made")
    to: DeskFile = Field(description="the file that it becomes")
    days: int | None = Field(None, ge=1, le=3652, description="how long it is valid")

    def run(self, world: World, unit: Appliance) -> None:
        try:
            wanted = signing_requests.read(world.on_desk(self.request))
            chain = authority.sign(self.established(world), wanted, self.number(world), world.now, self.days)
        except (NotAccepted, NotSigned) as error:
            raise BadInput(str(error)) from None
        world.desk[self.to] = export.pem_of(chain)


class ThirdPartyIssues(ThirdParty):
    """It issues a ready identity as PKCS#12: key, certificate and chain."""

    name = "third_party_issues"
    example = (
        "third_party_issues: {authority: Public CA, to: id.p12, password: secret, subject: pbx.example.com, days: 365}"
    )
    to: DeskFile = Field(description="the file that it becomes")
    password: Secret = Field(description="of that file")
    subject: HostName = Field(description="the common name")
    names: list[DnsOrAddress] = Field([], description="left out: the subject alone")
    days: int | None = Field(None, ge=1, le=3652, description="how long it is valid")
    age: SignedDuration = Field(0, description="how long ago it was issued")

    def run(self, world: World, unit: Appliance) -> None:
        names = tuple(("IP" if is_address(name) else "DNS", name) for name in self.names or [self.subject])
        try:
            made = authority.identity(
                self.established(world), (("CN", self.subject),), names, self.number(world),
                world.now - self.age, self.days,
            )  # fmt: skip
        except NotSigned as error:
            raise BadInput(str(error)) from None
        world.desk[self.to] = authority.p12(made, self.password)


class ThirdPartyRoot(ThirdParty):
    """Its root certificate, as PEM."""

    name = "third_party_root"
    example = "third_party_root: {authority: Public CA, to: root.pem}"
    to: DeskFile = Field(description="the file that it becomes")

    def run(self, world: World, unit: Appliance) -> None:
        world.desk[self.to] = export.pem_of((self.established(world).root,))


class Approve(Step):
    """The person at a System Manager approves every request that waits."""

    name = "approve"
    scalar = "manager"
    of_unit = False
    example = "approve: smgr"
    manager: ShortName = Field(description="its name, as in the environment")

    def run(self, world: World, unit: Appliance) -> None:
        self.decide(world, "approve")

    def decide(self, world: World, how: str) -> None:
        if self.manager not in world.peers.managers:
            known = ", ".join(world.peers.managers) or "none is in the environment"
            raise BadInput(f"no System Manager {self.manager!r}: {known}")
        manager = world.peers.managers[self.manager]
        waiting = manager.pending()
        if not waiting:
            raise BadInput(f"nothing waits for approval at {self.manager}")
        for entry in waiting:
            getattr(manager, how)(entry.transaction)


class Reject(Approve):
    """The person at a System Manager rejects every request that waits."""

    name = "reject"
    example = "reject: smgr"

    def run(self, world: World, unit: Appliance) -> None:
        self.decide(world, "reject")
