"""A Linux server's disk: which record lies where, and installing the software on it."""

from __future__ import annotations

from firmware.appliance import Appliance
from firmware.device.flash import FlashPart, Geometry
from firmware.device.physics import DISK
from firmware.device.power import Rail
from firmware.errors import StorageError
from firmware.memo import memoise
from firmware.platform import Storage
from firmware.release import BY_VERSION, Release
from firmware.storage.files import FileStore
from firmware.storage.nvm import CopyState
from firmware.storage.records import DONE as DONE_LAYOUT
from firmware.storage.records import SYSTEM, build, parse
from firmware.storage.volume import format_volume, mounted

SYSTEM_RECORD, ANSWERS, DONE = "system", "answers", "done"
NETWORK, CLOCK, SERVICES, ACCOUNTS, CONFIGURATION = "network", "clock", "services", "accounts", "configuration"
SECOND_DISK, MOUNT_POINT, MOUNTS = "second-disk", "/additional-hdd", "mounts"
_LABEL = "label"
PRODUCT = "opt/ipoffice/"

# Where things lie is ours, after the habits of a Linux server with its product under /opt. A disk writes whole sectors,
# so littlefs begins a log anew at each commit. How far its logs had grown would tell thousands of crash states apart
# that hold the same.
STORAGE = Storage(
    "disk",
    Geometry(program_unit=1024, block_size=1024, blocks=512, sheet=DISK),
    {
        SYSTEM_RECORD: "opt/ipoffice/system/release",
        ANSWERS: "opt/ipoffice/ignition/answers",
        DONE: "opt/ipoffice/ignition/done",
        "authority": "opt/ipoffice/security/authority",
        "security": "opt/ipoffice/security/settings",
        "generation": "opt/ipoffice/security/generation",
        CONFIGURATION: "opt/ipoffice/config/config.cfg",
        SERVICES: "opt/ipoffice/config/services",
        "alarms": "opt/ipoffice/log/alarms",
        ACCOUNTS: "etc/shadow",
        NETWORK: "etc/sysconfig/network",
        CLOCK: "etc/sysconfig/clock",
        MOUNTS: "etc/fstab",
    },
    FileStore,
    is_volume=True,
)


def furnish(unit: Appliance, release: Release) -> None:
    """Give a new server its disk, with the software of a release installed and nothing set up."""
    unit.internal.blocks[:] = FlashPart("", STORAGE.geometry, Rail(), _factory_image(release)).blocks


@memoise(32)
def _factory_image(release: Release) -> tuple[bytes, ...]:
    part = FlashPart(STORAGE.name, STORAGE.geometry, Rail())
    part.rail.on = True
    lay(part, release, 0)
    return part.image()


def lay(part: FlashPart, release: Release, installation: int) -> None:
    """Format the disk and install a release. Its record comes last: without it there is no system to start."""
    format_volume(part)
    FileStore(part, STORAGE.layout).replace(SYSTEM_RECORD, system_record(release.version, installation))


def system_record(release: str, installation: int) -> bytes:
    """Which release is installed, and which installation it is."""
    return build(SYSTEM, {"release": release, "installation": installation})


def installed(unit: Appliance) -> tuple[Release, int] | None:
    """The release on the disk and which installation it is; None: no system that could start."""
    try:
        body = parse(SYSTEM, unit.records.read(SYSTEM_RECORD) or b"")
    except StorageError:
        return None
    release = BY_VERSION.get(body.release)
    return (release, body.installation) if release else None


def running_version(unit: Appliance) -> str | None:
    """The release that this unit would start with, seen from outside."""
    found = installed(unit)
    return found[0].version if found else None


def files(unit: Appliance) -> FileStore:
    """The unit's records, as what they are on a disk."""
    assert isinstance(unit.records, FileStore)
    return unit.records


def label_of(part: FlashPart) -> bytes | None:
    """The label of a further disk; None when it bears none, or is no disk of ours at all."""
    try:
        with mounted(part) as volume:
            return volume.read(_LABEL)
    except StorageError:
        return None


def format_labelled(part: FlashPart, label: bytes) -> None:
    """Format a further disk. The label comes last: with it, the disk is ready."""
    format_volume(part)
    with mounted(part) as volume:
        volume.replace(_LABEL, label)


def holds(unit: Appliance, record: str) -> bool:
    """Whether there is such a file at all, whatever has become of it."""
    try:
        return any(copy.state is not CopyState.BLANK for copy in unit.records.copies(record))
    except StorageError:
        return True


def mark_of(unit: Appliance) -> str | None:
    """The role in the mark that ignition is done; None: there is none that can be read."""
    try:
        data = unit.records.read(DONE)
        return str(parse(DONE_LAYOUT, data).role) if data else None
    except StorageError:
        return None
