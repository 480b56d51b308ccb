"""
The inclusion paths of a whole batch of rows, each for the cost of its own length.

``chain.path`` hashes all leaves for each path, which is right for one proof and not for a file of
them. The tree is that of RFC 9162, section 2.1: pairs from the left, and the last one of an odd
number goes up as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

_LEAF, _NODE = b"\x00", b"\x01"


class Paths:
    """The paths of rows, given their hashes in order."""

    def __init__(self, hashes: Sequence[bytes]) -> None:
        level = [sha256(_LEAF + each).digest() for each in hashes]
        self._levels = [level]
        while len(level) > 1:
            pairs = range(0, len(level) - 1, 2)
            above = [sha256(_NODE + level[at] + level[at + 1]).digest() for at in pairs]
            level = [*above, level[-1]] if len(level) % 2 else above
            self._levels.append(level)

    def of(self, index: int) -> list[bytes]:
        """
        Return the path of one row, from its neighbour upwards.

        :raises IndexError: there is no such row
        """
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(index)
        found = []
        for level in self._levels[:-1]:
            neighbour = index ^ 1
            if neighbour < len(level):
                found.append(level[neighbour])
            index >>= 1
        return found
