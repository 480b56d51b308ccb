from __future__ import annotations

import threading

from resilience.remembered import Remembered
from tests.resilience.conftest import at_once, eventually


def test_an_answer_is_worked_out_again_only_when_it_is_old(clock):
    answers = iter(range(10))
    remembered = Remembered(lambda: next(answers), seconds=1, clock=clock)
    assert [remembered(), remembered()] == [0, 0]
    clock.advance(1)
    assert remembered() == 1


def test_a_crowd_waits_for_the_first_answer_and_asks_once(clock):
    asked, go = [], threading.Event()

    def find():
        asked.append(1)
        go.wait(0.1)
        return "found"

    remembered = Remembered(find, seconds=1, clock=clock)
    assert at_once(16, remembered) == ["found"] * 16
    assert asked == [1]


def test_while_one_looks_again_the_others_take_the_last_answer(clock):
    looking, go = threading.Event(), threading.Event()
    answers = iter(["old", "new"])

    def find():
        answer = next(answers)
        if answer == "new":
            looking.set()
            go.wait(5)
        return answer

    remembered = Remembered(find, seconds=1, clock=clock)
    remembered()
    clock.advance(2)
    thread = threading.Thread(target=remembered)
    thread.start()
    looking.wait(5)
    assert remembered() == "old"
    go.set()
    thread.join()
    eventually(lambda: remembered() == "new")
