"""Signing in at Amazon's PostgreSQL."""

from __future__ import annotations

import ssl
import time

import pytest

from db import database
from db.database import connection_parameters
from db.errors import DatabaseUnavailableError
from db.postgres import iam
from db.settings import Settings, SettingsError

URL = "postgresql://flagstaff@stage.cluster-abc.eu-central-1.rds.amazonaws.com:5432/flagstaff"
FIVE_YEARS = 5 * 365 * 86_400


def test_the_roots_are_amazons_and_good_for_years() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(iam.ROOTS)
    roots = context.get_ca_certs()
    assert len(roots) > 50
    for root in roots:
        subject = dict(pair for part in root["subject"] for pair in part)  # type: ignore[misc]
        assert subject["commonName"].startswith("Amazon RDS ")
        assert root["issuer"] == root["subject"]
        assert ssl.cert_time_to_seconds(str(root["notAfter"])) > time.time() + FIVE_YEARS


def test_with_tokens_the_server_is_verified_unless_the_url_says_how() -> None:
    said = connection_parameters(iam.verified_url(Settings(database_url=URL, database_iam=True)))
    assert (said["sslmode"], said["sslrootcert"]) == ("verify-full", str(iam.ROOTS))
    own = f"{URL}?sslmode=verify-full&sslrootcert=/own.pem"
    assert iam.verified_url(Settings(database_url=own, database_iam=True)) == own
    assert iam.verified_url(Settings(database_url=URL)) == URL


def test_each_connection_gets_a_token_of_its_own_host_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    sign_in = iam.sign_in(Settings(database_url=URL, database_iam=True, aws_region="eu-central-1"))
    assert sign_in is not None
    assert sign_in().startswith(
        "stage.cluster-abc.eu-central-1.rds.amazonaws.com:5432/?Action=connect&DBUser=flagstaff"
    )
    assert iam.sign_in(Settings(database_url=URL)) is None


def test_a_forwarded_port_is_the_way_there_and_the_token_is_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    forwarded = f"{URL}?hostaddr=127.0.0.1&port=15432"
    settings = Settings(database_url=forwarded, database_iam=True, aws_region="eu-central-1")
    sign_in = iam.sign_in(settings)
    assert sign_in is not None
    assert sign_in().startswith("stage.cluster-abc.eu-central-1.rds.amazonaws.com:5432/?Action=connect")
    said = connection_parameters(iam.verified_url(settings))
    assert (said["host"], said["hostaddr"], said["port"]) == (
        "stage.cluster-abc.eu-central-1.rds.amazonaws.com",
        "127.0.0.1",
        "15432",
    )
    assert (said["sslmode"], said["sslrootcert"]) == ("verify-full", str(iam.ROOTS))


@pytest.mark.parametrize("url", ["postgresql://host/name", "postgresql://user:password@host/name"])
def test_a_url_that_no_token_can_be_signed_for_is_named(url: str) -> None:
    with pytest.raises(SettingsError, match="FLAGSTAFF_DATABASE_URL"):
        iam.sign_in(Settings(database_url=url, database_iam=True, aws_region="eu-central-1"))


def test_nothing_of_the_last_url_is_left_when_another_is_set() -> None:
    database.connect("postgresql://flagstaff@127.0.0.1:9/one", sign_in=lambda: "token")
    with pytest.raises(DatabaseUnavailableError), database.session():
        pass
    database.connect("postgresql://flagstaff@localhost/two")
    assert not {"port", "password"} & database.database.connect_params.keys()


def test_settings_name_a_missing_region() -> None:
    with pytest.raises(SettingsError, match="AWS_REGION"):
        Settings.from_env({"FLAGSTAFF_DATABASE_AUTH": "iam"})
