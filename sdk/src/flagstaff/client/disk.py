"""The last good copy of the definitions, on disk: what a program starts from when the server can't be reached."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


def default_folder() -> Path | None:
    """Return where copies are kept unless another place is given: `flagstaff` in the user's cache folder, if there is
    one.
    """
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "flagstaff"
    except RuntimeError:
        return None


class Copy:
    """One file, for one server, key and environment. It never raises: a copy is a help, not a need."""

    def __init__(self, folder: Path, *names: str) -> None:
        digest = hashlib.sha256("\n".join(names).encode()).hexdigest()[:32]
        self.path = folder / f"{digest}.json"
        self._told = False

    def read(self) -> bytes | None:
        """Return what was written last, if anything."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError) as error:
            self._tell("read", error)
            return None

    def write(self, content: bytes) -> None:
        """Put this in the place of what was written before, at once and whole; readable for this user only."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                os.replace(name, self.path)
            except BaseException:
                with suppress(OSError):
                    os.unlink(name)
                raise
        except (OSError, RuntimeError) as error:
            self._tell("written", error)

    def _tell(self, what: str, error: Exception) -> None:
        if not self._told:
            self._told = True
            log.warning("the copy of the flag definitions can't be %s: %s", what, error)
