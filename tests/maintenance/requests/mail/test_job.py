"""What made nothing is forgotten; what made something never is."""

from pathlib import Path

import pytest

from config.settings import Settings
from maintenance.attachments.folder import FileFolder
from maintenance.jobs import JOBS
from maintenance.requests.mail.judgement import Welcome
from maintenance.requests.mail.kept import Outcome
from maintenance.requests.mail.service import Intake, take_in
from tests.maintenance.requests.mail.letters import raw
from tests.maintenance.scene import Plant

pytestmark = pytest.mark.store


async def test_names_of_ignored_mails_are_forgotten_after_90_days(
    plant: Plant, tmp_path: Path
) -> None:
    intake = Intake(FileFolder(tmp_path), Welcome(own="maintenance@example.com"))
    absent = raw("Away", name="away@x", auto_submitted="auto-replied")
    for data in (absent, raw("Seal drips")):
        await take_in(plant.connection, data, intake=intake, clock=plant.now_us)
    (job,) = (each for each in JOBS if each.name == "ignored mails are forgotten")
    settings = Settings(home=tmp_path)
    plant.later(days=89)
    await job.run(plant.connection, settings, plant.now_us)
    assert await plant.value("SELECT count(*) FROM mail_taken") == 2
    plant.later(days=2)
    await job.run(plant.connection, settings, plant.now_us)
    assert await plant.value("SELECT outcome FROM mail_taken") == "request"
    again = await take_in(plant.connection, absent, intake=intake, clock=plant.now_us)
    assert again.outcome is Outcome.IGNORED
