"""A small file system of the database's own, which can be filled and emptied."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_BYTES = 256 * 1024**2
_CHUNK = b"\0" * 65_536
_MOUNT = 'mount -o loop "$0" "$1" && chmod 0700 "$1" && shift && exec "$@"'


def lacking() -> str:
    """What this machine lacks for it, in words, or nothing."""
    if os.geteuid() != 0:
        return "mounting a file system needs root"
    lost = [name for name in ("mkfs.ext4", "losetup", "unshare") if shutil.which(name) is None]
    if lost:
        return f"missing: {', '.join(lost)}"
    found = subprocess.run(["losetup", "-f"], capture_output=True, check=False)
    return "" if found.returncode == 0 else "there is no loop device"


class SmallDisk:
    """Takes the place of a folder, with what is in it, for one program: nobody else sees it.

    It is mounted in the program's own namespace of mounts, so it goes when the program ends, and
    its content stays in `image`.
    """

    def __init__(self, image: Path, folder: Path) -> None:
        self._image = image
        self._folder = folder
        with image.open("wb") as file:
            file.truncate(_BYTES)
        owner = f"root_owner={folder.stat().st_uid}:{folder.stat().st_gid}"
        make = ["mkfs.ext4", "-q", "-m", "0", "-E", owner]
        subprocess.run([*make, "-d", str(folder), str(image)], check=True)

    def command(self, command: Sequence[str]) -> list[str]:
        """The program's command, for which the disk is there."""
        apart = ["unshare", "--mount", "--propagation", "private"]
        return [*apart, "sh", "-c", _MOUNT, str(self._image), str(self._folder), *command]

    def fill(self, pid: int) -> None:
        """Leave no room at all; `pid` is the program's."""
        descriptor = os.open(self._ballast(pid), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            while os.write(descriptor, _CHUNK):
                pass
        except OSError:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def make_room(self, pid: int) -> bool:
        """Give back what `fill` took; was it there? It is not while the program only starts."""
        try:
            self._ballast(pid).unlink()
        except OSError:
            return False
        return True

    def _ballast(self, pid: int) -> Path:
        return Path(f"/proc/{pid}/root{self._folder.resolve()}/ballast")
