"""Certificates as an administrator handles them: files go from one machine to another over a desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from firmware.appliance import Appliance
from firmware.bench import export
from firmware.bench.fields import (
    CheckLevel,
    DeskFile,
    DnsOrAddress,
    HostName,
    Known,
    OptionalHostName,
    Secret,
    ShortName,
    UnitOfScenario,
)
from firmware.bench.marked_yaml import Path as Place
from firmware.bench.outside import presented_by
from firmware.bench.problems import Problems
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.credentials import preferences
from firmware.errors import BadInput
from firmware.security.certificates import Digest, Identity
from firmware.security.issuing import Wanted
from firmware.security.keys import KeyKind

Format = Literal["pem", "der", "p12"]


class WithFile(Step):
    """A step that takes a file: of the desk, where an earlier step has put it, or one beside the scenario."""

    file: DeskFile = Field(description="a file that an earlier step has made, or one beside the scenario")
    _folder: Path = PrivateAttr(default=Path())

    @classmethod
    def read(
        cls, fields: dict[str, Any], place: Place, problems: Problems, known: Known | None, folder: Path
    ) -> Step | None:
        step = super().read(fields, place, problems, known, folder)
        if isinstance(step, WithFile):
            step._folder = folder
        return step

    def data(self, world: World) -> bytes:
        if self.file in world.desk:
            return world.desk[self.file]
        path = self._folder / self.file
        try:
            with path.open("rb") as opened:
                return opened.read(MOST_READ)
        except OSError as error:
            made = f"; earlier steps have made {', '.join(sorted(world.desk))}" if world.desk else ""
            raise BadInput(f"{path}: {error.strerror}{made}") from None

    def arguments(self, world: World) -> dict[str, Any]:
        """The file's content in place of its name."""
        own = super().arguments(world)
        del own["file"]
        return {"data": self.data(world), **own}


MOST_READ = 1024 * 1024  # more than any importer takes


class SetIdentity(WithFile):
    """Set the identity certificate from PKCS#12 or PEM, everywhere or for telephony only."""

    name = does = "set_identity"
    scalar = "file"
    example = "set_identity: {file: branch.p12, password: secret, for: telephony}"
    password: Secret = Field("", description="of a PKCS#12 file")
    used_for: Literal["all", "telephony"] = Field("all", alias="for", description="what presents it")

    def arguments(self, world: World) -> dict[str, Any]:
        own = super().arguments(world)
        return {"telephony": own.pop("used_for") == "telephony", **own}


class ShareIdentity(Step):
    """Let telephony present management's identity again."""

    name = does = "share_identity"
    example = "share_identity"


class Trust(WithFile):
    """Add the certificates of a file to the trusted certificate store."""

    name = does = "trust"
    scalar = "file"
    example = "trust: root.pem"


class Distrust(Trust):
    """Remove the certificates of a file from the trusted certificate store."""

    name = does = "distrust"
    example = "distrust: root.pem"


class SetChain(Step):
    """Whether the unit offers its certificate chain."""

    name = does = "set_chain"
    scalar = "offered"
    example = "set_chain: false"
    offered: bool = Field(description="whether it is")


class SetChecks(Step):
    """The received-certificate checks of management and of telephony."""

    name = does = "set_checks"
    example = "set_checks: {management: Medium, telephony: None}"
    management: CheckLevel | None = Field(None, description="left out: as it is")
    telephony: CheckLevel | None = Field(None, description="left out: as it is")


class SetRenewal(Step):
    """Whether a change of name or address makes the identity anew."""

    name = does = "set_renewal"
    scalar = "automatic"
    example = "set_renewal: false"
    automatic: bool = Field(description="whether it does")


class SetSip(Step):
    """The SIP registrar's domain and FQDN; an empty text for none."""

    name = does = "set_sip"
    example = "set_sip: {domain: example.com, fqdn: sip.example.com}"
    domain: OptionalHostName | None = Field(None, description="left out: as it is")
    fqdn: OptionalHostName | None = Field(None, description="left out: as it is")


class MakeRequest(Step):
    """Make a certificate signing request on the unit."""

    name = does = "make_request"
    scalar = "to"
    example = "make_request: {to: request.pem, subject: pbx.example.com, names: [pbx.example.com]}"
    to: DeskFile = Field(description="the file that it becomes")
    subject: HostName | None = Field(None, description="the common name; left out: that of an identity made now")
    names: list[DnsOrAddress] = Field([], description="left out: those of an identity made now")

    def run(self, world: World, unit: Appliance) -> None:
        def make() -> None:
            request = unit.platform.operations[self.name](unit, self.subject or "", tuple(self.names))
            world.desk[self.to] = export.pem_of_request(request)

        world.act(unit, make)
        self.settle(world)


class ImportCertificate(WithFile):
    """Import the certificate that was made for the unit's request."""

    name = does = "import_certificate"
    scalar = "file"
    example = "import_certificate: signed.pem"


class ImportAuthority(WithFile):
    """Import another CA in place of the unit's."""

    name = does = "import_authority"
    scalar = "file"
    example = "import_authority: {file: ca.p12, password: secret}"
    password: Secret = Field("", description="of a PKCS#12 file")


class Export(Step):
    """Put the unit's certificate on the desk: PEM or DER alone, PKCS#12 with its key under a password."""

    name = "export_certificate"
    scalar = "to"
    example = "export_certificate: {to: id.p12, format: p12, password: secret}"
    to: DeskFile = Field(description="the file that it becomes")
    form: Format = Field("pem", alias="format", description="of the file")
    password: Secret = Field("", description="of a PKCS#12 file")

    def run(self, world: World, unit: Appliance) -> None:
        world.desk[self.to] = export.exported(presented_by(unit), unit.name, self.form, self.password)


class ExportAuthority(Export):
    """The same of the unit's root CA."""

    name = does = "export_authority"
    example = "export_authority: root.pem"

    def run(self, world: World, unit: Appliance) -> None:
        def write() -> None:
            found = unit.platform.operations[self.name](unit)
            world.desk[self.to] = export.exported(Identity(found.key, found.chain), unit.name, self.form, self.password)

        world.act(unit, write)


class IssueCertificate(Step):
    """Let the unit's CA create a certificate for a different machine: PKCS#12 with key and chain."""

    name = does = "issue_certificate"
    example = "issue_certificate: {to: branch.p12, password: secret, subject: branch.example.com, days: 365}"
    to: DeskFile = Field(description="the file that it becomes")
    password: Secret = Field(description="of that file")
    subject: HostName = Field(description="the common name")
    names: list[DnsOrAddress] = Field([], description="left out: the subject alone")
    days: int | None = Field(None, description="how long it is valid; left out: as the unit's own identity")
    key: KeyKind = Field(KeyKind.RSA_2048, description="the kind of key")
    digest: Digest = Field(Digest.SHA256, description="what the signature is made over")

    def run(self, world: World, unit: Appliance) -> None:
        wanted = Wanted(self.subject, tuple(self.names or [self.subject]), self.days, self.key, self.digest)

        def issue() -> None:
            made = unit.platform.operations[self.name](unit, wanted)
            world.desk[self.to] = export.exported(made, self.subject, "p12", self.password)

        world.act(unit, issue)
        self.settle(world)


class Enrol(Step):
    """Put the unit under a System Manager."""

    name = does = "enrol"
    example = "enrol: {manager: smgr, password: secret}"
    manager: ShortName = Field(description="its name, as in the environment")
    password: Secret = Field(description="the enrolment password")


class Subscribe(Step):
    """Switch automatic certificate management of a subscription on or off."""

    name = does = "subscribe"
    scalar = "automatic"
    example = "subscribe: true"
    automatic: bool = Field(True, description="whether it is on")


class RestoreConfiguration(Step):
    """Put the configuration in the backup folder in use again."""

    name = does = "restore_configuration"
    example = "restore_configuration"


class Judge(Step):
    """Let the unit judge what a peer presents, by its received-certificate checks."""

    name = "judge"
    scalar = "peer"
    example = "judge: {peer: branch, as: management, names: [branch.example.com]}"
    peer: UnitOfScenario = Field(description="the unit that presents itself")
    service: Literal["management", "telephony"] = Field(
        "management", alias="as", description="whose checks apply, and whose identity the peer presents"
    )
    names: list[DnsOrAddress] = Field([], description="by which the peer is reached")

    def run(self, world: World, unit: Appliance) -> None:
        chain = presented_by(world.units[self.peer], telephony=self.service == "telephony").chain
        found: list[str] = []
        world.act(unit, lambda: found.extend(
            preferences.judge(unit, chain, tuple(self.names), telephony=self.service == "telephony")
        ))  # fmt: skip
        if found:
            unit.note("peer.refused", peer=self.peer, service=self.service, objections=found)
        else:
            unit.note("peer.accepted", peer=self.peer, service=self.service)
