"""The control function, from its package, in Lambda's own runtime client."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from db.aws.s3 import Bucket
from db.published.objects import KEYS_OBJECT, Access
from tests.api.access.test_jwt import bearer, token
from tests.aws.conftest import ADMIN_KEY, ADMIN_SECRET, Moto, admin_record, jwt_settings, put
from tests.aws.lambda_runtime import Runtime, function


@pytest.fixture
def control(packages: Mapping[str, Path], settings: Mapping[str, str], bucket: Bucket, moto: Moto) -> Iterator[Runtime]:
    put(bucket, KEYS_OBJECT, Access([admin_record(ADMIN_SECRET)], ["prod"]).to_bytes())
    env = {
        **settings,
        "AWS_ENDPOINT_URL_LAMBDA": moto.url,
        "AWS_ENDPOINT_URL_RDS_DATA": moto.url,
        "FLAGSTAFF_EVALUATION_FUNCTION": "evaluation",
        "FLAGSTAFF_CLUSTER_ARN": "arn:aws:rds:eu-central-1:123456789012:cluster:stage",
        "FLAGSTAFF_SECRET_ARN": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:master",
        "FLAGSTAFF_DATABASE_NAME": "flagstaff",
        "FLAGSTAFF_DATABASE_ROLE": "flagstaff",
        **jwt_settings(),
    }
    with function(packages["control"], "api.aws.control_function.handler", env) as runtime:
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
    assert control.request("PATCH", "/mark-concurrency-zero", headers=bearer(token()))["statusCode"] == 200
    assert limit() == {"ReservedConcurrentExecutions": 0}


@pytest.mark.parametrize("body", [{}, {"pendingLimit": "7"}, {"pendingLimit": True}, {"pendingLimit": -1}, []])
def test_the_cost_brake_takes_whole_numbers_only(control: Runtime, body: Any) -> None:
    assert control.request("POST", "/reset-limit", body, ADMIN_KEY)["statusCode"] == 400


def test_the_cost_brake_is_for_admins(control: Runtime) -> None:
    assert control.request("PATCH", "/mark-concurrency-zero")["statusCode"] == 401
    assert control.request("PATCH", "/mark-concurrency-zero", headers={"x-admin-api-key": "no"})["statusCode"] == 401
    assert control.request("GET", "/reset-limit", headers=ADMIN_KEY)["statusCode"] == 404
    stranger, colleague = bearer(token("theirs")), bearer(token(role="guest"))
    assert control.request("PATCH", "/mark-concurrency-zero", headers=stranger)["statusCode"] == 401
    assert control.request("PATCH", "/mark-concurrency-zero", headers=colleague)["statusCode"] == 403


def test_the_databases_role_is_made_over_the_data_api(control: Runtime, moto: Moto) -> None:
    outcome = control.invoke({"create": "role"})
    assert (outcome.failed, outcome.value) == (False, {"role": "flagstaff"})


def test_the_roles_statements_do_nothing_the_second_time(empty_database: str) -> None:
    from api.aws import cluster_sql

    connection = psycopg2.connect(empty_database)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        (name,) = cursor.fetchone() or ("",)
        cursor.execute("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') "
                       "THEN CREATE ROLE rds_iam; END IF; END $$")  # fmt: skip
        for statement in cluster_sql.role("app", name) * 2:
            cursor.execute(statement)
        cursor.execute("SET ROLE app")
        cursor.execute("CREATE TABLE its_own (id int)")
        cursor.execute("RESET ROLE")
        cursor.execute("DROP TABLE its_own")
        cursor.execute("SELECT pg_has_role('app', 'rds_iam', 'member')")
        assert cursor.fetchone() == (True,)
    connection.close()
