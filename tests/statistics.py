"""What two series of measurements have to say about each other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence


def mann_whitney(first: Sequence[float], second: Sequence[float]) -> float:
    """
    Return the two-sided p of the hypothesis that both series come from one distribution.

    By ranks, so a few slow outliers weigh no more than others; normal approximation with
    corrections for ties and continuity, good from 20 values a side (Mann and Whitney, 1947).
    """
    ranks = _ranks([*first, *second])
    m, n = len(first), len(second)
    u = sum(ranks[:m]) - m * (m + 1) / 2
    ties = sum(count**3 - count for count in Counter([*first, *second]).values())
    total = m + n
    variance = m * n / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance == 0:
        return 1.0
    distance = max(0.0, abs(u - m * n / 2) - 0.5)
    return math.erfc(distance / math.sqrt(2 * variance))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of ``values`` do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _ranks(values: Sequence[float]) -> list[float]:
    """Number the values by size from 1; equal ones share the mean of their numbers."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    for position in range(len(order)):
        if position + 1 < len(order) and values[order[position + 1]] == values[order[start]]:
            continue
        for place in order[start : position + 1]:
            ranks[place] = (start + position) / 2 + 1
        start = position + 1
    return ranks
