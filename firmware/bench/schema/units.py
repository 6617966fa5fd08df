"""What ``--json`` says of a unit, as models: each field is always there unless it has a default."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Output(BaseModel):
    """A part of what is printed."""

    model_config = ConfigDict(extra="forbid")


class Event(BaseModel):
    """An event of the journal; the data of its kind stand beside these."""

    model_config = ConfigDict(extra="allow")
    time: str = Field(description="simulated time, ISO 8601 in UTC")
    source: str = Field(description="the unit")
    kind: str = Field(description="such as state, power.cut, certificate.generated")


class Certificate(Output):
    """A certificate as text."""

    subject: str
    serial: str = Field(description="in hexadecimal")
    not_before: str
    not_after: str
    key: str = Field(description="such as RSA 2048 bit")
    names: list[str] = Field(description="DNS names, addresses and URIs in it, in order")
    sha256: str = Field(description="its fingerprint")


class Issued(Certificate):
    """A certificate with its issuer."""

    issuer: str


class Identity(Issued):
    """The unit's identity certificate."""

    generation: int = Field(description="how many identities the unit has made")
    services: dict[str, str] = Field(description="security level by service")
    basis: dict[str, str] = Field(description="field of the profile -> basis and source")


class Authority(Certificate):
    """The unit's root CA."""

    origin: str = Field(description="made here, or imported")
    chain: int = Field(description="how many certificates, itself counted")
    basis: dict[str, str] = Field(description="field of the profile -> basis and source; of an imported CA none")


class Trust(Output):
    """The trusted certificate store and what belongs to it."""

    origin: str = Field(description="where the identity comes from")
    telephony: Certificate | None = Field(description="where telephony has an identity of its own")
    store: list[Certificate]
    checks: dict[str, str] = Field(description="received-certificate checks of management and telephony")
    offers_chain: bool
    renews_automatically: bool
    managed_by: str | None = Field(description="a System Manager or the cloud")
    waits_for_certificate: bool


class Lan(Output):
    """A LAN port."""

    address: str | None
    mode: str
    sip_tls: bool


class Configuration(Output):
    """The running configuration, or the one that is kept."""

    system_name: str
    lans: list[Lan]
    users: dict[str, str] = Field(description="extension -> name")
    hunt_groups: dict[str, str]
    sip_password: str | None
    primary: str | None = Field(description="the address of the Primary that it belongs to")


class Server(Output):
    """What ignition has set on a Linux server."""

    hostname: str
    given_name: str
    gateway: str
    dns1: str
    dns2: str
    zone: str
    ntp_server: str
    companding: str
    one_x_portal: str
    voicemail_pro: str
    role: str
    accounts: list[str]


class Volume(Output):
    """A file system: its room and files, or why it cannot be read."""

    free_bytes: int | None = None
    files: dict[str, int] | None = Field(default=None, description="path -> bytes")
    unreadable: str | None = None


class Card(Volume):
    """An SD card or further disk."""

    kind: str | None
    feature_key: str | None
    failed: bool


class Part(Output):
    """A flash part."""

    bytes: int
    operations: int = Field(description="programs and erases so far")
    most_erased_block: int
    defects: list[str]


class Unit(Output):
    """A unit, all of it."""

    platform: str
    title: str
    name: str
    mac: str
    seed: int
    state: str
    release: str | None = Field(description="running, or what it would start with; null: no valid firmware")
    original_level: str | None = Field(default=None, description="IP500 V2: the release of its first start ever")
    time: str = Field(description="simulated time")
    clock: str = Field(description="what its own clock shows, or not set")
    ignition: str | None
    authority: Authority | None
    identity: Identity | None
    trust: Trust | None
    configuration: Configuration | None
    server: Server | None
    slots: dict[str, Card | None]
    disk: Volume | None
    flash: dict[str, Part]
