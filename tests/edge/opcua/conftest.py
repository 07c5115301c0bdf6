"""What the tests of OPC UA share: a free port, and a library that keeps quiet."""

import logging

import pytest

from oilcan.engines.process import free_port


@pytest.fixture(autouse=True)
def quiet() -> None:
    logging.getLogger("asyncua").setLevel(logging.CRITICAL + 1)


@pytest.fixture
def port() -> int:
    return free_port()
