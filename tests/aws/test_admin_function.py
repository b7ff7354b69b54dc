"""The admin, migration and control functions, from their packages, in Lambda's own runtime client."""

from __future__ import annotations

import base64
import io
import json
import socket
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from db.embedded import EmbeddedPostgres
from db.keyring import KeyRecord, hash_secret
from db.published import KEYS_OBJECT, Access, definitions_object
from db.s3 import Bucket
from db.words import Scope
from tests.aws.conftest import Moto
from tests.aws.lambda_runtime import Runtime, function
from tests.conftest import url_of

ADMIN_SECRET = "fs_admin_of_the_deployment"
ADMIN_KEY = {"x-admin-api-key": ADMIN_SECRET}
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
def settings(moto: Moto, bucket_name: str) -> dict[str, str]:
    return {
        "FLAGSTAFF_DEFINITIONS_BUCKET": bucket_name,
        "AWS_ENDPOINT_URL_S3": moto.url,
        "FLAGSTAFF_REFRESH_SECONDS": "0.1",
        "FLAGSTAFF_STAGE": "test",
    }


@pytest.fixture
def empty_database(postgres: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    """The URL of a database without tables."""
    name = f"empty_{abs(hash(request.node.nodeid)):x}"
    connection = psycopg2.connect(postgres.url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    connection.close()
    return url_of(postgres, name)


@pytest.fixture
def deployed(
    packages: Mapping[str, Path], empty_database: str, settings: dict[str, str], bucket: Bucket
) -> dict[str, str]:
    """Settings of a deployment whose migration has run."""
    env = {**settings, "FLAGSTAFF_DATABASE_URL": empty_database}
    with function(packages["admin"], "api.lambda_migration.handler", env) as migration:
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
    with function(packages["admin"], "api.lambda_admin.handler", deployed) as runtime:
        yield runtime


def create(runtime: Runtime, key: str) -> Any:
    return runtime.request("POST", "/api/admin/flags", {"key": key}, ADMIN_KEY)


def published_flags(bucket: Bucket) -> set[str]:
    found = bucket.read(definitions_object("prod"))
    assert found is not None
    return set(json.loads(found.body or b"{}")["flags"])


def test_a_write_is_published_before_it_is_answered(admin: Runtime, bucket: Bucket) -> None:
    answer = create(admin, "checkout")
    assert (answer["statusCode"], answer["body"]["published"]) == (201, True)
    assert answer["headers"]["X-Request-Id"] == "gateway-id-1"
    assert published_flags(bucket) == {"checkout"}
    listed = admin.request("GET", "/api/admin/flags", headers=ADMIN_KEY)
    assert (listed["statusCode"], listed["body"]["total"]) == (200, 1)
    assert "published" not in listed["body"]
    deleted = admin.request("DELETE", "/api/admin/flags/checkout", headers=ADMIN_KEY)
    assert (deleted["statusCode"], deleted["body"]["published"]) == (200, True)
    assert published_flags(bucket) == set()


def test_a_write_that_could_not_be_published_says_so(
    packages: Mapping[str, Path], deployed: Mapping[str, str], bucket: Bucket, moto: Moto
) -> None:
    with function(packages["admin"], "api.lambda_admin.handler", deployed) as runtime:
        assert create(runtime, "first")["body"]["published"] is True
        moto.request("DELETE", f"/{bucket.name}/{definitions_object('prod')}", service="s3")
        moto.request("DELETE", f"/{bucket.name}/{definitions_object('dev')}", service="s3")
        moto.request("DELETE", f"/{bucket.name}/{definitions_object('staging')}", service="s3")
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
    bucket.write(KEYS_OBJECT, Access([admin_record(ADMIN_SECRET)], ["prod"]).to_bytes())
    with socket.create_server(("127.0.0.1", 0)) as database:
        database.settimeout(0.2)
        env = paused(settings, database.getsockname()[1])
        with function(packages["admin"], "api.lambda_admin.handler", env) as runtime:
            for headers in ({}, {"x-admin-api-key": "guess"}):
                assert runtime.request("GET", "/api/admin/flags", headers=headers)["statusCode"] == 401
            with pytest.raises(TimeoutError):
                database.accept()


def test_a_database_that_wakes_is_a_503_with_retry_after(
    packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket
) -> None:
    bucket.write(KEYS_OBJECT, Access([admin_record(ADMIN_SECRET)], ["prod"]).to_bytes())
    with socket.create_server(("127.0.0.1", 0)) as database:
        env = paused(settings, database.getsockname()[1])
        with function(packages["admin"], "api.lambda_admin.handler", env) as runtime:
            answer = create(runtime, "checkout")
    assert (answer["statusCode"], answer["body"]["code"]) == (503, "database_waking")
    assert int(answer["headers"]["Retry-After"]) > 0


def paused(settings: Mapping[str, str], port: int) -> dict[str, str]:
    """Settings for a database at which nobody answers."""
    url = f"postgresql://flagstaff@127.0.0.1:{port}/flagstaff?connect_timeout=2"
    return {**settings, "FLAGSTAFF_DATABASE_URL": url, "FLAGSTAFF_DATABASE_AUTH": "iam"}


def admin_record(secret: str) -> KeyRecord:
    return KeyRecord("00000000-0000-4000-8000-000000000001", "ci", hash_secret(secret), Scope.ADMIN, None)


def test_a_revoked_key_that_is_still_published_is_refused(admin: Runtime, bucket: Bucket, empty_database: str) -> None:
    stale = Access([admin_record("revoked")], ["prod"])
    bucket.write(KEYS_OBJECT, stale.to_bytes())
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
    with function(packages["admin"], "api.lambda_migration.handler", env) as migration:
        outcome = migration.invoke(FIRST_KEYS)
    assert outcome.failed
    assert 'relation "environment" already exists' in outcome.value["errorMessage"]


@pytest.fixture
def control(packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket, moto: Moto) -> Iterator[Runtime]:
    bucket.write(KEYS_OBJECT, Access([admin_record(ADMIN_SECRET)], ["prod"]).to_bytes())
    env = {
        **settings,
        "AWS_ENDPOINT_URL_LAMBDA": moto.url,
        "AWS_ENDPOINT_URL_RDS_DATA": moto.url,
        "FLAGSTAFF_EVALUATION_FUNCTION": "evaluation",
        "FLAGSTAFF_CLUSTER_ARN": "arn:aws:rds:eu-central-1:123456789012:cluster:stage",
        "FLAGSTAFF_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:master",
        "FLAGSTAFF_DATABASE_NAME": "flagstaff",
        "FLAGSTAFF_DATABASE_ROLE": "flagstaff",
    }
    with function(packages["control"], "api.lambda_control.handler", env) as runtime:
        yield runtime


@pytest.fixture
def evaluation_function(moto: Moto) -> None:
    """A function called `evaluation`, in moto."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("a.py", "def handler(event, context): ...")
    trust = {"Version": "2012-10-17", "Statement": []}
    query = f"Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={json.dumps(trust)}"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    try:
        moto.request("POST", "/", query.encode(), "iam", form)
    except AssertionError as error:
        assert "EntityAlreadyExists" in str(error)
    made = {
        "FunctionName": "evaluation",
        "Runtime": "python3.13",
        "Role": "arn:aws:iam::123456789012:role/r",
        "Handler": "a.handler",
        "Code": {"ZipFile": base64.b64encode(archive.getvalue()).decode()},
    }
    try:
        moto.request("POST", "/2015-03-31/functions", made, "lambda")
    except AssertionError as error:
        assert "already exist" in str(error)


@pytest.mark.usefixtures("evaluation_function")
def test_the_cost_brake_limits_the_evaluation_function(control: Runtime, moto: Moto) -> None:
    def limit() -> Any:
        return moto.request("GET", "/2019-09-30/functions/evaluation/concurrency", service="lambda")

    stopped = control.request("PATCH", "/mark-concurrency-zero", headers=ADMIN_KEY)
    assert (stopped["statusCode"], stopped["body"]["reservedConcurrency"]) == (200, 0)
    assert limit() == {"ReservedConcurrentExecutions": 0}
    assert control.request("POST", "/reset-limit", {"pendingLimit": 7}, ADMIN_KEY)["statusCode"] == 200
    assert limit() == {"ReservedConcurrentExecutions": 7}


@pytest.mark.parametrize("body", [{}, {"pendingLimit": "7"}, {"pendingLimit": True}, {"pendingLimit": -1}, []])
def test_the_cost_brake_takes_whole_numbers_only(control: Runtime, body: Any) -> None:
    assert control.request("POST", "/reset-limit", body, ADMIN_KEY)["statusCode"] == 400


def test_the_cost_brake_is_for_admins(control: Runtime) -> None:
    assert control.request("PATCH", "/mark-concurrency-zero")["statusCode"] == 401
    assert control.request("PATCH", "/mark-concurrency-zero", headers={"x-admin-api-key": "no"})["statusCode"] == 401
    assert control.request("GET", "/reset-limit", headers=ADMIN_KEY)["statusCode"] == 404


def test_the_databases_role_is_made_over_the_data_api(control: Runtime, moto: Moto) -> None:
    outcome = control.invoke({"create": "role"})
    assert (outcome.failed, outcome.value) == (False, {"role": "flagstaff"})


def test_the_roles_statements_do_nothing_the_second_time(empty_database: str) -> None:
    from api.control import role_statements

    connection = psycopg2.connect(empty_database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone() or ("",)
        cursor.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') "
                       "THEN CREATE ROLE rds_iam; END IF; END $$")  # fmt: skip
        for statement in role_statements("app", name) * 2:
            cursor.execute(statement)
        cursor.execute("SET ROLE app")
        cursor.execute("CREATE TABLE its_own (id int)")
        cursor.execute("RESET ROLE")
        cursor.execute("DROP TABLE its_own")
        cursor.execute("SELECT pg_has_role('app', 'rds_iam', 'member')")
        assert cursor.fetchone() == (True,)
    connection.close()
