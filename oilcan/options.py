"""The options that commands share: name, help text and the variable that each one overrides."""

from pathlib import Path
from typing import Annotated

import typer

Plant = Annotated[
    Path,
    typer.Argument(
        metavar="PLANT_DIR",
        help="Folder of plant files: sites, assets, points, sources, rules.",
        exists=True,
        file_okay=False,
        resolve_path=True,
    ),
]
OptionalPlant = Annotated[
    Path | None,
    typer.Argument(
        metavar="PLANT_DIR",
        help="Folder of plant files to apply and to collect from.",
        exists=True,
        file_okay=False,
        resolve_path=True,
    ),
]
Home = Annotated[
    Path | None,
    typer.Option(
        envvar="OILCAN_HOME",
        help="Folder of all data. Default: ~/.local/share/oilcan.",
        file_okay=False,
        resolve_path=True,
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="OILCAN_DATABASE_URL",
        help="PostgreSQL or TimescaleDB to use. Default: the embedded one of OILCAN_HOME.",
    ),
]
LogUrl = Annotated[
    str | None,
    typer.Option(
        envvar="OILCAN_LOG_URL",
        help="NATS server of the log. Default: the embedded one of OILCAN_HOME.",
    ),
]
LogLevel = Annotated[
    str | None,
    typer.Option(
        envvar="OILCAN_LOG_LEVEL",
        metavar="debug|info|warning|error",
        help="Least severe diagnostic message that is printed. Default: info.",
    ),
]
HttpHost = Annotated[
    str | None,
    typer.Option(
        envvar="OILCAN_HTTP_HOST",
        help="Address that the API and the pages listen on. Default: 127.0.0.1.",
    ),
]
HttpPort = Annotated[
    int | None,
    typer.Option(
        envvar="OILCAN_HTTP_PORT",
        help="Port of the API and the pages; 0: any free one. Default: 8080.",
    ),
]
MqttHost = Annotated[
    str | None,
    typer.Option(
        envvar="OILCAN_MQTT_HOST",
        help="Address of the embedded MQTT broker. Default: 127.0.0.1; 0.0.0.0 lets devices in.",
    ),
]
MqttPort = Annotated[
    int | None,
    typer.Option(
        envvar="OILCAN_MQTT_PORT",
        help="Port of the embedded MQTT broker; 0: any free one. Default: 1883.",
    ),
]
LogPort = Annotated[
    int | None,
    typer.Option(
        envvar="OILCAN_LOG_PORT",
        help="Port of the embedded log on loopback; 0: any free one. Default: 0.",
    ),
]
GatewayHost = Annotated[
    str | None,
    typer.Option(
        envvar="OILCAN_GATEWAY_HOST",
        help="Address that gateways reach the embedded log at. Default: 127.0.0.1.",
    ),
]
GatewayPort = Annotated[
    int | None,
    typer.Option(
        envvar="OILCAN_GATEWAY_PORT",
        help="Port for gateways at the embedded log; 0: any free one. Default: no gateways.",
    ),
]
Hub = Annotated[
    str | None,
    typer.Option(
        envvar="OILCAN_HUB",
        metavar="URL",
        help="Be a gateway: keep a log here, and hand it to this hub. Better given as OILCAN_HUB, "
        "for it holds the login.",
    ),
]
LocalMaxBytes = Annotated[
    int | None,
    typer.Option(
        envvar="OILCAN_LOCAL_MAX_BYTES",
        help="Bound of a gateway's own log on disk, in bytes. Default: 4 GiB.",
    ),
]
EdgeName = Annotated[
    str | None,
    typer.Option(
        "--name",
        envvar="OILCAN_EDGE",
        help="Name of this edge, unique in the plant. Default: edge-1.",
    ),
]
DemoHome = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of the demo's data, to be kept. Left out: a new one, removed at the end.",
        file_okay=False,
        resolve_path=True,
    ),
]
DemoHttpPort = Annotated[
    int | None, typer.Option("--http-port", help="Port of the pages. Left out: any free one.")
]
DemoMqttPort = Annotated[
    int | None, typer.Option("--mqtt-port", help="Port of the broker. Left out: any free one.")
]
