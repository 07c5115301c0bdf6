"""Settings come from the environment, and a wrong one is named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from config.errors import SettingsError
from config.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"OILCAN_{name.upper()}", raising=False)


def test_without_any_variable_the_defaults_stand() -> None:
    settings = load_settings()
    assert settings.partitions == 1
    assert settings.home == Path.home() / ".local" / "share" / "oilcan"


def test_a_variable_overrides_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OILCAN_HTTP_PORT", "9000")
    monkeypatch.setenv("OILCAN_HOME", "/var/lib/oilcan")
    assert load_settings().http_port == 9000
    assert load_settings().home == Path("/var/lib/oilcan")


def test_every_wrong_variable_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OILCAN_PARTITIONS", "0")
    monkeypatch.setenv("OILCAN_EDGE", "hall 1")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "OILCAN_PARTITIONS='0'" in str(caught.value)
    assert "OILCAN_EDGE='hall 1'" in str(caught.value)


def test_a_wrong_address_does_not_show_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OILCAN_LOG_LEVEL", "loud")
    monkeypatch.setenv("OILCAN_DATABASE_URL", "postgresql://u:secret@h/d")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "secret" not in str(caught.value)


def test_settings_are_read_only() -> None:
    with pytest.raises(ValidationError):
        load_settings().partitions = 2  # type: ignore[misc]


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_has_a_description_and_a_sample_that_it_accepts(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = Settings.model_fields[name]
    assert field.description
    assert field.examples
    monkeypatch.setenv(f"OILCAN_{name.upper()}", str(field.examples[0]))
    assert str(getattr(load_settings(), name)) == str(field.examples[0])
