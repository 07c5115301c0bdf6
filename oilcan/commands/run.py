"""Commands that run: everything on one machine, the demo plant, or one role."""

from typing import Annotated

import typer

from oilcan.options import (
    DatabaseUrl,
    DemoHome,
    DemoHttpPort,
    DemoMqttPort,
    GatewayHost,
    GatewayPort,
    Home,
    HttpHost,
    HttpPort,
    LogLevel,
    LogPort,
    LogUrl,
    MqttHost,
    MqttPort,
    OptionalPlant,
)


def up(  # noqa: PLR0913 - each option of a command is an argument
    plant: OptionalPlant = None,
    home: Home = None,
    http_host: HttpHost = None,
    http_port: HttpPort = None,
    mqtt_host: MqttHost = None,
    mqtt_port: MqttPort = None,
    log_port: LogPort = None,
    gateway_host: GatewayHost = None,
    gateway_port: GatewayPort = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Run everything on this machine: engines, then each role in a process of its own.

    Ends on Ctrl-C or SIGTERM. On the first start it makes an administrator and prints the login.

    Examples:

    - `oilcan up plant/`
    - `oilcan up plant/ --home /var/lib/oilcan --http-port 80 --mqtt-host 0.0.0.0`
    - `oilcan up plant/ --database-url postgresql://oilcan:secret@db/oilcan`
    - `oilcan up plant/ --gateway-host 0.0.0.0 --gateway-port 7422`
    """
    from oilcan.up_command import run_up

    run_up(
        plant,
        home=home,
        http_host=http_host,
        http_port=http_port,
        mqtt_host=mqtt_host,
        mqtt_port=mqtt_port,
        log_port=log_port,
        gateway_host=gateway_host,
        gateway_port=gateway_port,
        database_url=database_url,
        log_url=log_url,
        log_level=log_level,
    )


def demo(  # noqa: PLR0913 - each option of a command is an argument
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="No table: exit 0 as soon as each protocol has led to a work order, else 1.",
        ),
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds that --check waits.")] = 120.0,
    speed: Annotated[
        float, typer.Option(help="How many times faster the plant's faults grow.")
    ] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the plant's noise.")] = 1,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the data where it is at the end.")
    ] = False,
    home: DemoHome = None,
    http_port: DemoHttpPort = None,
    mqtt_port: DemoMqttPort = None,
) -> None:
    """Run a small simulated plant on real protocol servers, and watch the work orders come.

    Examples:

    - `oilcan demo`
    - `oilcan demo --check --timeout 60`
    """
    from oilcan.demo.command import run

    raise typer.Exit(
        run(
            check=check,
            timeout_s=timeout,
            speed=speed,
            seed=seed,
            home=home,
            http_port=http_port,
            mqtt_port=mqtt_port,
            keep=keep,
        )
    )


def ingest(
    home: Home = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Store the log's readings in the database."""
    from oilcan.roles import run_ingest

    run_ingest(home=home, database_url=database_url, log_url=log_url, log_level=log_level)


def conditions(
    home: Home = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Evaluate the rules over the log's readings and sensor alarms; write condition events."""
    from oilcan.roles import run_conditions

    run_conditions(home=home, database_url=database_url, log_url=log_url, log_level=log_level)


def maintenance(
    home: Home = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Turn condition events into work orders, one for each problem."""
    from oilcan.roles import run_maintenance

    run_maintenance(home=home, database_url=database_url, log_url=log_url, log_level=log_level)


def serve(
    home: Home = None,
    http_host: HttpHost = None,
    http_port: HttpPort = None,
    database_url: DatabaseUrl = None,
    log_url: LogUrl = None,
    log_level: LogLevel = None,
) -> None:
    """Serve the HTTP API and the pages."""
    from oilcan.roles import run_serve

    run_serve(
        home=home,
        http_host=http_host,
        http_port=http_port,
        database_url=database_url,
        log_url=log_url,
        log_level=log_level,
    )
