"""The admin and migration functions, from their packages, in Lambda's own runtime client."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from api.app import create_app
from db.aws.s3 import Bucket
from db.published.keyring import hash_secret
from db.published.manifest import manifest_object
from db.published.objects import KEYS_OBJECT, Access
from tests.api.access.test_jwt import bearer, token
from tests.api.support import make_services
from tests.aws.conftest import ADMIN_KEY, ADMIN_SECRET, Moto, admin_record, jwt_settings, published_flags, put
from tests.aws.lambda_runtime import Runtime, function

STREAMS = {"/api/client/stream"}
"""They answer 501 in AWS."""

FIRST_KEYS = {
    "firstKeys": [
        {
            "name": "first admin key",
            "scope": "admin",
            "environment": None,
            "prefix": "fs_admin_of",
            "hash": hash_secret(ADMIN_SECRET),
        },
    ]
}


@pytest.fixture
def deployed(
    packages: Mapping[str, Path], empty_database: str, settings: dict[str, str], bucket: Bucket
) -> dict[str, str]:
    """Settings of a deployment whose migration has run."""
    env = {**settings, "FLAGSTAFF_DATABASE_URL": empty_database}
    with function(packages["admin"], "api.aws.migration_function.handler", env) as migration:
        outcome = migration.invoke(FIRST_KEYS)
        assert not outcome.failed, outcome.value
        assert outcome.value["applied"]
        assert outcome.value["keys"] == ["first admin key"]
        assert outcome.value["published"].keys() == {"dev", "staging", "prod"}
        again = migration.invoke(FIRST_KEYS)
        assert (again.value["applied"], again.value["keys"]) == ([], [])
    return env


@pytest.fixture
def admin(packages: Mapping[str, Path], deployed: Mapping[str, str]) -> Iterator[Runtime]:
    with function(packages["admin"], "api.aws.admin_function.handler", deployed) as runtime:
        yield runtime


def create(runtime: Runtime, key: str) -> Any:
    return runtime.request("POST", "/api/admin/flags", {"key": key}, ADMIN_KEY)


def test_a_write_is_published_before_it_is_answered(admin: Runtime, bucket: Bucket) -> None:
    answer = create(admin, "checkout")
    assert (answer["statusCode"], answer["body"]["published"]) == (201, True)
    assert answer["headers"]["X-Request-Id"] == "gateway-id-1"
    assert published_flags(bucket).keys() == {"checkout"}
    listed = admin.request("GET", "/api/admin/flags", headers=ADMIN_KEY)
    assert (listed["statusCode"], listed["body"]["total"]) == (200, 1)
    assert "published" not in listed["body"]
    deleted = admin.request("DELETE", "/api/admin/flags/checkout", headers=ADMIN_KEY)
    assert (deleted["statusCode"], deleted["body"]["published"]) == (200, True)
    assert published_flags(bucket) == {}


def test_a_write_that_could_not_be_published_says_so(
    packages: Mapping[str, Path], deployed: Mapping[str, str], bucket: Bucket, moto: Moto
) -> None:
    with function(packages["admin"], "api.aws.admin_function.handler", deployed) as runtime:
        assert create(runtime, "first")["body"]["published"] is True
        for environment in ("dev", "prod", "staging"):
            moto.request("DELETE", f"/{bucket.name}/{manifest_object(environment)}", service="s3")
        moto.request("DELETE", f"/{bucket.name}/{KEYS_OBJECT}", service="s3")
        moto.request("DELETE", f"/{bucket.name}", service="s3")
        answer = create(runtime, "second")
        assert (answer["statusCode"], answer["body"]["published"]) == (201, False)


def test_no_connection_outlives_an_invocation(admin: Runtime, empty_database: str) -> None:
    assert create(admin, "checkout")["statusCode"] == 201
    connection = psycopg2.connect(empty_database)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        assert cursor.fetchone() == (0,)
    connection.close()


def test_who_has_no_admin_key_can_not_wake_the_database(
    packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket
) -> None:
    put(bucket, KEYS_OBJECT, Access([admin_record(ADMIN_SECRET)], ["prod"]).to_bytes())
    with socket.create_server(("127.0.0.1", 0)) as database:
        database.settimeout(0.2)
        env = paused(settings, database.getsockname()[1])
        with function(packages["admin"], "api.aws.admin_function.handler", env) as runtime:
            for headers in ({}, {"x-admin-api-key": "guess"}):
                assert runtime.request("GET", "/api/admin/flags", headers=headers)["statusCode"] == 401
            with pytest.raises(TimeoutError):
                database.accept()


def test_a_database_that_wakes_is_a_503_with_retry_after(
    packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket
) -> None:
    put(bucket, KEYS_OBJECT, Access([admin_record(ADMIN_SECRET)], ["prod"]).to_bytes())
    with socket.create_server(("127.0.0.1", 0)) as database:
        env = paused(settings, database.getsockname()[1])
        with function(packages["admin"], "api.aws.admin_function.handler", env) as runtime:
            answer = create(runtime, "checkout")
    assert (answer["statusCode"], answer["body"]["code"]) == (503, "database_waking")
    assert int(answer["headers"]["Retry-After"]) > 0


def paused(settings: Mapping[str, str], port: int) -> dict[str, str]:
    """Settings for a database at which nobody answers."""
    url = f"postgresql://flagstaff@127.0.0.1:{port}/flagstaff?connect_timeout=2"
    return {**settings, "FLAGSTAFF_DATABASE_URL": url, "FLAGSTAFF_DATABASE_AUTH": "iam"}


def test_a_revoked_key_that_is_still_published_is_refused(admin: Runtime, bucket: Bucket, empty_database: str) -> None:
    stale = Access([admin_record("revoked")], ["prod"])
    put(bucket, KEYS_OBJECT, stale.to_bytes())
    answer = admin.request("GET", "/api/admin/flags", headers={"x-admin-api-key": "revoked"})
    assert (answer["statusCode"], answer["body"]["code"]) == (401, "invalid_key")


def test_a_broken_migration_fails_with_the_databases_own_error(
    packages: Mapping[str, Path], empty_database: str, settings: Mapping[str, str]
) -> None:
    connection = psycopg2.connect(empty_database)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE environment (surprise int)")
    connection.close()
    env = {**settings, "FLAGSTAFF_DATABASE_URL": empty_database}
    with function(packages["admin"], "api.aws.migration_function.handler", env) as migration:
        outcome = migration.invoke(FIRST_KEYS)
    assert outcome.failed
    assert 'relation "environment" already exists' in outcome.value["errorMessage"]


def test_before_the_new_code_serves_tables_and_keys_are_made_and_nothing_is_published(
    packages: Mapping[str, Path], empty_database: str, settings: Mapping[str, str], bucket: Bucket
) -> None:
    env = {**settings, "FLAGSTAFF_DATABASE_URL": empty_database}
    with function(packages["admin"], "api.aws.migration_function.handler", env) as migration:
        first = migration.invoke({**FIRST_KEYS, "publish": False})
        assert (first.value["keys"], first.value["published"]) == (["first admin key"], {})
        assert bucket.look(KEYS_OBJECT) is None
        last = migration.invoke({"publish": True})
        assert (last.value["applied"], last.value["published"].keys()) == ([], {"dev", "staging", "prod"})
    assert bucket.look(KEYS_OBJECT) is not None


def test_whoever_is_signed_in_is_the_actor(packages: Mapping[str, Path], deployed: Mapping[str, str]) -> None:
    with function(packages["admin"], "api.aws.admin_function.handler", {**deployed, **jwt_settings()}) as runtime:
        answer = runtime.request("POST", "/api/admin/flags", {"key": "beta"}, bearer(token()))
        assert (answer["statusCode"], answer["body"]["published"]) == (201, True)
        changes = runtime.request("GET", "/api/admin/flags/beta/changes", headers=bearer(token()))["body"]["changes"]
        assert {change["actor"] for change in changes} == {"ada"}
        assert runtime.request("GET", "/api/admin/flags", headers=bearer(token("theirs")))["statusCode"] == 401


def test_a_default_environment_of_ones_own_is_made(
    packages: Mapping[str, Path], empty_database: str, settings: dict[str, str], bucket: Bucket
) -> None:
    server_key = {"name": "first server key", "scope": "server", "environment": "production", "prefix": "fs_server_x"}
    asked = {"firstKeys": [*FIRST_KEYS["firstKeys"], {**server_key, "hash": hash_secret("fs_server_x1")}]}
    env = {**settings, "FLAGSTAFF_DATABASE_URL": empty_database}
    with function(packages["admin"], "api.aws.migration_function.handler", env) as migration:
        outcome = migration.invoke(asked)
        assert not outcome.failed, outcome.value
        assert outcome.value["published"].keys() == {"dev", "staging", "prod", "production"}
        assert migration.invoke(asked).value["keys"] == []
    keys_object = bucket.read(KEYS_OBJECT)
    assert keys_object is not None
    access = Access.from_bytes(keys_object.body or b"")
    assert "production" in access.environments
    assert {(key.scope, key.environment) for key in access.keys} == {("admin", None), ("server", "production")}


def test_every_page_that_needs_no_key_works_from_the_package(admin: Runtime) -> None:
    app = create_app(make_services())
    pages = {
        rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments
    } - STREAMS
    answers = {path: admin.request("GET", path)["statusCode"] for path in pages}
    heads = {path: admin.request("HEAD", path) for path in pages}
    assert {path: head["statusCode"] for path, head in heads.items()} == answers
    assert {head["body"] for head in heads.values()} == {""}
    failed = {path: status for path, status in answers.items() if status >= 500}
    assert failed == {"/ready": 503}  # which the evaluation function answers: this one has no definitions
    assert {answers[path] for path in ("/docs", "/openapi.json", "/health")} == {200}
    assert answers["/"] == 302
    assert {path for path, status in answers.items() if status == 401} == {
        path for path in pages if "admin" in path or "feature-flag" in path
    } | {"/api/client/definitions", "/api/client/flags"}


def test_the_console_works_from_the_package_until_its_key_is_revoked(admin: Runtime, bucket: Bucket) -> None:
    create(admin, "checkout")
    key_body = {"name": "ada", "scope": "admin"}
    made = admin.request("POST", "/api/admin/keys", key_body, ADMIN_KEY)["body"]
    site = {"host": "flags.example.com", "origin": "https://flags.example.com", "x-forwarded-proto": "https"}
    form = {**site, "content-type": "application/x-www-form-urlencoded"}
    signed_in = admin.request("POST", "/console/sign-in", f"key={made['secret']}&name=Ada", form)
    (cookie,) = (one.partition(";")[0] for one in signed_in["cookies"] if one.startswith("__Host-flagstaff="))
    page = admin.request("GET", "/console/flags?environment=dev", headers={**site, "cookie": cookie})
    assert (page["statusCode"], "checkout" in page["body"]) == (200, True)
    assert admin.request("GET", page["body"].split('src="')[1].split('"')[0])["statusCode"] == 200
    token_of = page["body"].split('name="csrf" value="')[1].split('"')[0]
    wanted = f"csrf={token_of}&environment=dev&enabled=true"
    switched = admin.request("POST", "/console/flags/checkout/enabled", wanted, {**form, "cookie": cookie})
    assert switched["statusCode"] == 303
    assert published_flags(bucket, "dev")["checkout"]["state"] == "ENABLED"
    assert admin.request("DELETE", f"/api/admin/keys/{made['key']['id']}", headers=ADMIN_KEY)["statusCode"] == 200
    assert admin.request("GET", "/console/flags", headers={**site, "cookie": cookie})["statusCode"] == 303
