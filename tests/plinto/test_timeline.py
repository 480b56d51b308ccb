"""The drawing of the last hour: whose lane holds what, and that it stays readable."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from xml.etree import ElementTree

from django.template.loader import render_to_string

from plinto import timeline
from resilience.circuit import State
from tests.plinto.overviews import NOON, a_circuit, a_move, a_process, an_overview, minutes

CLOSED, OPEN, HALF_OPEN = State.CLOSED, State.OPEN, State.HALF_OPEN


def stretches(overview):
    (lane,) = timeline.lanes(overview)
    return [(one.state, one.start, one.end) for one in lane.stretches]


def svg(overview):
    text = render_to_string("admin/resilience/timeline.html", {"drawing": timeline.draw(overview)})
    return ElementTree.fromstring(text)


def test_a_breaker_that_did_not_move_was_the_whole_hour_as_it_is_now():
    overview = an_overview(a_process(1, a_circuit(state=OPEN)))
    assert stretches(overview) == [(OPEN, minutes(60), NOON)]


def test_each_transition_ends_one_stretch_and_begins_the_next():
    moves = [
        a_move(40, CLOSED, OPEN),
        a_move(20, OPEN, HALF_OPEN),
        a_move(19, HALF_OPEN, CLOSED),
    ]
    assert stretches(an_overview(a_process(), moves=moves)) == [
        (CLOSED, minutes(60), minutes(40)),
        (OPEN, minutes(40), minutes(20)),
        (HALF_OPEN, minutes(20), minutes(19)),
        (CLOSED, minutes(19), NOON),
    ]


def test_a_lane_begins_with_its_process_and_ends_when_it_was_last_seen():
    gone = a_process(1, started_at=minutes(30), seen_at=minutes(10), is_live=False)
    assert stretches(an_overview(gone)) == [(CLOSED, minutes(30), minutes(10))]


def test_a_process_that_went_before_the_hour_has_no_lane():
    gone = a_process(1, seen_at=minutes(61), is_live=False)
    assert timeline.draw(an_overview(gone)).rows == []


def test_moves_of_a_process_that_is_no_longer_listed_are_drawn_all_the_same():
    overview = an_overview(moves=[a_move(30, CLOSED, OPEN)])
    assert stretches(overview) == [(OPEN, minutes(30), NOON)]


def test_one_process_does_not_answer_for_another():
    moves = [a_move(30, CLOSED, OPEN, process_id=UUID(int=2), process_label="web host:2")]
    overview = an_overview(a_process(1), a_process(2), moves=moves)
    found = {lane.process: len(lane.stretches) for lane in timeline.lanes(overview)}
    assert found == {"web host:1": 1, "web host:2": 2}


def test_lanes_in_which_something_happened_are_never_the_ones_left_out():
    quiet = [a_process(number) for number in range(2, 100)]
    drawing = timeline.draw(
        an_overview(
            *quiet, a_process(1000), moves=[a_move(1, CLOSED, OPEN, process_id=UUID(int=1000))]
        )
    )
    assert drawing.left_out == 99 - timeline.MOST_LANES
    assert "web host:1000" in {row.full for row in drawing.rows}


def test_bars_stay_inside_the_drawing_and_can_be_seen_however_short():
    moves = [a_move(59, CLOSED, OPEN), a_move(58.999, OPEN, CLOSED)]
    (row,) = [row for row in timeline.draw(an_overview(a_process(), moves=moves)).rows if row.bars]
    assert all(bar.x >= timeline.LABELS for bar in row.bars)
    assert all(bar.width >= 1 and bar.x + bar.width <= timeline.WIDTH for bar in row.bars)


def test_the_worse_the_state_the_higher_its_bar():
    moves = [a_move(40, CLOSED, OPEN), a_move(20, OPEN, HALF_OPEN)]
    (row,) = [row for row in timeline.draw(an_overview(a_process(), moves=moves)).rows if row.bars]
    height = {bar.state: bar.height for bar in row.bars}
    assert height[CLOSED] < height[HALF_OPEN] < height[OPEN]


def test_the_drawing_is_well_formed_whatever_hosts_and_reasons_are_called():
    evil = "<script>&\"']]>" + "x" * 60
    moves = [a_move(5, CLOSED, OPEN, reason=evil)]
    overview = an_overview(a_process(1, a_circuit(), host=evil), moves=moves)
    drawn = svg(overview)
    titles = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}title")]
    assert any(title and evil in title for title in titles)
    assert not list(drawn.iter("{http://www.w3.org/2000/svg}script"))


def test_the_drawing_says_what_it_is_and_carries_no_style_of_its_own():
    drawn = svg(an_overview(a_process(), moves=[a_move(5, CLOSED, OPEN)]))
    named = drawn.attrib["aria-labelledby"].split()
    assert [drawn[0].attrib["id"], drawn[1].attrib["id"]] == named
    assert all("style" not in element.attrib for element in drawn.iter())


def test_ticks_stand_at_full_ten_minutes_of_utc():
    overview = an_overview(a_process())
    drawing = timeline.draw(replace(overview, at=NOON + timedelta(minutes=3, seconds=20)))
    labels = [label for _, label in drawing.ticks]
    assert labels == ["11:10", "11:20", "11:30", "11:40", "11:50", "12:00"]
