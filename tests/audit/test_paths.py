"""All paths of a batch are those that ``chain.path`` finds one by one."""

from __future__ import annotations

from hashlib import sha256

import pytest

from audit import chain
from audit.paths import Paths

HASHES = [sha256(bytes([number])).digest() for number in range(70)]


@pytest.mark.parametrize("size", [*range(1, 18), 31, 32, 33, 70])
def test_every_path_of_a_batch_is_the_one_that_leads_to_its_root(size):
    batch = HASHES[:size]
    paths, top = Paths(batch), chain.root(batch)
    for index, each in enumerate(batch):
        assert paths.of(index) == chain.path(batch, index)
        assert chain.is_included(each, index=index, size=size, way=paths.of(index), top=top)


@pytest.mark.parametrize("index", [-1, 3])
def test_there_is_no_path_for_a_row_that_is_not_there(index):
    with pytest.raises(IndexError):
        Paths(HASHES[:3]).of(index)
