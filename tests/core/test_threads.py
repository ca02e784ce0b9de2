"""Work over slabs, side by side."""
from __future__ import annotations

import os
import threading

import pytest

from cryoqa_plugin.core.threads import get_threads, over_slabs, set_threads, slabs


@pytest.fixture(params=[1, 2, 5])
def threads(request):
    before = get_threads()
    set_threads(request.param)
    yield request.param
    set_threads(before)


@pytest.mark.parametrize("n", [0, 1, 7, 32, 100])
def test_every_slab_is_done_once_and_answers_come_in_order(threads, n):
    assert over_slabs(lambda a, b: (a, b), n) == slabs(n)


def test_work_may_call_for_more_work(threads):
    assert over_slabs(lambda a, b: sum(over_slabs(lambda c, d: d - c, 40)), 64) == [40] * 32


def test_more_threads_than_cores_are_used_when_asked_for(threads):
    seen, meet = set(), threading.Barrier(threads)

    def work(start, stop):
        if start < threads:                                  # the first slabs wait for each other: each has a thread of its own
            meet.wait(timeout=20)
            seen.add(threading.get_ident())

    over_slabs(work, 32)
    assert len(seen) == threads


def test_an_error_comes_out_and_the_next_call_works(threads):
    def work(start, stop):
        if start == 3:
            raise ValueError("slab 3")
        return start

    with pytest.raises(ValueError, match="slab 3"):
        over_slabs(work, 32)
    assert over_slabs(lambda a, b: a, 32) == list(range(32))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_works_too():
    set_threads(2)
    over_slabs(lambda a, b: a, 32)
    child = os.fork()
    if child == 0:
        os._exit(0 if over_slabs(lambda a, b: a, 32) == list(range(32)) else 1)
    assert os.waitpid(child, 0)[1] == 0
    set_threads(0)
