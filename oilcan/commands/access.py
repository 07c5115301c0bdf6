"""Commands that let people and programs in."""

from typing import Annotated

import typer

from api.access.roles import Role
from oilcan.options import DatabaseUrl, Home

keys = typer.Typer(help="API keys: how programs reach the API.", no_args_is_help=True)
people = typer.Typer(help="People who use the pages.", no_args_is_help=True)
gateways = typer.Typer(help="Gateways that may join this hub.", no_args_is_help=True)

GatewayName = Annotated[
    str, typer.Argument(metavar="NAME", help="The gateway's own, as its `--name`.")
]


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    role: Annotated[Role, typer.Option(help="What its holder may do.")] = Role.VIEWER,
    days: Annotated[int | None, typer.Option(help="Days until it expires. Default: never.")] = None,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an API key and print it, once: only its hash is kept.

    Example: `oilcan key create "power BI" --role viewer --days 365`
    """
    from oilcan.access_command import run_create_key

    run_create_key(name, role=role, days=days, home=home, database_url=database_url)


@keys.command("list")
def list_keys(home: Home = None, database_url: DatabaseUrl = None) -> None:
    """List API keys: name, prefix, role, when they were made and when they end."""
    from oilcan.access_command import run_list_keys

    run_list_keys(home=home, database_url=database_url)


@keys.command("revoke")
def revoke_key(
    prefix: Annotated[
        str, typer.Argument(help="Prefix of the key, as `oilcan key list` shows it.")
    ],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """End an API key at once."""
    from oilcan.access_command import run_revoke_key

    run_revoke_key(prefix, home=home, database_url=database_url)


@people.command("add")
def add_person(
    login: Annotated[str, typer.Argument(help="Name to log in with.")],
    name: Annotated[str | None, typer.Option(help="Full name. Default: the login.")] = None,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = Role.VIEWER,
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Add a person with a password that is made and printed once.

    Example: `oilcan person add maria --name "Maria Lopez" --role planner`
    """
    from oilcan.access_command import run_add_person

    run_add_person(login, name=name or login, role=role, home=home, database_url=database_url)


@people.command("password")
def set_password(
    login: Annotated[str, typer.Argument(help="Name that the person logs in with.")],
    home: Home = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Give a person a new password, printed once, and end their sessions."""
    from oilcan.access_command import run_set_password

    run_set_password(login, home=home, database_url=database_url)


@gateways.command("add")
def add_gateway(name: GatewayName, home: Home = None) -> None:
    """Let a gateway in, at once, and print its login: with it, it speaks for itself alone.

    The log's server of a running hub starts anew for it, within a second; nothing is lost.

    Example: `oilcan gateway add gateway-hall-1`
    """
    from oilcan.gateways_command import run_add

    run_add(name, home=home)


@gateways.command("list")
def list_gateways(home: Home = None) -> None:
    """List the gateways that are let in, and who is refused: why, how often and when last.

    Who is refused is known where `oilcan up` runs the hub, of the last day, until it is let in.
    """
    from oilcan.gateways_command import run_list

    run_list(home=home)


@gateways.command("remove")
def remove_gateway(name: GatewayName, home: Home = None) -> None:
    """Shut a gateway out, at once.

    The log's server of a running hub starts anew for it, within a second; nothing is lost.

    Example: `oilcan gateway remove gateway-hall-1`
    """
    from oilcan.gateways_command import run_remove

    run_remove(name, home=home)
