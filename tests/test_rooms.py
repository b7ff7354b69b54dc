"""Rooms (packages) import what the table allows and nothing else, so that dependencies go one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "flagstaff": ROOT / "sdk/src/flagstaff",
    **{name: ROOT / name for name in ("db", "api", "interval_app", "cli")},
}
MAX_FILES = 13
"""Files of one room, its `__init__.py` included."""

ALLOWED = {
    "flagstaff.jsonlogic": "flagstaff",
    "flagstaff.targeting": "flagstaff.jsonlogic",
    "flagstaff.engine.compiler": "flagstaff.engine flagstaff.jsonlogic flagstaff.targeting",
    "flagstaff.engine": "flagstaff.engine.compiler flagstaff.jsonlogic flagstaff.targeting",
    "flagstaff.client": "flagstaff flagstaff.engine",
    "flagstaff": "flagstaff.client flagstaff.engine flagstaff.jsonlogic flagstaff.targeting",
    "db.process": "",
    "db.aws": "",
    "db.published": "db db.aws flagstaff.targeting",
    "db": "flagstaff flagstaff.targeting",
    "db.targeting": "db flagstaff.targeting",
    "db.configuration": "db db.targeting flagstaff.targeting",
    "db.segments": "db db.configuration db.targeting flagstaff.targeting",
    "db.layers": "db db.configuration db.targeting flagstaff.targeting",
    "db.wording": "db db.configuration flagstaff.targeting",
    "db.forms": "db db.configuration db.targeting db.wording flagstaff.targeting",
    "db.flags": "db db.configuration db.targeting db.wording flagstaff flagstaff.targeting",
    "db.administration": "db db.configuration db.published",
    "db.history": "db db.administration db.configuration db.wording flagstaff",
    "db.definitions": "db db.configuration flagstaff.jsonlogic flagstaff.targeting",
    "db.postgres": "db db.aws",
    "db.publishing": "db db.administration db.aws db.definitions db.process db.published",
    "api.access": "api db db.published flagstaff",
    "api.telemetry": "api db.process flagstaff.engine",
    "api.feeds": "db db.definitions flagstaff.targeting",
    "api.memory": "api api.access api.feeds db db.administration db.aws db.definitions db.published flagstaff"
    " flagstaff.engine flagstaff.targeting",
    "api.evaluation": "api api.access api.telemetry db db.published flagstaff flagstaff.engine flagstaff.jsonlogic"
    " flagstaff.targeting",
    "api.client": "api api.access api.feeds db db.published flagstaff",
    "api.admin": "api api.access db db.administration db.configuration db.definitions db.flags db.history"
    " db.layers db.segments db.targeting db.wording flagstaff flagstaff.targeting",
    "api.admin.shared": "api api.admin db db.layers db.segments db.targeting flagstaff.targeting",
    "api.console": "api api.access api.console.administration api.console.editing api.console.flags api.console.history"
    " api.console.lifecycle api.console.live api.console.release api.console.shared api.console.targeting db"
    " db.administration db.flags db.forms db.history db.published db.wording flagstaff flagstaff.targeting",
    "api.console.administration": "api api.console db db.administration",
    "api.console.editing": "api api.console db db.configuration db.flags db.forms db.wording",
    "api.console.history": "api api.console api.console.shared db db.flags db.history db.segments db.wording flagstaff",
    "api.console.lifecycle": "api api.console db db.configuration db.flags db.history db.wording flagstaff",
    "api.console.live": "api api.access api.client api.console",
    "api.console.release": "api api.console api.console.flags db db.configuration db.flags db.forms db.layers"
    " db.targeting db.wording flagstaff flagstaff.targeting",
    "api.console.shared": "api api.console db db.forms db.history db.layers db.segments db.targeting db.wording"
    " flagstaff flagstaff.targeting",
    "api.console.targeting": "api api.console db db.configuration db.flags db.forms db.segments db.wording flagstaff"
    " flagstaff.targeting",
    "api.operations": "api api.admin api.memory api.telemetry db.process",
    "api.demo": "api",
    "api.reference": "api api.access api.reference.openapi",
    "api.reference.openapi": "flagstaff flagstaff.targeting",
    "api": "api.access api.admin api.admin.shared api.client api.console api.demo api.evaluation api.feeds api.memory"
    " api.operations api.reference api.serving api.telemetry db db.administration db.process db.published"
    " flagstaff.engine flagstaff.targeting",
    "api.serving": "api api.access api.client api.evaluation api.feeds api.telemetry db db.administration db.postgres"
    " db.process",
    "api.aws": "api api.access api.client api.evaluation api.memory api.telemetry db db.administration db.aws"
    " db.postgres db.process db.published db.publishing flagstaff flagstaff.engine",
    "interval_app.host": "",
    "interval_app.session": "db db.administration db.flags db.publishing flagstaff",
    "interval_app.display": "db db.layers db.wording flagstaff.targeting interval_app.session",
    "interval_app.forms": "db db.forms db.configuration db.targeting db.flags db.history db.layers db.wording"
    " flagstaff.targeting interval_app.display interval_app.session",
    "interval_app.pages": "db db.administration db.history db.publishing db.wording flagstaff interval_app.display"
    " interval_app.forms interval_app.session",
    "interval_app.pages.flags": "db db.forms db.configuration db.definitions db.flags db.history db.wording"
    " flagstaff.engine interval_app.display interval_app.forms interval_app.pages interval_app.pages.release"
    " interval_app.pages.targeting interval_app.session",
    "interval_app.pages.layers": "db db.history db.layers db.targeting db.wording flagstaff.targeting"
    " interval_app.display interval_app.forms interval_app.pages interval_app.session",
    "interval_app.pages.release": "db db.forms db.flags db.layers db.targeting db.wording flagstaff flagstaff.targeting"
    " interval_app.display interval_app.forms interval_app.session",
    "interval_app.pages.segments": "db db.forms db.history db.segments db.wording flagstaff flagstaff.targeting"
    " interval_app.display interval_app.forms interval_app.pages interval_app.session",
    "interval_app.pages.targeting": "db db.forms db.configuration db.flags db.layers db.targeting db.wording flagstaff"
    " flagstaff.targeting"
    " interval_app.display interval_app.forms interval_app.session",
    "interval_app": "db db.postgres db.process db.publishing interval_app.host interval_app.pages"
    " interval_app.pages.flags interval_app.pages.layers interval_app.pages.release interval_app.pages.segments"
    " interval_app.pages.targeting interval_app.session",
    "cli": "db db.administration db.aws db.postgres db.process db.published db.publishing",
}
"""By room, the others whose modules it may import. A package's own name stands for the modules at its top."""

WITHOUT_DATABASE = ("api.aws.evaluation_function", "api.aws.worker_function", "api.routes", "api.memory.published")


def room_of(module: str) -> str:
    """The innermost package that a module is in, or is."""
    package, *parts = module.split(".")
    folder, room = PACKAGES[package], package
    for part in parts:
        if not (folder / part).is_dir():
            break
        folder, room = folder / part, f"{room}.{part}"
    return room


def modules() -> Iterator[tuple[str, Path]]:
    for package, folder in PACKAGES.items():
        for file in sorted(folder.rglob("*.py")):
            if "migrations" not in file.parts:
                parts = file.relative_to(folder).with_suffix("").parts
                yield ".".join((package, *parts)).removesuffix(".__init__"), file


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Every module of ours that a file imports, in functions too, and the line."""
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{name}" for name in names]
        yield from ((name, node.lineno) for name in names if name.split(".")[0] in PACKAGES)


def test_rooms_import_only_what_the_table_allows() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {room} may not import {name}"
        for module, file in modules()
        if (room := room_of(module)) in ALLOWED
        for name, line in imports(file)
        if room_of(name) not in (room, *ALLOWED[room].split())
    ]
    assert wrong == []


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_is_small_and_says_what_belongs_in_it(room: str) -> None:
    files = [file for module, file in modules() if file.parent == folder_of(room)]
    assert len(files) <= MAX_FILES
    assert ast.get_docstring(ast.parse((folder_of(room) / "__init__.py").read_text()))


def folder_of(room: str) -> Path:
    package, *parts = room.split(".")
    return PACKAGES[package].joinpath(*parts)


@pytest.mark.parametrize("module", WITHOUT_DATABASE)
def test_what_runs_outside_the_vpc_in_aws_needs_neither_flask_nor_peewee(module: str) -> None:
    check = f"import sys\ntry:\n import {module}\nexcept Exception as error:\n assert 'BUCKET' in str(error), error\n"
    check += "print({'flask', 'werkzeug', 'peewee', 'psycopg2'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "set()"
