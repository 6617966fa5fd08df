"""What ``--json`` gives, command by command, as models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from firmware.bench.schema.units import Event, Issued, Output, Unit

Basis = Literal["documented", "inferred", "assumed"]


class Step(Output):
    """A step of a scenario, carried out."""

    where: str = Field(description="file:line:column")
    unit: str
    step: str
    objection: str | None = Field(description="why it failed")


class Run(Output):
    """A scenario that was run."""

    scenario: str
    file: str
    passed: bool
    steps: list[Step]
    units: dict[str, Unit]
    journal: list[Event]


class SweptFault(Output):
    """One fault on the way to a finding."""

    step: int = Field(description="0: of the start after the fault before")
    operation: int
    fault: str
    moment: str
    torn: str
    lost: int
    place: str


class SweepFinding(Output):
    """What a sweep found."""

    id: str = Field(description="what ipsim sweep --replay takes")
    checker: str
    text: str
    within_budget: bool
    needs: str = Field(description="the physical fault without which it does not happen")
    guarantee: str = Field(description="what a data sheet would have to say to rule it out")
    faults: list[SweptFault]


class Sweep(Output):
    """A sweep's result."""

    scenario: str
    faults: list[str]
    at: str
    merged: bool
    closed: bool = Field(description="nothing new appears after any number of cuts")
    interrupted: bool
    states: int
    transitions: int
    cuts: int
    seconds: float
    states_per_second: int
    live_runs: int = Field(description="runs with flash that fails while it works")
    coverage: int
    findings: list[SweepFinding]


class Told(Output):
    """What tells two certificates, and two keys, apart."""

    subject: str
    serial: str
    not_before: str
    not_after: str
    sha256: str
    public_key_sha256: str


class Look(Output):
    """What a look at a unit from outside gives."""

    certificate: Told | None
    root: Told | None


class Cell(Output):
    """A cell of the rule matrix."""

    platform: str
    trigger: str
    release: str
    status: Literal["passed", "failed", "blocked", "assumed", "not offered", "expected"]
    expected: str | None
    expected_root: str | None
    observed: str | None
    observed_root: str | None
    basis: str
    source: str | None
    row: str | None = Field(description="where the row stands")
    why: str | None
    scenario: str | None = Field(description="the file's name with --write-scenarios")
    before: Look
    after: Look


class Fit(Output):
    """What a certificate may be."""

    title: str
    platform: str
    role: str
    releases: list[str]
    documented_differences: int
    other_differences: int


class Compared(Output):
    """A field of a certificate, compared."""

    field: str
    expected: str
    found: str
    basis: str
    outcome: Literal["conforms", "differs", "differs from our reading", "not visible"]


class Inspection(Output):
    """What inspect found."""

    target: str
    certificates: list[Issued]
    judged: int = Field(description="place of the one that was judged in the chain")
    fits: list[Fit] = Field(description="the best first")
    against: str
    names: dict[str, str]
    fields: list[Compared]
    verdict: str


class Damage(Output):
    """A finding of fsck."""

    where: str
    what: str
    then: str = Field(description="what the next start does about it")


class Fact(Output):
    """A value, and how it is known."""

    value: str
    basis: Basis
    source: str


class Release(Output):
    """A release as a platform has it."""

    version: str
    dated: Fact
    lifetime: Fact = Field(description="of an identity, in days")
    generation_time: Fact
    certificate_at_first_start: Fact


class Rule(Output):
    """A row of a platform's policy."""

    trigger: str
    outcome: str
    since: str | None
    before: str | None
    basis: str = Field(description="with its source")


class Platform(Output):
    """A hardware target."""

    name: str
    title: str
    since: str
    default_mac: str
    releases: list[Release]
    policy: list[Rule]


class Installed(Output):
    """One line of doctor."""

    well: bool
    what: str


class Listener(Output):
    """Where a service listens."""

    service: str
    lan: int
    host: str
    port: int


class Serving(Output):
    """What serve tells as soon as it listens, and again when it changes."""

    url: str | None = Field(default=None, description="of a Linux server's pages")
    port: int | None = None
    panel: str | None = Field(default=None, description="where the front panel is")
    listeners: list[Listener]
    names: list[str] = Field(description="in the certificate")
    users: dict[str, str] = Field(description="extension -> password")


class Memory(Output):
    """What a flash part holds at a moment."""

    sha256: str
    operations: int


class Then(Output):
    """A unit at a moment of a recording."""

    state: str
    leds: dict[str, str]
    clock: str | None
    identity: str | None = Field(description="the certificate's fingerprint")
    flash: dict[str, Memory]


class Blocks(Output):
    """Blocks of a part that differ."""

    unit: str
    part: str
    blocks: list[int]
    places: dict[str, list[int]] = Field(description="what lies on them")
    is_there: list[bool] = Field(description="whether the part is in the first, in the second")


class Difference(Output):
    """Where two recordings part."""

    step: int
    event: int | None = Field(description="null: every event is the same")
    why: str = Field(description="how a step ended otherwise, when no event and no flash differs")
    before: list[Event]
    events: list[Event | None]
    flash: list[Blocks]


class Moment(Output):
    """A moment of a recording."""

    recording: str
    step: int
    steps: int
    does: str
    event: int
    events: int
    time: str
    units: dict[str, Then]
    last: list[Event]
    as_recorded: bool
    difference: Difference | None
