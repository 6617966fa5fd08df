"""One error tree; the type says whose fault it is and so which exit code the command line gives."""

from __future__ import annotations


class IpsimError(Exception):
    """Anything the simulator reports about itself or its input. ``exit_code`` follows the README."""

    exit_code = 3


class BadInput(IpsimError):
    """The user's: a value, a file or a state directory that cannot be used. The text says what, where, what to do."""

    exit_code = 2


class Unmet(IpsimError):
    """The unit's: an expectation that did not hold, a finding, a difference."""

    exit_code = 1


class FirmwareError(IpsimError):
    """The simulated firmware could not do what it was asked; inside a bring-up it becomes an event or an alarm."""

    exit_code = 1


class NotNow(FirmwareError):
    """The unit is in a state in which this cannot be done."""


class StorageError(FirmwareError):
    """A store could not be read or written; the base of what :mod:`firmware.storage` raises."""


class Damaged(StorageError):
    """What was read back is not what any writer completed: a checksum, digest or structure does not hold."""


class Full(StorageError):
    """The data does not fit; nothing was changed."""


class PowerCut(BaseException):
    """Power went away in the middle of an operation.

    A BaseException, so that no ``except Exception`` of the firmware can survive its own power cut; the bench
    turns it into a state of the unit.
    """
