"""A real IMAP server (Dovecot) on loopback, run as an ordinary process in a folder of its own."""

import getpass
import grp
import os
import pwd
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from oilcan.engines.process import free_port

PASSWORD = "let-me-in"
_PROGRAM = "/usr/sbin/dovecot"
_CONFIGURATION = """
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = 127.0.0.1
{tls}
disable_plaintext_auth = no
{users}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:{home}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
mail_access_groups =
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class Certified:
    """A server's certificate, its key, and the port at which it speaks TLS from the first byte."""

    certificate: str
    key: str
    port: int

    @property
    def setting(self) -> str:
        """What the server is told of it."""
        return f"ssl = yes\nssl_cert = <{self.certificate}\nssl_key = <{self.key}"


@contextmanager
def dovecot(home: Path, certified: Certified | None = None) -> Iterator[int]:
    """Run the server until the end of the block; its port. Any user may sign in, to `home`/mail/USER.

    With a certificate it offers STARTTLS there, and TLS at a port of its own.
    """
    port = free_port()
    home.chmod(0o755)
    file = home / "dovecot.conf"
    file.write_text(
        _CONFIGURATION.format(
            home=home,
            users=_users(),
            uid=_reader()[0],
            gid=_reader()[1],
            port=port,
            password=PASSWORD,
            tls=certified.setting if certified else "ssl = no",
            tls_port=certified.port if certified else 0,
        )
    )
    (home / "mail").mkdir()
    process = subprocess.Popen([_PROGRAM, "-F", "-c", str(file)])
    try:
        _await(home, port, process)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _reader() -> tuple[int, int]:
    """Whose mails they are: the server reads none as root."""
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid
    return os.getuid(), os.getgid()


def _users() -> str:
    """Root gives its rights up to users that the package made; others have no rights to give up."""
    if os.getuid() == 0:
        return ""
    user, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    return (
        f"default_internal_user = {user}\ndefault_internal_group = {group}\n"
        f"default_login_user = {user}"
    )


@dataclass(frozen=True, slots=True)
class Box:
    """The mailbox of a user at a server that runs."""

    folder: Path
    user: str
    port: int

    def deliver(self, name: str, data: bytes) -> None:
        """Have a mail arrive, whole at once."""
        arriving = self.folder / "tmp" / name
        arriving.write_bytes(data)
        os.chown(arriving, *_reader())
        arriving.rename(self.folder / "new" / name)


def make_box(home: Path, port: int, user: str) -> Box:
    """An empty mailbox for a user."""
    box = Box(home / "mail" / user, user, port)
    for folder in (box.folder, *(box.folder / name for name in ("cur", "new", "tmp"))):
        folder.mkdir()
        os.chown(folder, *_reader())
    return box


def _await(home: Path, port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
                if peer.recv(100).startswith(b"* OK"):
                    return
        except OSError:
            time.sleep(0.05)
        assert process.poll() is None, _log(home)
    raise AssertionError(_log(home))


def _log(home: Path) -> str:
    log = home / "log"
    return log.read_text() if log.exists() else "no log"
