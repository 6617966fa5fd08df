"""What Apply does: a list of tasks, each of which can be cut short and done again, and makes the same.

Apply begins by fixing its plan: the clock, addresses and names of that moment. From then on the server finishes what
it began, at the next start if need be; it is done when its last task has said so, and no sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from firmware.appliance import Appliance
from firmware.basis import Basis
from firmware.boot import alarms
from firmware.configuration import Configuration, Lan
from firmware.credentials import generation, held
from firmware.credentials.identity import MAKING
from firmware.errors import StorageError
from firmware.machine import Lights, State
from firmware.security import authority
from firmware.security import settings as security_settings
from firmware.security.policy import Trigger, decide
from firmware.security.settings import SERVICES, ServiceUser
from firmware.storage.records import DONE, build
from firmware.times import SECOND, show_time
from ignition import answers, disk, plan, sessions, settings, wizard
from ignition.answers import Answers, Plan
from ignition.checks import YES
from ignition.sessions import desk


@dataclass(frozen=True, slots=True)
class Task:
    """One task: what it does, how long it takes (ms, assumed), and how. Run again after a cut, it changes nothing."""

    name: str
    about: str
    duration: int
    run: Callable[[Appliance, Answers, Plan], None]


def prepare(unit: Appliance) -> str:
    """Set the clock, then fix the plan. A plan that is there already is carried on with."""
    given = desk(unit).answers
    if given.plan is None:
        _set_clock(unit, given)
        planned = replace(given, plan=plan.make_plan(unit, wizard.server(unit)))
        try:
            answers.save(unit, planned)
        except StorageError as error:
            return _failed(unit, "plan", error)
        unit.ram.wizard = replace(desk(unit), answers=planned)
    begin(unit)
    return "prepared"


def begin(unit: Appliance) -> None:
    """Take up the plan: from here the unit is what it was planned to become."""
    given = desk(unit).answers
    assert given.plan is not None
    unit.platform = plan.role_of(unit, given)
    unit.ram.host_name = given.plan.host
    created = given.plan.created
    clock = show_time(created) if created is not None else "not set"
    unit.note(
        "ignition.planned", role=unit.platform.title, host=given.plan.host, lans=list(given.plan.lans), clock=clock
    )


def _set_clock(unit: Appliance, given: Answers) -> None:
    wanted, before = plan.planned_clock(unit, given), unit.clock.read()
    if wanted is not None and wanted != before:
        unit.clock.set(wanted)
        was = "not set" if before is None else show_time(before)
        unit.note("clock.set", to=show_time(wanted), was=was, by="ignition")


def _time(unit: Appliance, given: Answers, _plan: Plan) -> None:
    time = given.of("time") or {}
    settings.write(unit, disk.CLOCK, settings.Clock(time.get("time_zone", ""), time.get("ntp_server", "")).to_bytes())


def _network(unit: Appliance, given: Answers, planned: Plan) -> None:
    network = given.of("network") or {}
    file = settings.Network(
        planned.host, network.get("host_name", ""), network.get("gateway", ""), network["dns1"], network["dns2"]
    )
    settings.write(unit, disk.NETWORK, file.to_bytes())
    lans = tuple(
        Lan(lan.dhcp, interface) for lan, interface in zip(plan.planned_lans(unit, given), planned.lans, strict=True)
    )
    users, hunt_groups = unit.platform.users.value, unit.platform.hunt_groups.value
    unit.ram.configuration = Configuration(planned.host, lans, (False,) * len(lans), users, hunt_groups)
    settings.write(unit, disk.CONFIGURATION, unit.ram.configuration.to_bytes())


def _hardware(unit: Appliance, given: Answers, planned: Plan) -> None:
    """Format the further disk and mount it, if that was wanted; one that bears this ignition's label has been."""
    slot = unit.slots.get(disk.SECOND_DISK)
    if given.value("new_hardware", "format_disk") != YES or slot is None or slot.card is None:
        return
    label = answers.digest([unit.mac, unit.ram.installation, planned.created, planned.host]).encode()
    if disk.label_of(slot.card.part) != label:
        disk.format_labelled(slot.card.part, label)
        unit.note("ignition.formatted", slot=slot.name, mounted=disk.MOUNT_POINT)
    settings.write(unit, disk.MOUNTS, f"{slot.name} {disk.MOUNT_POINT}\n".encode())


def _authority(unit: Appliance, given: Answers, _plan: Plan) -> None:
    wanted = plan.planned_authority(unit, given, unit.platform)
    unit.ram.authority = wanted
    if wanted is None or unit.sealed.read(authority.RECORD) == wanted.to_bytes():
        return
    unit.sealed.commit(authority.RECORD, wanted.to_bytes())
    rule = decide(unit.platform.policy, trigger_of(unit), unit.release)
    unit.note("authority.kept", **authority.shown(wanted), basis=rule.cite())


def trigger_of(unit: Appliance) -> Trigger:
    """Which row of the policy says what becomes of the identity in an ignition."""
    is_imported = unit.ram.authority is not None and unit.ram.authority.is_imported
    return Trigger.CA_IMPORTED if is_imported else Trigger.IGNITION


def _identity(unit: Appliance, _given: Answers, planned: Plan) -> None:
    """The security settings with the identity in them, as one record: its key and certificate never part."""
    number = planned.generation
    _, present = unit.vault.peek()
    if present is not None and present.identity is not None and present.generation == number:
        unit.ram.settings, unit.ram.identity = present, present.identity
        return
    fresh = replace(security_settings.factory(unit.release), services=SERVICES.value)
    if decide(unit.platform.policy, trigger_of(unit), unit.release).value not in MAKING:
        held.commit(unit, fresh)
        return
    unit.ram.settings = fresh
    generation.announce_as(unit, number, planned.created)
    generation.commit_identity(unit, number, planned.created)


def _passwords(unit: Appliance, given: Answers, _plan: Plan) -> None:
    """The Linux accounts, and the service users: the first password of each."""
    kept = given.of("passwords") or {}
    accounts = settings.accounts_of(unit.platform, kept["root"], kept["administrator"])
    settings.write(unit, disk.ACCOUNTS, settings.accounts_to_bytes(accounts))
    users = {"security": kept["root"], "Administrator": kept["administrator"], "System": kept["system"]}
    assert unit.ram.settings is not None
    rest = [user for user in unit.ram.settings.users if user.name not in users]
    first = [ServiceUser(name, hashed.encode(), must_change=False) for name, hashed in users.items()]
    changed = replace(unit.ram.settings, users=(*first, *rest))
    if changed != unit.ram.settings:
        unit.vault.commit(changed)
        unit.ram.settings = changed


def _services(unit: Appliance, given: Answers, _plan: Plan) -> None:
    """The last before the mark, and it names the role too: by it a mark that is lost is made anew."""
    chosen = given.of("services") or {}
    companding = given.value("time", "companding")
    role = unit.platform.name
    file = settings.Services(companding, chosen.get("one_x_portal", ""), chosen.get("voicemail_pro", ""), role)
    settings.write(unit, disk.SERVICES, file.to_bytes())


def _done(unit: Appliance, _given: Answers, planned: Plan) -> None:
    """Say that it is done; then what was asked is forgotten, for it holds secrets."""
    settings.write(unit, disk.DONE, build(DONE, {"role": planned.role}))
    forget(unit)
    unit.note("ignition.done", role=unit.platform.title)


def forget(unit: Appliance) -> None:
    """Remove the answers of an ignition that is done."""
    disk.files(unit).remove(disk.ANSWERS)
    sessions.end_all(unit)
    unit.ram.wizard = replace(desk(unit), answers=Answers())


TASKS: tuple[Task, ...] = (
    Task("time", "time zone and NTP", 1 * SECOND, _time),
    Task("network", "addresses and host name", 3 * SECOND, _network),
    Task("hardware", "the further disk", 1 * SECOND, _hardware),
    Task("authority", "the root CA", 4 * SECOND, _authority),
    Task("identity", "key and identity certificate", 4 * SECOND, _identity),
    Task("passwords", "accounts and service users", 1 * SECOND, _passwords),
    Task("services", "services restart", 5 * SECOND, _services),
    Task("done", "marking it done", 1 * SECOND, _done),
)


def activity(task: Task) -> Callable[[Appliance], str]:
    """The task as the activity of a state: a store that fails makes it fail, and it can be tried again."""

    def run(unit: Appliance) -> str:
        given = desk(unit).answers
        assert given.plan is not None
        try:
            task.run(unit, given, given.plan)
        except StorageError as error:
            return _failed(unit, task.name, error)
        unit.note("ignition.task", task=task.name, about=task.about)
        return "applied"

    return run


def _failed(unit: Appliance, task: str, error: StorageError) -> str:
    alarms.raise_alarm(unit, f"ignition, {task}", str(error))
    return "apply_failed"


def states(lights: Callable[[str], Lights]) -> tuple[State[Appliance], ...]:
    """A state a task, in order."""
    return tuple(
        State(
            f"apply.{task.name}", f"applying: {task.about}", lights(f"apply.{task.name}"), Basis.ASSUMED,
            "ignition.md, page 9", activity(task), task.duration,
        )
        for task in TASKS
    )  # fmt: skip
