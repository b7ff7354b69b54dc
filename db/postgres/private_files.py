"""Files and folders for one user alone, in folders where others may have put something else under the same name.

What is there is opened without following a link, checked, and then changed through its descriptor, so that nobody can
exchange it in between.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def make_folder(path: Path, uid: int, gid: int) -> None:
    """Make a folder for this user alone, or keep the one that is there if it is such a folder.

    Only root makes folders for others. Raises OSError where something else is there.
    """
    owner = uid
    try:
        os.mkdir(path, 0o700)
        owner = os.geteuid()
    except FileExistsError:
        pass
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(folder)
        if found.st_uid != owner or found.st_mode & 0o077:
            raise _not_our_own(path, "folder")
        if owner != uid:
            os.fchown(folder, uid, gid)
    finally:
        os.close(folder)


def open_file(path: Path) -> int:
    """Open a file for reading and writing, made where there is none, that only its owner may read; not truncated.

    Raises OSError for a link, for a file that has another name too, and for what is no file.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
            raise _not_our_own(path, "file")
        os.fchmod(file, 0o600)
    except BaseException:
        os.close(file)
        raise
    return file


def _not_our_own(path: Path, kind: str) -> OSError:
    return OSError(errno.EPERM, f"this is not a {kind} of its own: remove it and start again", str(path))
