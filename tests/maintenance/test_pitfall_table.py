"""What went wrong elsewhere (field notes, maintenance, section 4), line by line, and the test for each.

A pitfall without a test that stands here and runs is not one that we know how to avoid.
"""

import pytest

from tests.named_tests import missing

_PLANS = "maintenance/plans/"
_STOCK = "maintenance/materials/test_pitfalls.py"
_HERE = "maintenance/test_pitfalls.py"
_FIGURES = "maintenance/figures/test_hand_computed.py"
_COUNTING = "ingest/meter/test_counting.py"
_KEEPER = "ingest/meter/test_keeper.py"
_CLOCK = "maintenance/sla/test_clock.py"

PITFALLS: dict[str, tuple[tuple[str, str], ...]] = {
    # Recurrence and daylight saving
    "daily as 24 hours drifts; weekly 15:00 becomes 16:00 (Atlas, OCA field-service#919)": (
        (_PLANS + "test_slots.py", "test_daily_work_has_one_slot_a_day_and_never_drifts"),
        (
            _PLANS + "test_slots.py",
            "test_a_wall_time_is_due_at_the_moment_that_clocks_show_it",
        ),
    ),
    "monthly and yearly without a time zone (Atlas)": (
        (_PLANS + "test_slots.py", "test_every_frequency_is_in_the_time_of_the_site"),
    ),
    "every two weeks fires in off weeks (Atlas)": (
        (
            _PLANS + "test_recurrence.py",
            "test_every_two_weeks_keeps_to_its_weeks_wherever_one_begins_to_look",
        ),
    ),
    "January 31 monthly drifts to the 28th (OCA)": (
        (
            _PLANS + "test_recurrence.py",
            "test_monthly_from_the_31st_takes_the_last_day_of_short_months_and_returns_to_the_31st",
        ),
    ),
    "UNTIL in local date": (
        (_PLANS + "test_recurrence.py", "test_until_is_a_day_of_the_site_with_all_of_it"),
    ),
    "the closer's time zone decides": (
        (
            _PLANS + "test_chain.py",
            "test_the_day_of_the_work_is_the_one_of_the_site_and_not_of_who_closes_it",
        ),
    ),
    "late completion skips without saying how many": (
        (_PLANS + "test_chain.py", "test_late_work_skips_dates_and_says_how_many"),
    ),
    "early completion is asked for again; done early, next date unchanged (OCA#161)": (
        (_PLANS + "test_chain.py", "test_a_fixed_date_is_not_repeated_for_early_work"),
        (
            _PLANS + "test_release.py",
            "test_early_work_counts_within_its_tolerance_and_is_not_asked_for_again",
        ),
    ),
    "any end date blanks the next one, or never ends it (ERPNext)": (
        (
            _PLANS + "test_chain.py",
            "test_a_chain_ends_with_its_last_day_whichever_way_work_was_completed",
        ),
        (_PLANS + "test_recurrence.py", "test_a_floating_rule_ends_with_its_last_day"),
    ),
    "duplicates when the start is outside calendar hours (GLPI#6205)": (
        (
            _PLANS + "test_slots.py",
            "test_moved_work_lies_on_working_days_and_never_twice_on_one",
        ),
    ),
    # Duplicate generation
    "complete to complete, or reopen to complete, chains another job (Atlas)": (
        (_HERE, "test_atlas_complete_to_complete_is_refused_and_chains_nothing"),
        (_HERE, "test_atlas_reopening_and_completing_again_chains_nothing"),
        (
            _PLANS + "test_meter_plans.py",
            "test_reopening_and_closing_again_adds_no_second_successor",
        ),
    ),
    "rescheduling leaves chained jobs behind (Atlas)": (
        (
            _PLANS + "test_generation.py",
            "test_a_changed_plan_replaces_what_is_ahead_and_keeps_what_was_decided",
        ),
    ),
    "done stage to another done stage (Odoo)": (
        (
            _HERE,
            "test_atlas_any_to_any_a_closed_order_goes_nowhere_but_back_to_work",
        ),
    ),
    "bulk close of many (odoo#183154)": (
        (
            "maintenance/commands/test_story.py",
            "test_odoo_of_many_none_moves_if_one_cannot_and_each_error_is_told",
        ),
    ),
    "a copied order keeps plan and state (odoo#174411, #38558)": (
        (
            "maintenance/commands/test_story.py",
            "test_odoo_a_follow_up_copies_neither_state_nor_origin",
        ),
    ),
    "two schedulers": ((_PLANS + "test_release.py", "test_two_schedulers_make_one_order"),),
    "crash between insert and advance": (
        (
            _PLANS + "test_release.py",
            "test_a_crash_while_an_order_is_made_leaves_neither_order_nor_decision",
        ),
        (
            _PLANS + "test_generation.py",
            "test_a_crash_in_the_middle_of_a_generation_takes_all_of_it_back",
        ),
    ),
    "retired assets still generate (OCA#242)": (
        (_HERE, "test_oca_a_retired_asset_generates_no_work"),
        (
            _PLANS + "test_generation.py",
            "test_an_asset_that_retires_after_generation_gets_no_order",
        ),
    ),
    "the tenant is lost in a job by the clock (OCA#33)": (
        (
            _PLANS + "test_rounds.py",
            "test_oca_33_work_that_a_job_makes_stands_at_the_site_of_its_asset",
        ),
    ),
    # Meters
    "rollover": ((_COUNTING, "test_a_rolling_meter_counts_as_if_it_never_rolled"),),
    "reset": ((_COUNTING, "test_a_meter_that_is_reset_counts_as_an_oracle_says"),),
    "replacement": (
        (_COUNTING, "test_a_replaced_meter_counts_to_its_end_and_on_from_the_new_start"),
        (
            _PLANS + "test_meter_plans.py",
            "test_a_display_that_is_reset_or_replaced_brings_no_work_forward",
        ),
    ),
    "out of order": ((_KEEPER, "test_any_order_of_arrival_counts_the_same"),),
    "a backdated reading leaves later deltas and plans as they were (IBM)": (
        (_KEEPER, "test_a_late_reading_recomputes_the_days_from_its_own_on"),
        (_PLANS + "test_meter_plans.py", "test_a_backdated_reading_moves_what_is_ahead"),
    ),
    "thresholds are whole numbers (Atlas)": (
        (_PLANS + "test_chain.py", "test_counts_are_decimals"),
        (_COUNTING, "test_decimals_are_counted"),
    ),
    "two readings of one day keep one line (codup)": (
        (_COUNTING, "test_any_split_into_parts_counts_the_same_as_one_by_one"),
    ),
    "the current count is the greatest, wrong after a reset (OCA)": (
        (_KEEPER, "test_the_newest_count_serves_after_a_reset_not_the_greatest"),
    ),
    "forecast of a flat, negative or zero rate": (
        (
            _PLANS + "test_meter_forecast.py",
            "test_a_flat_negative_or_new_meter_has_no_forecast",
        ),
    ),
    "restart inside an on-delay": (
        ("conditions/test_engine.py", "test_a_restart_inside_an_on_delay_loses_no_time"),
    ),
    # Concurrency and transitions
    "versions of parts alone (Atlas)": (
        (_HERE, "test_of_two_who_act_at_once_exactly_one_wins"),
        ("maintenance/commands/test_service.py", "test_assigning_an_older_version_is_refused"),
    ),
    "double completion, complete against cancel": (
        (_HERE, "test_of_two_who_act_at_once_exactly_one_wins"),
        (_HERE, "test_if_the_faster_one_fails_the_slower_one_wins"),
        (
            "maintenance/commands/test_work_life.py",
            "test_of_two_who_race_neither_breaks_what_the_other_does",
        ),
    ),
    "permission is checked after the change": (
        ("api/test_orders.py", "test_each_role_may_do_what_it_is_for"),
    ),
    "PATCH does not tell what is left out from null": (
        ("maintenance/commands/test_story.py", "test_an_edit_tells_null_from_nothing_said"),
    ),
    "a later change erases signature and feedback (Atlas)": (
        (_HERE, "test_atlas_feedback_is_not_erased_by_a_later_change"),
        (
            "maintenance/commands/test_story.py",
            "test_a_signature_keeps_what_was_signed_through_later_changes",
        ),
    ),
    # Parts and cost
    "concurrent allocations, ten against five (InvenTree#12478)": (
        (_STOCK, "test_inventree_12478_ten_allocations_against_five_give_five"),
    ),
    "a count races with bookings (InvenTree#12718)": (
        (_STOCK, "test_inventree_12718_a_count_keeps_what_others_moved_meanwhile"),
    ),
    "the order completes while its consumption fails (InvenTree#11060)": (
        (
            "maintenance/commands/test_work_life.py",
            "test_inventree_11060_an_order_is_not_completed_while_its_parts_cannot_be_let_go",
        ),
    ),
    "partial use (InvenTree#4820)": (
        (_STOCK, "test_inventree_4820_partial_use_costs_what_was_used"),
    ),
    "a part that is dropped from an order is not restocked (Atlas)": (
        (_STOCK, "test_atlas_a_part_that_is_dropped_from_an_order_is_there_for_others"),
    ),
    "past cost moves with today's price (Atlas)": (
        (_STOCK, "test_atlas_past_cost_does_not_move_with_todays_price"),
    ),
    "long division truncates labour (Atlas)": (
        (
            "maintenance/costs/test_cost.py",
            "test_atlas_long_division_truncates_labour_here_minutes_are_paid_to_the_cent",
        ),
    ),
    # Downtime and figures
    "duration 0 means still open, so that it counts as none (Atlas)": (
        (_FIGURES, "test_downtime_that_is_not_over_counts_to_the_end_and_is_a_failure"),
    ),
    "parents always get an interval that the child never closes (Atlas)": (
        (
            "maintenance/register/downtime/test_downtime.py",
            "test_a_part_that_is_down_does_not_take_the_assets_above_down",
        ),
        (_FIGURES, "test_the_downtime_of_a_part_is_not_its_parents"),
    ),
    "MTTR as labour by all orders, or as the order's life (Atlas, Odoo)": (
        (_FIGURES, "test_mttr_is_active_work_and_not_the_life_of_the_order"),
    ),
    "no due date counts as compliant, what was never done is not seen (Atlas)": (
        (_FIGURES, "test_what_was_never_done_counts_against_compliance"),
    ),
    "a missing closing date crashes (odoo#230763)": (
        (_FIGURES, "test_without_a_failure_there_is_no_mtbf_and_no_crash"),
        (_FIGURES, "test_every_figure_of_an_empty_plant_answers"),
    ),
    # Service levels
    "hold over a night": ((_CLOCK, "test_glpi_a_hold_over_a_night_is_not_counted_twice"),),
    "hold over a weekend": (
        (
            _CLOCK,
            "test_a_hold_over_a_weekend_takes_no_working_time_and_none_is_given_back",
        ),
    ),
    "another agreement while paused": (
        (
            _CLOCK,
            "test_another_agreement_while_paused_counts_the_whole_life_once_and_stays_paused",
        ),
    ),
    "from paused to resolved (helpdesk#3776)": (
        (
            _CLOCK,
            "test_helpdesk_from_paused_to_resolved_directly_the_pause_is_not_counted",
        ),
    ),
    "reopened": (
        (
            _CLOCK,
            "test_a_reopened_order_goes_on_from_where_it_was_and_was_not_worked_on_meanwhile",
        ),
    ),
    "made out of hours": (
        (_CLOCK, "test_an_order_made_out_of_hours_begins_to_count_with_the_next_shift"),
    ),
    "a holiday is edited while the clock runs": (
        (
            _CLOCK,
            "test_a_holiday_edited_mid_clock_counts_from_the_edit_and_leaves_what_was_counted",
        ),
    ),
    "a shift over the change to summer time": (
        (
            _CLOCK,
            "test_a_night_shift_over_the_change_to_summer_time_gives_an_hour_less",
        ),
    ),
}


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_each_pitfall_has_a_test_of_its_own(pitfall: str) -> None:
    assert PITFALLS[pitfall]
    assert missing(PITFALLS[pitfall]) == []
