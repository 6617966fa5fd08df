"""Phones around the units: each is made when it is first named, keeps its store and its clock, and meets a unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from firmware.appliance import Appliance
from firmware.bench.fields import ClockReading, DeskFile, DnsOrAddress, Extension, Line, Secret
from firmware.bench.phone_contact import reach
from firmware.bench.steps.base import Step
from firmware.bench.world import World
from firmware.bench.written import OneOf
from firmware.configuration import sip_password
from firmware.errors import BadInput
from firmware.peers.endpoints import BY_NAME
from firmware.peers.phones import SIP, Happened, Phone
from firmware.peers.registration import register
from firmware.security import importing
from firmware.security.importing import NotAccepted

EndpointName = Annotated[str, OneOf("endpoint", lambda _: BY_NAME)]


class SetSipTls(Step):
    """Whether the SIP registrar of a LAN offers TLS: from the unit's next start on."""

    name = does = "set_sip_tls"
    example = "set_sip_tls: {lan1: true, lan2: false}"
    lan1: bool | None = Field(None, description="left out: as it is")
    lan2: bool | None = Field(None, description="left out: as it is")


class SetClientCertificates(Step):
    """Whether the SIP registrar asks a phone that connects over TLS for its certificate."""

    name = does = "set_client_certificates"
    scalar = "setting"
    example = "set_client_certificates: required"
    setting: Literal["off", "asked", "required"] = Field(description="off, asked for, or required")


class OfPhone(Step):
    """A step of a phone."""

    def the_phone(self, world: World, name: str, endpoint: str | None) -> Phone:
        """The phone of this name, made if it is new. BadInput: of a new one the endpoint has to be said."""
        known = world.phones.get(name)
        if known is None and endpoint is None:
            raise BadInput(f"the phone {name!r} is new: say which endpoint it is, {', '.join(BY_NAME)}")
        if known is not None and endpoint not in (None, known.endpoint.name):
            raise BadInput(f"the phone {name!r} is of the endpoint {known.endpoint.name}, and stays one")
        return known or Phone(name, BY_NAME[str(endpoint)])

    def keep(self, world: World, unit: Appliance, phone: Phone, happened: Iterable[Happened]) -> None:
        world.phones[phone.name] = phone
        for event in happened:
            unit.note(event.kind, **event.data)


class Connect(OfPhone):
    """A phone connects to a unit: the handshake is a real one, by the phone's own clock and store."""

    name = "connect"
    example = "connect: {phone: desk, endpoint: j129, lan: 1, by: pbx.example.com}"
    phone: Line = Field(description="its name; it is made when it is first named")
    endpoint: EndpointName | None = Field(None, description="what kind of phone it is, the first time")
    service: Literal["sip", "https"] = Field("sip", description="what it connects to")
    lan: Literal[1, 2] = Field(1, description="the LAN that it is in")
    by: DnsOrAddress | None = Field(None, description="left out: the address of the LAN")

    def run(self, world: World, unit: Appliance) -> None:
        phone = self.the_phone(world, self.phone, self.endpoint)
        if self.service == SIP and not phone.endpoint.transports.value:
            raise BadInput(f"{phone.endpoint.title} speaks no SIP; service: https is what it connects to")

        def connect() -> None:
            contact = reach(unit, self.lan - 1, self.by, phone)
            self.keep(world, unit, *phone.connect(contact, self.service, world.now))

        world.act(unit, connect)


class Register(Connect):
    """A phone connects to the SIP registrar and registers with its extension and password."""

    name = "register"
    example = "register: {phone: desk, endpoint: j129, extension: 201}"
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)
    service: Literal["sip"] = Field("sip", description="what it connects to")
    extension: Extension | None = Field(None, description="left out: the one that the phone has")
    password: Secret | None = Field(
        None, description="left out: the phone's, or else the unit's default for extensions"
    )

    def run(self, world: World, unit: Appliance) -> None:
        phone = self.the_phone(world, self.phone, self.endpoint)
        phone = replace(
            phone,
            extension=self.extension or phone.extension,
            password=self.password or phone.password or sip_password(unit.entropy),
        )
        if not phone.extension:
            raise BadInput(f"the phone {phone.name!r} has no extension yet: say which it registers")
        if not phone.endpoint.transports.value:
            raise BadInput(f"{phone.endpoint.title} speaks no SIP")

        def connect_and_register() -> None:
            contact = reach(unit, self.lan - 1, self.by, phone)
            self.keep(world, unit, phone, register(phone, contact, world.now))

        world.act(unit, connect_and_register)


class SetPhone(OfPhone):
    """Do something to a phone, in this order: clear it, account, clock, its own certificate, a root, reboot."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, coerce_numbers_to_str=True)
    name = "phone"
    example = "phone: {name: desk, endpoint: j129, install_root: root.pem, reboot: true}"
    phone_name: Line = Field(alias="name", description="it is made when it is first named")
    endpoint: EndpointName | None = Field(None, description="what kind of phone it is, the first time")
    clear: bool = Field(False, description="it forgets its roots and its certificate")
    extension: Extension | None = Field(None, description="what it registers from now on")
    password: Secret | None = Field(None, description="of the extension")
    clock: ClockReading = Field(None, description="what its clock reads now, or unset")
    identity: DeskFile | None = Field(None, description="PKCS#12 that an earlier step has made")
    identity_password: Secret = Field("", description="of that file")
    install_root: DeskFile | None = Field(None, description="a certificate that an earlier step has made")
    reboot: bool = Field(False, description="it starts anew")

    def run(self, world: World, unit: Appliance) -> None:
        phone = self.the_phone(world, self.phone_name, self.endpoint)
        if self.phone_name in world.phones and not self.model_fields_set - {"unit", "phone_name", "endpoint"}:
            raise BadInput(f"nothing is done to the phone {self.phone_name!r}")
        if self.extension is not None:
            phone = replace(phone, extension=self.extension)
        if self.password is not None:
            phone = replace(phone, password=self.password)
        if "clock" in self.model_fields_set:
            phone = phone.set_clock(self.clock, world.now)
        happened: list[Happened] = []
        if self.clear:
            phone, happened = phone.clear()
        try:
            if self.identity is not None:
                data = world.on_desk(self.identity)
                identity = importing.read_identity(data, self.identity_password, phone.reads(world.now))
                phone = replace(phone, identity=identity)
            if self.install_root is not None:
                phone, told = phone.install_root(world.on_desk(self.install_root))
                happened += told
        except NotAccepted as error:
            raise BadInput(f"not taken by the phone {phone.name!r}: {error}") from None
        if self.reboot:
            phone, told = phone.reboot()
            happened += told
        world.act(unit, lambda: self.keep(world, unit, phone, happened))
