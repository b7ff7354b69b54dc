"""From flags to OpenFeature's answers: types, errors, contexts; the file, the flags in memory and the fixture."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from openfeature.exception import ErrorCode, ProviderNotReadyError
from openfeature.flag_evaluation import FlagEvaluationDetails, Reason
from openfeature.hook import Hook, HookContext, HookHints
from openfeature.track import TrackingEventDetails

from flagstaff.provider import FileProvider
from flagstaff.testing import InMemoryProvider, only_provider
from tests.sdk.conftest import Heard

pytest_plugins = ["pytester"]

VALUES: dict[str, Any] = {
    "boolean": True,
    "string": "hello",
    "integer": 3,
    "whole": 3.0,
    "float": 0.5,
    "object": {"a": {"b": [1]}},
    "list": [1, {"c": []}],
    "null": None,
}
ON_OFF = {"on": True, "off": False}


def targeted(logic: Any) -> dict[str, Any]:
    return {"state": "ENABLED", "variants": ON_OFF, "defaultVariant": "off", "targeting": logic}


@pytest.fixture
def provider(openfeature: OpenFeatureClient) -> InMemoryProvider:
    provider = InMemoryProvider({key: value for key, value in VALUES.items() if value is not None})
    api.set_provider_and_wait(provider)
    return provider


def details(client: OpenFeatureClient, kind: str, key: str, default: Any, **context: Any) -> FlagEvaluationDetails[Any]:
    ask = getattr(client, f"get_{kind}_details")
    answer: FlagEvaluationDetails[Any] = ask(key, default, EvaluationContext(attributes=context))
    return answer


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("boolean", "boolean", True),
        ("string", "string", "hello"),
        ("integer", "integer", 3),
        ("integer", "whole", 3),
        ("float", "float", 0.5),
        ("float", "integer", 3.0),
        ("object", "object", {"a": {"b": [1]}}),
        ("object", "list", [1, {"c": []}]),
    ],
)
def test_each_type(openfeature: OpenFeatureClient, provider: InMemoryProvider, kind: str, key: str, value: Any) -> None:
    default = {"boolean": False, "string": "", "integer": 0, "float": 0.0, "object": {}}[kind]
    answer = details(openfeature, kind, key, default)
    assert (answer.value, answer.reason, answer.variant) == (value, Reason.STATIC, "value")
    assert type(answer.value) is type(value)
    later = asyncio.run(getattr(openfeature, f"get_{kind}_details_async")(key, default))
    assert later == answer


@pytest.mark.parametrize(
    ("kind", "default", "wrong"),
    [
        ("boolean", False, ["string", "integer", "float", "object", "list"]),
        ("string", "", ["boolean", "integer", "object"]),
        ("integer", 7, ["boolean", "string", "float", "list"]),
        ("float", 7.5, ["boolean", "string", "object"]),
        ("object", {"d": 1}, ["boolean", "string", "integer"]),
    ],
)
def test_another_type(
    openfeature: OpenFeatureClient, provider: InMemoryProvider, kind: str, default: Any, wrong: list[str]
) -> None:
    for key in wrong:
        answer = details(openfeature, kind, key, default)
        assert (answer.value, answer.reason, answer.error_code) == (default, Reason.ERROR, ErrorCode.TYPE_MISMATCH)
        assert answer.error_message


def test_an_unknown_a_broken_a_disabled_and_an_undecided_flag(
    openfeature: OpenFeatureClient, provider: InMemoryProvider
) -> None:
    provider.define("disabled", {"state": "DISABLED", "variants": ON_OFF, "defaultVariant": "on"})
    provider.define("undecided", {"state": "ENABLED", "variants": ON_OFF})
    provider.define("astray", {"state": "ENABLED", "variants": ON_OFF, "targeting": {"cat": ["nowhere"]}})
    assert details(openfeature, "boolean", "unknown", True).error_code is ErrorCode.FLAG_NOT_FOUND
    assert details(openfeature, "boolean", "astray", True).error_code is ErrorCode.GENERAL
    for key, reason in (("disabled", Reason.DISABLED), ("undecided", Reason.DEFAULT)):
        answer = details(openfeature, "boolean", key, True)
        assert (answer.value, answer.reason, answer.variant, answer.error_code) == (True, reason, None, None)


def test_what_a_caller_does_to_a_value_stays_the_callers(
    openfeature: OpenFeatureClient, provider: InMemoryProvider
) -> None:
    answer = openfeature.get_object_details("object", {})
    assert isinstance(answer.value, dict)
    answer.value["a"]["b"].append("mine")
    answer.flag_metadata["mine"] = 1  # type: ignore[index]
    again = openfeature.get_object_details("object", {})
    assert again.value == VALUES["object"] and "mine" not in again.flag_metadata


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (True, True),
        (5, 5),
        (0.5, 0.5),
        ("x", "x"),
        (None, None),
        ([1, "a"], [1, "a"]),
        ((1, 2), [1, 2]),
        ({"a": [1]}, {"a": [1]}),
        (MappingProxyType({"a": (datetime(2026, 1, 2, tzinfo=UTC),)}), {"a": ["2026-01-02T00:00:00+00:00"]}),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
    ],
)
def test_attributes_of_every_type(
    openfeature: OpenFeatureClient, provider: InMemoryProvider, value: Any, seen: Any
) -> None:
    """Held against the text of the same value in JSON, which is what a server would see."""
    if not isinstance(seen, dict):
        same = {"===": [{"cat": [{"var": "x"}]}, {"cat": [seen]}]}
        provider.define("seen", targeted({"if": [same, "on", "off"]}))
    else:
        provider.define("seen", targeted({"if": [{"in": [json.dumps(seen["a"][0]).strip('"'), {"var": "x.a"}]}, "on"]}))
        if seen == {"a": [1]}:
            provider.define("seen", targeted({"if": [{"in": [1, {"var": "x.a"}]}, "on"]}))
    assert details(openfeature, "boolean", "seen", False, x=value).value is True


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, [object()], {"a": object()}])
def test_attributes_that_json_does_not_have(
    openfeature: OpenFeatureClient, provider: InMemoryProvider, value: Any
) -> None:
    answer = details(openfeature, "boolean", "boolean", False, x=value)
    assert (answer.value, answer.error_code) == (False, ErrorCode.INVALID_CONTEXT)


def test_an_attribute_that_contains_itself(openfeature: OpenFeatureClient, provider: InMemoryProvider) -> None:
    circle: list[Any] = []
    circle.append(circle)
    assert details(openfeature, "boolean", "boolean", False, x=circle).error_code is ErrorCode.INVALID_CONTEXT


def test_the_targeting_key(openfeature: OpenFeatureClient, provider: InMemoryProvider) -> None:
    provider.define("john", targeted({"if": [{"===": [{"var": "targetingKey"}, "john"]}, "on"]}))
    assert openfeature.get_boolean_value("john", False, EvaluationContext("john"))
    assert openfeature.get_boolean_value("john", False, EvaluationContext("john", {"targetingKey": "mary"}))
    assert openfeature.get_boolean_value("john", False, EvaluationContext(attributes={"targetingKey": "john"}))
    assert not openfeature.get_boolean_value("john", False, EvaluationContext("mary"))
    assert not openfeature.get_boolean_value("john", False)


def test_hooks_domains_and_tracking(openfeature: OpenFeatureClient, tmp_path: Path) -> None:
    seen: list[tuple[str, Any]] = []

    class Note(Hook):
        def before(self, hook_context: HookContext, hints: HookHints) -> EvaluationContext:
            seen.append(("before", hook_context.provider_metadata.name if hook_context.provider_metadata else None))
            return EvaluationContext(attributes={"plan": "premium"})

        def after(self, hook_context: HookContext, details: FlagEvaluationDetails[Any], hints: HookHints) -> None:
            seen.append(("after", details.value))

    flags = {"premium": targeted({"if": [{"===": [{"var": "plan"}, "premium"]}, "on"]})}
    path = tmp_path / "flags.json"
    path.write_text(json.dumps({"flags": flags}))
    api.set_provider_and_wait(FileProvider(path, hooks=[Note()]), "billing")
    api.set_provider_and_wait(InMemoryProvider({"premium": False}))
    assert api.get_client("billing").get_boolean_value("premium", False) is True
    assert openfeature.get_boolean_value("premium", True) is False
    assert seen == [("before", "Flagstaff file"), ("after", True)]
    openfeature.track("bought", EvaluationContext("john"), TrackingEventDetails(9.99))  # does nothing yet


@pytest.mark.parametrize("content", [None, b"", b"{", b"[]", b'{"flags": 1}', b"\xff"])
def test_a_file_that_is_of_no_use(openfeature: OpenFeatureClient, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "flags.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProviderNotReadyError) as refused:
        api.set_provider_and_wait(FileProvider(path))
    assert refused.value.error_message
    answer = openfeature.get_boolean_details("beta", True)
    assert (answer.value, answer.error_code) == (True, ErrorCode.PROVIDER_NOT_READY)


def test_flags_in_memory(openfeature: OpenFeatureClient, provider: InMemoryProvider, heard: Heard) -> None:
    provider.set("beta", "one")
    provider.set("beta", "two")
    assert openfeature.get_string_value("beta", "") == "two"
    provider.remove("beta")
    assert openfeature.get_string_details("beta", "").error_code is ErrorCode.FLAG_NOT_FOUND
    assert heard.wait(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, 3).flags_changed == ["beta"]
    with pytest.raises(ValueError, match="state"):
        provider.define("beta", {"variants": {}})
    with pytest.raises(ValueError, match="'startswith' is not"):
        provider.define("beta", targeted({"if": [True, "on", {"!": [{"startswith": [{"var": "a"}, "b"]}]}]}))
    assert openfeature.get_string_details("beta", "").error_code is ErrorCode.FLAG_NOT_FOUND


def test_the_fixture_that_comes_with_the_package(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from openfeature import api

        def test_one(flagstaff_flags):
            flagstaff_flags.set("beta", True)
            assert api.get_client().get_boolean_value("beta", False) is True

        def test_two():
            assert api.get_client().get_boolean_value("beta", False) is False
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_fixture_wins_over_the_applications_own_provider(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from openfeature.api import get_client, set_provider, set_provider_and_wait
        from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider

        OF_THE_APPLICATION = InMemoryProvider({"beta": InMemoryFlag("on", {"on": True})})
        set_provider_and_wait(OF_THE_APPLICATION, "web")

        def create_app():
            set_provider(OF_THE_APPLICATION)
            set_provider_and_wait(OF_THE_APPLICATION, "shop")

        def test_one(flagstaff_flags):
            flagstaff_flags.set("beta", False)
            create_app()
            for domain in (None, "shop", "web"):
                assert get_client(domain).get_boolean_value("beta", True) is False

        def test_two():
            assert get_client("web").get_boolean_value("beta", False) is True
            assert get_client().get_boolean_value("beta", False) is False
            create_app()
            assert get_client().get_boolean_value("beta", False) is True
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_the_fixture_leaves_the_applications_provider_as_it_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        from openfeature import api
        from openfeature.exception import ProviderNotReadyError
        from openfeature.provider import ProviderStatus
        from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
        import pytest

        calls = []

        class OfTheApplication(InMemoryProvider):
            def initialize(self, evaluation_context):
                calls.append("initialize")
                if len(calls) > 1:
                    raise ProviderNotReadyError("there is no server in a test")

            def shutdown(self):
                calls.append("shutdown")

        api.set_provider_and_wait(OfTheApplication({"beta": InMemoryFlag("on", {"on": True})}))

        @pytest.fixture
        def app():
            yield
            api.shutdown()

        def test_one(flagstaff_flags, app):
            flagstaff_flags.set("beta", False)
            assert api.get_client().get_boolean_value("beta", True) is False
            api.clear_providers()
            assert api.get_client().get_provider_status() is ProviderStatus.READY

        def test_two():
            assert api.get_client().get_provider_status() is ProviderStatus.READY
            assert api.get_client().get_boolean_value("beta", False) is True
            assert calls == ["initialize"]
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_one_only_provider_inside_another() -> None:
    with only_provider(InMemoryProvider({"beta": "outer"})):
        with only_provider(InMemoryProvider({"beta": "inner"})):
            assert api.get_client("shop").get_string_value("beta", "none") == "inner"
        assert api.get_client("shop").get_string_value("beta", "none") == "outer"
    assert api.get_client("shop").get_string_value("beta", "none") == "none"
