"""The first start makes an administrator, so that someone can sign in."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from config.database import connect

LOGIN_FILE = "first-login"
_LOGIN = "admin"


@dataclass(frozen=True, slots=True)
class Login:
    """A person's way into the pages."""

    login: str
    password: str


async def ensure_administrator(database_url: str, home: Path) -> Login | None:
    """The login of the administrator that this call made; None where there was one already.

    Raises `DatabaseUnavailable`.
    """
    # Only here: everything else of `up` works without the API's packages.
    from api.access.roles import Role
    from api.access.service import create_person
    from api.errors import NameTaken

    login = _drafted(home / LOGIN_FILE)
    connection = await connect(database_url)
    try:
        async with connection.transaction():
            await create_person(
                connection,
                login=login.login,
                name="Administrator",
                role=Role.ADMINISTRATOR,
                password=login.password,
            )
    except NameTaken:
        return None
    finally:
        await connection.close()
    return login


def _drafted(file: Path) -> Login:
    """The login in `file`, written there for the owner alone if it is missing.

    It is written before the person is made, so that no crash leaves one whose password is lost.
    """
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(f"login: {_LOGIN}\npassword: {secrets.token_urlsafe(12)}\n", "ascii")
        draft.replace(file)
    lines = file.read_text("ascii").splitlines()
    fields = dict(line.split(": ", 1) for line in lines)
    return Login(fields["login"], fields["password"])
