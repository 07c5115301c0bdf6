"""Ports: as asked for, or any free ones."""

import asyncio
import socket
import time

import pytest

from oilcan.engines.process import free_port
from oilcan.errors import PortTaken
from oilcan.ports import Wish, choose_ports


async def test_a_port_that_is_asked_for_is_given():
    port = free_port()
    assert await choose_ports([Wish("--http-port", "127.0.0.1", port)]) == [port]


def test_a_free_port_is_kept_from_those_who_want_any():
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == 200
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


async def test_ports_that_are_left_open_differ():
    ports = await choose_ports([Wish(f"--{number}", "127.0.0.1", 0) for number in range(50)])
    assert len(set(ports)) == 50


async def test_a_taken_port_is_refused_with_the_option_that_names_it():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"port {port} on 127.0.0.1.*--mqtt-port"):
            await choose_ports([Wish("--mqtt-port", "127.0.0.1", port)])


async def test_a_port_that_is_just_being_left_is_waited_for():
    other = socket.create_server(("127.0.0.1", 0))
    port = other.getsockname()[1]
    started = time.monotonic()
    asyncio.get_running_loop().call_later(0.3, other.close)
    assert await choose_ports([Wish("--http-port", "127.0.0.1", port)]) == [port]
    assert time.monotonic() - started < 5
