"""Every command in the documentation runs, on the plant that the README builds.

The word behind a block's language says how: `sh` runs and exits 0, `sh service` runs as long as the
document, `sh options` is looked up in the program's own options, `sh make` names targets; a YAML
block with a path is written there first.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from oilcan.command_line import app
from oilcan.engines.postgres import binaries
from oilcan.engines.process import free_port

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "edge").rglob("*.md")),
]
_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    document: str
    language: str
    word: str
    text: str


def blocks(*, language: str, word: str | None = None) -> list[Block]:
    found = [
        Block(str(document.relative_to(ROOT)), *match.groups())
        for document in DOCUMENTS
        for match in _BLOCK.finditer(document.read_text())
    ]
    return [block for block in found if block.language == language and word in {None, block.word}]


@dataclass(frozen=True)
class Site:
    """A folder to work in, the home of what runs, and its ports."""

    folder: Path
    home: Path
    http_port: int
    mqtt_port: int

    def fit(self, text: str) -> str:
        """The text with this site's ports and folders in place of the usual ones."""
        for usual, ours in (
            ("127.0.0.1:8080", f"127.0.0.1:{self.http_port}"),
            ("1883", str(self.mqtt_port)),
            ("/var/lib/oilcan", str(self.home)),
        ):
            text = text.replace(usual, ours)
        return text

    def environment(self) -> dict[str, str]:
        programs = [str(Path(sys.executable).parent), str(binaries()), os.environ["PATH"]]
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("OILCAN_")},
            "PATH": os.pathsep.join(programs),
            "OILCAN_HOME": str(self.home),
            "OILCAN_HTTP_PORT": str(self.http_port),
            "OILCAN_MQTT_PORT": str(self.mqtt_port),
        }

    def write(self, block: Block) -> None:
        file = self.folder / block.word
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.fit(block.text))

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.fit(script)],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """The README's plant, running as the README says."""
    folder = Path(tempfile.mkdtemp(prefix="oilcan-docs-"))
    folder.chmod(0o755)
    site = Site(folder, folder / "home", free_port(), free_port())
    for block in blocks(language="yaml"):
        if block.document == "README.md":
            site.write(block)
    (service,) = blocks(language="sh", word="service")
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            site.fit(service.text).split(),
            cwd=folder,
            env=site.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_ready(site, process)
        yield site
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, (folder / "output.txt").read_text()
        shutil.rmtree(folder)


def _wait_ready(site: Site, process: subprocess.Popen[bytes]) -> None:
    ready = f"curl --fail -s http://127.0.0.1:{site.http_port}/ready"
    deadline = time.monotonic() + 90
    while site.run(ready).returncode:
        assert process.poll() is None, (site.folder / "output.txt").read_text()
        assert time.monotonic() < deadline, (site.folder / "output.txt").read_text()
        time.sleep(0.3)


RUN = sorted({block.document for block in blocks(language="sh", word="")})


@pytest.mark.parametrize("document", RUN)
def test_the_commands_of_a_document_run(site: Site, document: str) -> None:
    for block in blocks(language="yaml"):
        if block.document == document and block.word:
            site.write(block)
    scripts = [block.text for block in blocks(language="sh", word="") if block.document == document]
    result = site.run("\n".join(scripts))
    assert result.returncode == 0, result.stdout + result.stderr
    if document == "README.md":
        assert '"WO-000001"' in result.stdout


@pytest.mark.parametrize("block", blocks(language="sh", word="options"), ids=str)
def test_the_options_of_a_documented_command_exist(block: Block) -> None:
    for line in block.text.splitlines():
        words = line.partition("#")[0].split()
        assert words[0] == "oilcan"
        known = options_of(words[1:])
        for option in (word for word in words if word.startswith("--")):
            assert option in known, line


def options_of(words: list[str]) -> set[str]:
    """Options of the command that the first words name, however deep it is."""
    command = typer.main.get_command(app)
    for word in words:
        if not isinstance(command, TyperGroup) or word not in command.commands:
            break
        command = command.commands[word]
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("block", blocks(language="sh", word="make"), ids=str)
def test_the_documented_targets_exist(block: Block) -> None:
    for line in block.text.splitlines():
        subprocess.run(["make", "-n", *line.split()[1:]], cwd=ROOT, check=True, capture_output=True)


def test_every_shell_block_says_how_it_is_run() -> None:
    kinds = {block.word for block in blocks(language="sh")}
    assert kinds == {"", "service", "options", "make"}


def test_every_link_leads_to_a_file() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document}: {target}"
