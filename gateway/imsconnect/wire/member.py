"""The base of enumerations whose members are keys of tables."""

from enum import Enum


class Member(Enum):
    """An enumeration whose members are hashed as the objects that they are.

    Enum hashes names, and does so in Python: every look into a table of states would cost a call.
    """

    __hash__ = object.__hash__
