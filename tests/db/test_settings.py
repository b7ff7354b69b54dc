"""Settings: every one from the environment, and errors that name the variable and never a password."""

from __future__ import annotations

import subprocess
import sys

import pytest

from db.settings import Settings, SettingsError

URL = "postgresql://user:secret@db.example:5432/flagstaff"


def test_nothing_set_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings.from_env({"PORT": "", "HOST": "  "}) == Settings()
    assert (Settings().host, Settings().port, Settings().default_environment) == ("127.0.0.1", 8080, "prod")


def test_everything_set() -> None:
    settings = Settings.from_env(
        {
            "FLAGSTAFF_DATABASE_URL": URL,
            "HOST": "0.0.0.0",
            "PORT": "9000",
            "FLAGSTAFF_DEFAULT_ENVIRONMENT": "dev",
            "FLAGSTAFF_EVALUATION": "open",
            "FLAGSTAFF_MAX_BODY_BYTES": "2048",
            "FLAGSTAFF_MAX_EVALUATION_BYTES": "4096",
            "FLAGSTAFF_BUCKETING": "v3",
            "FLAGSTAFF_REFRESH_SECONDS": "0.5",
            "FLAGSTAFF_SERVER": "wsgi",
            "FLAGSTAFF_THREADS": "4",
            "FLAGSTAFF_WORKERS": "2",
            "FLAGSTAFF_STREAMS": "10",
        }
    )
    assert settings == Settings(URL, "0.0.0.0", 9000, "dev", True, 2048, 4096, "v3", 0.5, "wsgi", 4, 2, 10)
    assert "secret" not in repr(settings)


def test_what_client_keys_see_unless_somebody_says() -> None:
    assert not Settings().open_sees_all and not Settings().new_flags_client_side
    settings = Settings.from_env({"FLAGSTAFF_OPEN_SEES": "all", "FLAGSTAFF_NEW_FLAGS": "client"})
    assert settings.open_sees_all and settings.new_flags_client_side
    with pytest.raises(SettingsError, match="FLAGSTAFF_OPEN_SEES must be marked or all, not 'everything'"):
        Settings.from_env({"FLAGSTAFF_OPEN_SEES": "everything"})
    with pytest.raises(SettingsError, match="FLAGSTAFF_NEW_FLAGS must be server or client, not 'both'"):
        Settings.from_env({"FLAGSTAFF_NEW_FLAGS": "both"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FLAGSTAFF_PUBLIC_URL", "flags.example.com"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "8080.5"),
        ("PORT", "٣"),
        ("FLAGSTAFF_EVALUATION", "yes"),
        ("FLAGSTAFF_MAX_BODY_BYTES", "-1"),
        ("FLAGSTAFF_BUCKETING", "v1"),
        ("FLAGSTAFF_REFRESH_SECONDS", "nan"),
        ("FLAGSTAFF_REFRESH_SECONDS", "0"),
        ("FLAGSTAFF_REFRESH_SECONDS", "soon"),
        ("FLAGSTAFF_THREADS", "0"),
        ("FLAGSTAFF_WORKERS", "many"),
        ("FLAGSTAFF_DATABASE_URL", "mysql://user:secret@host/name"),
        ("FLAGSTAFF_DATABASE_URL", "postgresql://user:secret@host:port/name"),
        ("FLAGSTAFF_DATABASE_URL", "postgresql://user:secret@host"),
        ("FLAGSTAFF_DATABASE_URL", "postgresql://user:secret@[host/name"),
        ("FLAGSTAFF_DATABASE_URL", "secret"),
    ],
)
def test_a_value_that_can_not_be_used_is_one_line_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({name: value})
    assert str(refused.value).startswith(f"{name} ")
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_one_error_names_all_that_is_wrong() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({"PORT": "x", "FLAGSTAFF_BUCKETING": "x"})
    assert "PORT" in str(refused.value)
    assert "FLAGSTAFF_BUCKETING" in str(refused.value)


def test_what_evaluates_elsewhere_needs_no_database_driver() -> None:
    drivers = "('peewee', 'playhouse', 'psycopg2', 'orjson')"
    check = (
        f"import sys, db.settings, db.errors, db.published.keyring; print([m for m in {drivers} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://Flags.example.com:8443/", "https://flags.example.com:8443"),
        ("https://example.com:443/Flags/", "https://example.com/Flags"),
        ("http://[::1]:8080/a/b", "http://[::1]:8080/a/b"),
    ],
)
def test_a_public_url_may_have_a_path(given: str, taken: str) -> None:
    assert Settings.from_env({"FLAGSTAFF_PUBLIC_URL": given}).public_url == taken


@pytest.mark.parametrize(
    "given", ["https://example.com?x", "https://a b", "example.com", "https://example.com/#", "ftp://x"]
)
def test_what_can_be_no_public_url(given: str) -> None:
    with pytest.raises(SettingsError, match="FLAGSTAFF_PUBLIC_URL"):
        Settings.from_env({"FLAGSTAFF_PUBLIC_URL": given})


def test_origins_are_as_browsers_write_them() -> None:
    given = "https://App.example.com:443, http://localhost:80, http://localhost:3000, *"
    wanted = {"https://app.example.com", "http://localhost", "http://localhost:3000", "*"}
    assert Settings.from_env({"FLAGSTAFF_CORS_ORIGINS": given}).cors_origins == wanted
