"""Builds what Lambda runs: our own modules that an entry point imports, and the wheels that they need.

The same sources give the same bytes, so that a deployment updates nothing where nothing changed: entries are sorted,
dates and modes are fixed, and wheels are pinned by hash. Bytecode is in the package, because Lambda's file system is
read-only: without it every cold start would compile every module again.

    python infra/packages.py evaluation host out.zip      # for this machine, as the tests run it
"""

from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = {"api": ROOT / "api", "db": ROOT / "db", "flagstaff": ROOT / "sdk" / "src" / "flagstaff"}
MACHINES: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
"""Lambda's names of architectures, and those in the names of wheels."""
HOST: Final = "host"
PYTHON_VERSIONS: Final = ("3.12", "3.13", "3.14")
"""Those whose Lambda runtime is Amazon Linux 2023. Python 3.11's is Amazon Linux 2, whose C library is too old for
libraries that psycopg2's wheel brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html.
"""
GLIBC: Final = (2, 34)
"""The version of Amazon Linux 2023's C library."""
THIS_PYTHON: Final = f"{sys.version_info.major}.{sys.version_info.minor}"
RUN_IN: Final = "/var/task"
ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
LEFT_OUT: Final = ("bin", "__pycache__", "tests", "RECORD", "REQUESTED", "INSTALLER", "direct_url.json")
"""What of a wheel says how or where it was installed, or is of no use in a function."""


class PackageError(RuntimeError):
    """A package could not be built; the text is pip's or Python's own."""


@dataclass(frozen=True)
class Package:
    """What to put into a package."""

    name: str
    entry_points: Sequence[str]
    requirements: str
    """A file of the folder `requirements`, with hashes."""
    data: Sequence[str] = ()
    """Files beside our modules, by their path in the repository: folders of them end in `/`."""


TEMPLATES: Final = sorted(
    f"{folder.relative_to(ROOT)}/" for folder in (ROOT / "api/console/templates").iterdir() if folder.is_dir()
)
EVALUATION: Final = Package("evaluation", ["api.aws.evaluation_function"], "evaluation.txt")
WORKER: Final = Package("worker", ["api.aws.worker_function"], "evaluation.txt")
CONTROL: Final = Package("control", ["api.aws.control_function"], "control.txt")
ADMIN: Final = Package(
    "admin",
    ["api.aws.admin_function", "api.aws.migration_function"],
    "admin.txt",
    ["db/migrations/", "db/certificates/", "api/console/static/", "api/console/templates/", *TEMPLATES],
)
PACKAGES: Final = {package.name: package for package in (EVALUATION, WORKER, CONTROL, ADMIN)}


def build(package: Package, architecture: str, target: Path, *, python: str | None = None) -> str:
    """Write the package as a zip file; the text is the SHA-256 of its bytes, in hex.

    Args:
        architecture: `arm64` or `x86_64` as Lambda names them, or `host` for this machine.
        python: the version that will run it, such as `3.13`; this one, or the oldest that Lambda can run it with,
            unless said. What was built before from the same is not built again.

    Raises:
        PackageError: a wheel can't be had, or a module has errors.
    """
    version = python or (THIS_PYTHON if architecture == HOST else lambda_python())
    inputs, noted = digest_of_inputs(package, architecture, version), target.with_suffix(".inputs")
    if not (target.exists() and noted.exists() and noted.read_text() == inputs):
        _build(package, architecture, version, target)
        noted.write_text(inputs)
    return hashlib.sha256(target.read_bytes()).hexdigest()


def lambda_python() -> str:
    """Return the version of Python to run in Lambda: this one if it can be, else the oldest that can."""
    return THIS_PYTHON if THIS_PYTHON in PYTHON_VERSIONS else PYTHON_VERSIONS[0]


def digest_of_inputs(package: Package, architecture: str, version: str) -> str:
    """Return the SHA-256 of all that a package is made of, in hex."""
    files = [*closure(package.entry_points).values(), ROOT / "requirements" / package.requirements, Path(__file__)]
    for name in package.data:
        files += (ROOT / name).iterdir() if name.endswith("/") else [ROOT / name]
    digest = hashlib.sha256(f"{architecture} {version} {THIS_PYTHON}".encode())
    for file in sorted(file for file in files if file.is_file()):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _build(package: Package, architecture: str, version: str, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        staging = Path(folder)
        _install(package, architecture, version, staging)
        for module, source in sorted(closure(package.entry_points).items()):
            _copy(source, staging / _place(module, source))
        for name in package.data:
            _copy_data(name, staging)
        _compile(staging, version)
        _zip(staging, target)


def closure(entry_points: Iterable[str]) -> dict[str, Path]:
    """Our own modules that these import, directly or not, wherever in them: name to file."""
    found: dict[str, Path] = {}
    waiting = list(entry_points)
    while waiting:
        name = waiting.pop()
        source = _file_of(name)
        if source is None or name in found:
            continue
        found[name] = source
        waiting += _imports(source)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
    return found


def _file_of(module: str) -> Path | None:
    """Return the file of one of our modules; None for what is none."""
    top, *rest = module.split(".")
    if top not in SOURCES:
        return None
    path = SOURCES[top].joinpath(*rest)
    files = [path / "__init__.py", path.with_suffix(".py")]
    return next((file for file in files if file.is_file()), None)


def _imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_bytes(), str(source))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)  # it may name modules


def _place(module: str, source: Path) -> Path:
    path = Path(*module.split("."))
    return path / "__init__.py" if source.name == "__init__.py" else path.with_suffix(".py")


def _install(package: Package, architecture: str, version: str, staging: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--no-deps", "--only-binary=:all:", "--require-hashes", "--target", str(staging)]
    command += ["--requirement", str(ROOT / "requirements" / package.requirements)]
    if architecture != HOST:
        machine = MACHINES[architecture]
        command += ["--implementation", "cp", "--python-version", version]
        command += [f"--platform=manylinux{glibc}_{machine}" for glibc in ("2014", "_2_28", "_2_17")]
    _run(command)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _copy_data(name: str, staging: Path) -> None:
    files = sorted((ROOT / name).iterdir()) if name.endswith("/") else [ROOT / name]
    for file in files:
        if file.is_file():
            _copy(file, staging / file.relative_to(ROOT))


def _compile(staging: Path, version: str) -> None:
    """Bytecode that is never checked against its source; only the version that writes it can read it."""
    if version != THIS_PYTHON:
        return
    command = [sys.executable, "-m", "compileall", "-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    # A fixed hash seed: sets of constants are written in their order.
    _run([*command, "-s", str(staging), "-p", RUN_IN, str(staging)], PYTHONHASHSEED="0")


def _run(command: Sequence[str], **settings: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **settings})
    if done.returncode:
        raise PackageError(f"{' '.join(command[1:4])} failed:\n{done.stdout}{done.stderr}")


def _zip(staging: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(staging.rglob("*"), key=lambda path: path.relative_to(staging).as_posix()):
            relative = path.relative_to(staging)
            if path.is_file() and not _is_left_out(relative):
                entry = zipfile.ZipInfo(relative.as_posix(), ZIP_DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if path.suffix == ".so" or ".so." in path.name else 0o644) << 16
                archive.writestr(entry, path.read_bytes())


def _is_left_out(path: Path) -> bool:
    bytecode = path.suffix == ".pyc"
    return any(part in LEFT_OUT and not (bytecode and part == "__pycache__") for part in path.parts)


def main(arguments: Sequence[str]) -> int:
    """`packages.py NAME ARCHITECTURE TARGET`."""
    if len(arguments) != 3 or arguments[0] not in PACKAGES or arguments[1] not in (*MACHINES, HOST):
        print(f"packages.py {'|'.join(PACKAGES)} {'|'.join([*MACHINES, HOST])} TARGET", file=sys.stderr)
        return 2
    name, architecture, target = arguments
    print(build(PACKAGES[name], architecture, Path(target)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
