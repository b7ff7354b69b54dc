"""What the builder puts into a package, and that it is the same each time."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.aws.conftest import build
from tests.processes import ROOT

AMAZON_LINUX_2023 = (2, 34)
"""Its C library."""
MEBIBYTE = 1 << 20
AARCH64 = 183
"""The machine in the head of an ELF file, at byte 18."""


def names(package: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in package.iterdir()}


def size(package: Path) -> int:
    return sum(path.stat().st_size for path in package.rglob("*") if path.is_file())


def test_the_evaluation_package_has_only_what_evaluating_needs(packages: Mapping[str, Path]) -> None:
    there = names(packages["evaluation"])
    assert {"api", "db", "flagstaff", "orjson"} <= there
    assert not there & {"peewee", "playhouse", "psycopg2", "flask", "boto3", "botocore", "pulumi", "granian", "tests"}
    assert size(packages["evaluation"]) < 20 * MEBIBYTE


def test_no_module_of_the_evaluation_package_names_a_database(packages: Mapping[str, Path]) -> None:
    ours = [path for top in ("api", "db") for path in (packages["evaluation"] / top).rglob("*.py")]
    assert len(ours) > 10
    assert not [path for path in ours if "import peewee" in path.read_text() or "psycopg2" in path.read_text()]


def test_the_admin_package_has_the_migrations_and_amazons_roots(packages: Mapping[str, Path]) -> None:
    assert {"flask", "peewee", "psycopg2", "playhouse"} <= names(packages["admin"])
    here = sorted(path.name for path in (ROOT / "db" / "migrations").glob("0*.py"))
    assert sorted(path.name for path in (packages["admin"] / "db" / "migrations").glob("0*.py")) == here
    assert (packages["admin"] / "db" / "certificates" / "rds.pem").read_text().count("BEGIN CERTIFICATE") > 50


def test_every_module_has_its_bytecode(packages: Mapping[str, Path]) -> None:
    tag = sys.implementation.cache_tag
    for package in packages.values():
        for source in package.rglob("*.py"):
            assert (source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc").is_file(), source


def test_the_arm64_package_has_libraries_for_that_machine_only(tmp_path: Path) -> None:
    package = build("admin", "arm64", tmp_path)
    libraries = [path for path in package.rglob("*") if ".so" in path.name]
    assert any("psycopg" in path.name for path in libraries)
    for library in libraries:
        head = library.read_bytes()[:20]
        assert (head[:4], int.from_bytes(head[18:20], "little")) == (b"\x7fELF", AARCH64), library
        needed = {(int(major), int(minor)) for major, minor in re.findall(rb"GLIBC_(\d+)\.(\d+)", library.read_bytes())}
        assert max(needed, default=(2, 0)) <= AMAZON_LINUX_2023, library


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    digests = set()
    for folder in ("one", "another/place"):
        build("evaluation", "host", tmp_path / folder)
        digests.add(hashlib.sha256((tmp_path / folder / "evaluation-host.zip").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_what_was_built_from_the_same_is_not_built_again(tmp_path: Path) -> None:
    build("control", "host", tmp_path)
    archive = tmp_path / "control-host.zip"
    first = archive.stat().st_mtime_ns
    build("control", "host", tmp_path)
    assert archive.stat().st_mtime_ns == first
    archive.with_suffix(".inputs").write_text("of something else")
    build("control", "host", tmp_path)
    assert archive.stat().st_mtime_ns != first


@pytest.mark.parametrize("arguments", [["nothing", "host", "x.zip"], ["evaluation", "mips", "x.zip"], []])
def test_a_wrong_call_says_how_to_call_it(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "infra" / "packages.py"), *arguments], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "evaluation" in done.stderr
