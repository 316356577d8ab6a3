"""What can be wrong with a registry.

RegistryError
├── VersionUnknown    no such version
├── VersionExists     the version is there already, with other files
├── VersionUnusable   a file is absent, changed, unsigned, or not one that this version reads
├── MoveLost          another mover was faster
├── NothingBefore     there is no earlier version to go back to
├── RegistryDamaged   the pointer or the ledger is not what this program writes
└── EventInvalid      an event that is not one of those that the function takes
"""

from __future__ import annotations


class RegistryError(Exception):
    """Something that whoever runs the registry can act on."""


class VersionUnknown(RegistryError):
    """No such version."""


class VersionExists(RegistryError):
    """The version is there already, with other files."""


class VersionUnusable(RegistryError):
    """A file is absent, changed, unsigned, or not one that this version reads."""


class MoveLost(RegistryError):
    """Another mover was faster; what it did stands."""


class NothingBefore(RegistryError):
    """There is no earlier version to go back to."""


class RegistryDamaged(RegistryError):
    """The pointer or the ledger is not what this program writes."""


class EventInvalid(RegistryError):
    """An event that is not one of those that the function takes."""
