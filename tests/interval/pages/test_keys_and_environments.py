"""API keys and environments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from db.administration import environments, keys
from db.vocabulary import Scope
from tests.interval.browser import Transaction
from tests.interval.conftest import TESTER, Running
from tests.processes import wait_until


def accepted(dash: Running, secret: str) -> bool:
    answer = dash.api.request("GET", "/api/client/flags", headers={"X-API-Key": secret})
    return answer.status != 401


def test_a_key_is_shown_once_and_works(dash: Running) -> None:
    name = dash.fresh("service")
    action = dash.ada.run("flags/keys/create")
    action.fill({"Name": name, "Environment": "dev"})
    form = action.form()
    assert "only time" in form.text
    secret = form.props(f"The key {name}")["code"]
    assert secret.startswith("fs_server_")
    action.answer({}, "I have stored it")
    result = action.result()
    assert result == f"The server key {name} is created for dev."
    page = dash.ada.open("flags/keys")
    (row,) = [row for row in page.render.rows("API keys") if row["name"] == name]
    assert secret not in str(page.layout) and row["state"] == "in force"
    answer = {"flagKey": "none", "defaultValue": 1, "context": {}}
    asked = dash.api.request("POST", "/feature-flag/evaluate", answer, {"X-API-Key": secret})
    assert asked.status in (200, 401)
    wait_until(lambda: dash.api.request("POST", "/feature-flag/evaluate", answer, {"X-API-Key": secret}).status == 200)
    revoke = dash.ada.click(page.row("API keys", name=name), "Revoke")
    assert isinstance(revoke, Transaction)
    assert "can't be taken back" in revoke.confirm().text
    revoke.result()
    (row,) = [row for row in dash.ada.open("flags/keys").render.rows("API keys") if row["name"] == name]
    assert row["state"].startswith("revoked")
    wait_until(lambda: dash.api.request("POST", "/feature-flag/evaluate", answer, {"X-API-Key": secret}).status == 401)


def test_the_secret_is_not_in_the_log_of_the_process(dash: Running) -> None:
    action = dash.ada.run("flags/keys/create")
    action.fill({"Name": dash.fresh("secret"), "Environment": "dev"})
    form = action.form()
    secret = form.components[form.index(form.labels[-1])]["props"]["code"]
    action.answer()
    assert secret not in str(action.result())
    assert secret not in dash.process.output()


def test_an_admin_key_needs_the_role_and_is_for_every_environment(dash: Running) -> None:
    name = dash.fresh("admin")
    action = dash.member.run("flags/keys/create")
    action.fill({"Name": name, "May": "admin"})
    assert "your role (member) may not change" in action.failure()
    action = dash.member.run("flags/keys/create")
    action.fill({"Name": name, "Environment": "prod"})
    assert "your role (member) may not change" in action.failure()
    action = dash.ada.run("flags/keys/create")
    action.fill({"Name": name, "May": "admin"})
    action.confirm()
    assert action.form().props(f"The key {name}")["code"].startswith("fs_admin_")
    action.answer()
    assert action.result().endswith("for all environments.")
    (key,) = [key for key in keys.list_all() if key.name == name]
    assert "your role (member) may not change" in dash.member.run("flags/keys/revoke", key=key.id).failure()


def test_a_key_that_ends(dash: Running) -> None:
    name, tomorrow = dash.fresh("short"), (datetime.now(UTC) + timedelta(days=1)).date()
    action = dash.ada.run("flags/keys/create")
    action.form()
    action.answer({"Name": " ", "Expires": {"year": 2020, "month": 1, "day": 31}})
    errors = action.form().errors
    assert "needs a name" in errors["Name"] and "is over" in errors["Expires"]
    action.answer({"Name": name, "Expires": {"year": 9999, "month": 12, "day": 31}})
    assert "never expires" in action.form().errors["Expires"]
    day = {"year": tomorrow.year, "month": tomorrow.month, "day": tomorrow.day}
    action.answer({"Name": name, "Environment": "dev", "Expires": day})
    action.fill()
    action.result()
    (key,) = [key for key in keys.list_all() if key.name == name]
    assert key.expires_at == datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC) + timedelta(days=1)


def test_a_key_that_is_not_there(dash: Running) -> None:
    assert "There is no such key" in dash.ada.run("flags/keys/revoke", key="x").failure()


def test_environments_are_listed_and_added(dash: Running) -> None:
    flag = dash.flag(value_type="string", variants={"a": "A"}, default_variant="a")
    action = dash.ada.run("flags/environments/add")
    action.form()
    action.answer({"Key": "a b"})
    assert "Key must be" in action.form().errors["Key"]
    action.answer({"Key": "dev", "Name": "kept"})
    form = action.form()
    assert "exists already" in form.text and form.default("Name") == "kept"
    action.answer({"Key": "2024-01-01", "Protected": True})
    action.result()
    page = dash.ada.open("flags/environments")
    row = page.row("Environments", key="2024-01-01")
    assert row["data"]["protected"]["label"] == "protected"
    flags_there = dash.ada.follow(row["data"]["key"]["route"], row["data"]["key"]["params"])
    assert flags_there.layout["title"] == "Feature Flags · 2024-01-01 ⚠ PROTECTED"  # type: ignore[union-attr]
    enable = dash.ada.run("flags/enable", flag=flag.key, environment="2024-01-01")
    enable.confirm()
    enable.result()
    dash.serves(flag.key, "A", "", "2024-01-01")
    assert environments.get("2024-01-01").name == "kept"


def test_keys_of_others_are_listed(dash: Running) -> None:
    name = dash.fresh("other")
    keys.create(name, Scope.CLIENT, environment="dev", actor=TESTER)
    (row,) = [row for row in dash.ada.open("flags/keys").render.rows("API keys") if row["name"] == name]
    assert row["scope"] == "client" and row["created"].endswith("by tester") and row["used"] == "never"
