"""Evidence as charts and sentences read it."""

from maintenance.events.evidence import AlarmSeen, Threshold, parse_evidence
from maintenance.events.wording import description, title
from tests.maintenance.scene import a_change, evidence

DAY, RULE = "2026-03-02", "centrifugal_pump/vibration_zone"
ALARM = {"code": "HIGH_TEMP", "severity": 800, "message": "discharge hot"}
BARE = {"rule": None, "points": [], "alarm": ALARM, "onset_us": 5, "raised_us": 5}


def test_the_rule_and_its_limits_are_read() -> None:
    found = parse_evidence(evidence("P-101", 10_000_000))
    assert found.rule is not None
    assert (found.rule.id, found.rule.level) == (RULE, "high")
    assert found.thresholds == (
        Threshold("raise", ">", 7.1, 2.0),
        Threshold("clear", "<", 6.6, 5.0),
    )
    assert (found.onset_us, found.raised_us) == (8_000_000, 10_000_000)


def test_readings_become_columns() -> None:
    (series,) = parse_evidence(evidence("P-101", 10_000_000)).series
    assert (series.tag, series.unit) == ("P-101.de_vibration", "mm/s")
    assert series.ts == (8_000_000, 8_500_000, 9_000_000, 9_500_000, 10_000_000)
    assert series.quality == (0,) * 5


def test_the_last_good_reading_is_neither_bad_nor_missing() -> None:
    raw = evidence("P-101", 10_000_000)
    raw["points"][0]["readings"] = [[1, 5.0, 0], [2, 6.0, 0x40], [3, 99.0, 0x83], [4, None, 0]]
    (series,) = parse_evidence(raw).series
    assert series.last_good() == (2, 6.0)


def test_a_series_without_a_good_reading_has_no_last_one() -> None:
    raw = evidence("P-101", 10_000_000)
    raw["points"][0]["readings"] = [[1, None, 0x80]]
    assert parse_evidence(raw).series[0].last_good() is None


def test_a_devices_alarm_needs_no_rule_and_no_points() -> None:
    found = parse_evidence(BARE)
    assert (found.rule, found.thresholds, found.series) == (None, (), ())
    assert found.alarm == AlarmSeen("HIGH_TEMP", 800, "discharge hot")


def test_empty_evidence_is_read_as_empty() -> None:
    found = parse_evidence({})
    assert (found.rule, found.series, found.alarm, found.onset_us) == (None, (), None, 0)


def test_the_title_names_the_asset_once() -> None:
    assert title(a_change()) == "P-101: vibration above 7.1 mm/s"
    assert title(a_change(message="P-101 vibrates")) == "P-101 vibrates"


def test_a_long_message_is_cut_in_the_title_and_whole_in_the_description() -> None:
    change = a_change(message="very " * 100)
    assert len(title(change)) == 140
    assert title(change).endswith("…")
    assert change.event.message in description(change)


def test_the_description_says_what_since_when_by_which_rule_and_what_was_measured() -> None:
    assert description(a_change()).splitlines() == [
        "Boiler feed pump (P-101, criticality A): vibration above 7.1 mm/s",
        f"The condition has held since {DAY} 05:59:58 UTC and was raised at {DAY} 06:00:00 UTC.",
        f"Rule {RULE}, version 1, level high: vib > vib_trip for 2 s (rules/pump.yaml:12).",
        f"P-101.de_vibration was 7.6 mm/s at {DAY} 06:00:00 UTC.",
        "Recommended job plan: inspect-bearing.",
    ]


def test_the_description_of_an_alarm_names_the_devices_words() -> None:
    lines = description(a_change(evidence=BARE)).splitlines()
    assert "The device's own alarm HIGH_TEMP, severity 800 of 1000: discharge hot." in lines
