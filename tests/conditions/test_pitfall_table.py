"""What went wrong elsewhere (field notes, conditions, section 6), point by point, and the test for each.

A pitfall without a test that stands here and runs is not one that we know how to avoid. How to compare
fairly with vmalert (13) is no test: `bench/vmalert.py` sets its step to the rule's interval, compares
second by second, and counts apart what differs at the start of vmalert's own chunks.
"""

import pytest

from tests.named_tests import missing

_ENGINE = "conditions/test_pitfalls.py"
_LIFE = "conditions/test_life_pitfalls.py"
_KERNEL = "conditions/test_kernel.py"
_SILENCE = "conditions/test_silence.py"
_HOURS = "conditions/test_local_time.py"
_TEXT = "conditions/test_expression.py"

PITFALLS: dict[str, tuple[tuple[str, str], ...]] = {
    "1 a short `for` begins anew at a restart (prometheus#15175)": (
        (_ENGINE, "test_1_a_short_delay_goes_on_over_a_restart"),
    ),
    "1 `keep_firing_for` is not kept (prometheus#13957)": (
        (_ENGINE, "test_1_the_delay_before_clearing_goes_on_over_a_restart"),
    ),
    "1 the buffers of windows are lost (Kapacitor)": (
        (_ENGINE, "test_1_a_window_is_whole_after_a_restart"),
    ),
    "1 what cleared while it was down is never told (kapacitor#744)": (
        (_ENGINE, "test_1_what_cleared_while_nothing_ran_is_told_after_it"),
    ),
    "1 resolves are lost, or alarms fire again, after a crash (grafana#68162)": (
        (_LIFE, "test_1_a_restart_neither_fires_again_nor_loses_the_clearing"),
        (_LIFE, "test_1_a_replay_of_the_last_change_adds_nothing"),
        (_LIFE, "test_1_a_replay_does_not_tell_what_a_shelf_held_back"),
        (
            "conditions/test_worker.py",
            "test_killed_again_and_again_the_worker_raises_every_event_once",
        ),
    ),
    "2 missing data resolves (prometheus#17482, alertmanager#2264, Grafana)": (
        (_ENGINE, "test_2_missing_data_never_resolves"),
        (_LIFE, "test_2_a_shelved_event_is_not_resolved_when_its_shelf_ends"),
    ),
    "2 one failed scrape begins `for` anew (pint#966)": (
        (_ENGINE, "test_2_one_failed_poll_does_not_begin_a_delay_anew"),
    ),
    "2 a missing field falls through to OK (Kapacitor)": (
        (_ENGINE, "test_2_an_input_that_never_came_is_not_ok"),
    ),
    "3 while it flaps the last OK is never told (Kapacitor)": (
        (_LIFE, "test_3_the_clearing_of_a_flapping_event_is_told_though_it_is_shelved"),
    ),
    "4 a fall from critical passes by the reset of warning (Kapacitor, DataDog#11638)": (
        (_ENGINE, "test_4_a_fall_from_the_worst_level_meets_the_dead_band_of_each"),
    ),
    "4 severity never comes down (thingsboard#11803)": (
        (_LIFE, "test_4_one_event_escalates_and_deescalates"),
        (_LIFE, "test_4_what_got_worse_has_to_be_acknowledged_again"),
    ),
    "5 a backfilled point fires a rule of five minutes at once (ThingsBoard)": (
        (_ENGINE, "test_5_a_backfilled_reading_does_not_end_a_delay_by_the_wall_clock"),
    ),
    "5 an alarm ends at the server's time (thingsboard#6773)": (
        (_ENGINE, "test_5_an_event_is_stamped_with_the_time_of_the_readings"),
    ),
    "5 a schedule with a duration never starts (ThingsBoard PR 16118)": (
        (_ENGINE, "test_5_a_delay_that_begins_within_hours_of_the_day_ends_and_raises"),
    ),
    "6 hours since midnight are one off on days of 23 and 25 hours (ThingsBoard)": (
        (_HOURS, "test_a_day_has_as_many_hours_as_it_has"),
        (_HOURS, "test_local_time_is_that_of_the_zone_throughout_a_day"),
        (_SILENCE, "test_hours_follow_the_clock_on_the_wall_over_a_day_of_23_hours"),
        (_SILENCE, "test_hours_hold_twice_where_the_clock_is_put_back_over_a_day_of_25_hours"),
    ),
    "6 a window over midnight leaves out 00:00:00.000 (ThingsBoard)": (
        (_ENGINE, "test_6_a_window_over_midnight_holds_midnight"),
    ),
    "6 the weekday of a window over midnight": (
        (_SILENCE, "test_hours_over_midnight_belong_to_the_day_they_began_on"),
    ),
    "7 NaN fires (grafana#40392)": (
        (_ENGINE, "test_7_no_number_raises_nothing"),
        (_KERNEL, "test_what_is_no_number_never_fires"),
    ),
    "7 0.0 is taken for nothing (nav#2447)": ((_ENGINE, "test_7_zero_is_a_value"),),
    "8 two replicas notify twice (alertmanager#4108, #3865, #2222)": (
        (_LIFE, "test_8_the_same_raise_twice_is_one_event_and_one_telling"),
    ),
    "9 staleness by the time of writing hid an outage (doublezero#4170)": (
        (_ENGINE, "test_9_staleness_goes_by_when_it_was_measured"),
    ),
    "9 late data flaps rules (prometheus#14061, loki#4909)": (
        (_ENGINE, "test_9_a_reading_that_came_late_flaps_nothing"),
    ),
    "10 a unit that nobody declared": (
        (_ENGINE, "test_10_a_unit_that_is_not_said_or_does_not_fit_is_refused"),
    ),
    "10 thresholds change as they are saved (psensor#20, relayEquipmentManager#82)": (
        ("conditions/test_rule_file.py", "test_a_rule_survives_its_definition"),
        ("conditions/test_rule_file.py", "test_every_form_of_rule_survives_its_definition"),
    ),
    "11 a longer `for` on an alarm that fires (prometheus#18243)": (
        (_ENGINE, "test_11_a_longer_delay_leaves_an_open_event_open"),
    ),
    "11 a cleared alarm is used again (thingsboard#7811)": (
        (_LIFE, "test_11_a_cleared_event_is_not_used_again"),
    ),
    "11 an edit forgets the state (kapacitor#908)": (
        (_LIFE, "test_11_a_new_version_of_a_rule_keeps_its_shelf"),
        (
            "conditions/test_worker.py",
            "test_a_rule_that_is_changed_holds_at_once_and_keeps_its_event",
        ),
    ),
    "12 text of users goes to eval (IBM bif.py)": (
        (_ENGINE, "test_12_what_a_rule_says_is_never_run_as_a_program"),
        (_TEXT, "test_any_text_is_a_term_or_a_refusal"),
        (_TEXT, "test_any_row_of_tokens_is_a_term_or_a_refusal"),
    ),
    "14 one request for each register": (
        ("edge/modbus/test_plan.py", "test_eighty_neighbours_are_one_request"),
    ),
}


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_each_pitfall_has_a_test_of_its_own(pitfall: str) -> None:
    assert PITFALLS[pitfall]
    assert missing(PITFALLS[pitfall]) == []
