"""The snippets of docs/openfeature.md for compiled languages, built as the page says and run against a real server.

They fetch packages and compile for minutes: `make snippets` runs them, as continuous integration does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.docs.test_openfeature_page import PAGE, at, checkout
from tests.openfeature.conftest import Place, place

__all__ = ["checkout", "place"]

pytestmark = pytest.mark.skipif(not os.environ.get("FLAGSTAFF_SNIPPETS"), reason="make snippets runs these")

MAVEN = """
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
    <exec.mainClass>Shop</exec.mainClass>
  </properties>
  <dependencies>{}</dependencies>
</project>
"""
DEPENDENCY = "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"


def needs(program: str, what: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"needs {what}")


def needs_protoc() -> None:
    """Skips where protoc is missing, or the files that come with it, which Debian has in a package of their own."""
    needs("protoc", "protoc, which builds open-feature-ofrep")
    installed_in = Path(str(shutil.which("protoc"))).resolve().parents[1]
    if not (installed_in / "include/google/protobuf/struct.proto").exists():
        pytest.skip("needs protoc's own .proto files (Debian: libprotobuf-dev)")


def snippet(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def run_java(folder: Path) -> str:
    """What the class Shop prints, with the packages that the page names."""
    packages = re.findall(r"`(dev\.openfeature[\w.]*):([\w-]+):([\d.]+)`", PAGE)
    assert len(packages) == 2
    (folder / "pom.xml").write_text(MAVEN.format("".join(DEPENDENCY.format(*one) for one in packages)))
    return run(folder, "mvn", "-q", "-B", "-ntp", "compile", "org.codehaus.mojo:exec-maven-plugin:3.1.0:java")


def test_go(checkout: Place, tmp_path: Path) -> None:
    needs("go", "Go")
    (tmp_path / "main.go").write_text(at(checkout, snippet("go")))
    run(tmp_path, "go", "mod", "init", "shop")
    (get,) = re.findall(r"`(go get [^`]*)`", PAGE)
    run(tmp_path, *get.split())
    assert run(tmp_path, "go", "run", ".") == "true\n"


def test_java(checkout: Place, tmp_path: Path) -> None:
    needs("mvn", "Maven")
    source = tmp_path / "src/main/java/Shop.java"
    source.parent.mkdir(parents=True)
    source.write_text(at(checkout, snippet("java")))
    said = run_java(tmp_path)
    assert re.findall(r"\w+", re.sub(r"\x1b\[\d*m", "", said)) == ["true"]


def test_rust(checkout: Place, tmp_path: Path) -> None:
    needs("cargo", "cargo")
    needs_protoc()
    run(tmp_path, "cargo", "init", "--name", "shop", "--vcs", "none")
    for add in re.findall(r"`(cargo add [^`]*)`", PAGE):
        run(tmp_path, *add.split())
    (tmp_path / "src/main.rs").write_text(at(checkout, snippet("rust")))
    assert run(tmp_path, "cargo", "run", "--quiet") == "true\n"
