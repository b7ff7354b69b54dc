"""People at the dashboard: what they see, fill in and press, through the double."""

from __future__ import annotations

import json
import queue
import uuid
from collections.abc import Mapping
from typing import Any

from interval_app.session.interaction import NOT_DONE
from tests.interval.interval_server import ADA, PATIENCE, UNDEFINED, IntervalServer, superjson, through_the_url


class Render:
    """Components that are on somebody's screen."""

    def __init__(self, json_: Any) -> None:
        self.json = json_
        self.components: list[Any] = json_["toRender"]

    @property
    def labels(self) -> list[str]:
        return [part["label"] for part in self.components]

    @property
    def inputs(self) -> list[str]:
        """The labels of what can be filled in."""
        return [part["label"] for part in self.components if not part["methodName"].startswith("DISPLAY")]

    @property
    def buttons(self) -> list[str]:
        return [button["label"] for button in self.json.get("choiceButtons") or []]

    @property
    def text(self) -> str:
        """All that can be read, without the backslashes of Markdown."""
        parts = []
        for part in self.components:
            props = part["props"]
            parts += [part["label"], props.get("description", ""), props.get("helpText", ""), props.get("code", "")]
            parts += [f"{item['label']}: {item['value']}" for item in props.get("data", []) if "value" in item]
        return "\n".join(filter(None, parts)).replace("\\", "")

    @property
    def errors(self) -> dict[str, str]:
        """What was refused: by label, and under "" for the form as a whole."""
        found = {part["label"]: part["validationErrorMessage"] for part in self.components}
        found[""] = self.json.get("validationErrorMessage")
        return {label: message for label, message in found.items() if message}

    def index(self, label: str) -> int:
        return self.labels.index(label)

    def props(self, label: str) -> Any:
        return self.components[self.index(label)]["props"]

    def default(self, label: str) -> Any:
        """What a field is filled with; of a select, the value."""
        given = self.props(label).get("defaultValue")
        return given.get("value", given) if isinstance(given, dict) else given

    def options(self, label: str) -> list[str]:
        return [option["value"] for option in self.props(label)["options"]]

    def rows(self, label: str) -> list[dict[str, str]]:
        """A table's rows, by the names of its columns."""
        return [{name: cell["label"] for name, cell in row["data"].items()} for row in self.props(label)["data"]]

    def row(self, label: str, **wanted: str) -> Any:
        """The one row that has these texts, as it came."""
        (row,) = [
            row
            for row in self.props(label)["data"]
            if all(row["data"][name]["label"] == text for name, text in wanted.items())
        ]
        return row

    def answers(self, given: Mapping[str, Any]) -> list[Any]:
        """One answer for each component: what is given by its label, else what the field is filled with."""
        assert set(given) <= set(self.labels), f"{set(given) - set(self.labels)} are not among {self.labels}"
        return [_answer(part, given) for part in self.components]


def _answer(part: Any, given: Mapping[str, Any]) -> Any:
    method, props, label = part["methodName"], part["props"], part["label"]
    if method.startswith("DISPLAY"):
        return None
    value = given.get(label, UNDEFINED)
    if method == "SELECT_SINGLE":
        chosen = props.get("defaultValue") if value is UNDEFINED else _option(props["options"], value)
        return UNDEFINED if chosen is None else chosen
    if method == "SELECT_TABLE":
        return [{"key": key} for key in ([] if value is UNDEFINED else value)]
    if method == "SEARCH" and value is not UNDEFINED:
        return next(result["value"] for result in props["results"] if result["label"] == value)
    if value is UNDEFINED and method == "INPUT_BOOLEAN":
        return props.get("defaultValue", False)
    if value is UNDEFINED:
        return props.get("defaultValue", "" if method == "INPUT_TEXT" and not part["isOptional"] else UNDEFINED)
    return value


def _option(options: list[Any], value: str) -> Any:
    return next(option for option in options if value in (option["value"], option["label"]))


class Session:
    """A page or an action that is open in a browser."""

    def __init__(self, server: IntervalServer, slug: str) -> None:
        self.server = server
        self.slug = slug
        self.key = str(uuid.uuid4())
        self.redirects: list[tuple[str, dict[str, str]]] = []
        self.said: list[str] = []
        """What each redirect has the page say."""
        self.loading: list[dict[str, Any]] = []
        self.screen: Render | None = None
        server.sessions[self.key] = self

    def respond(self, kind: str, values: list[Any], button: str | None = None) -> None:
        """Send what a browser sends of the components that it shows."""
        render = self.screen.json if self.screen else {"id": "UNKNOWN", "inputGroupKey": "UNKNOWN"}
        encoded, meta = superjson(values)
        body = {
            "id": render["id"],
            "inputGroupKey": render["inputGroupKey"],
            "transactionId": self.key,
            "kind": kind,
            "values": encoded,
            **({"valuesMeta": meta} if meta else {}),
            **({"choice": button} if button else {}),
        }
        self.server.call("IO_RESPONSE", {"transactionId": self.key, "value": json.dumps(body)})

    def set_state(self, label: str, state: Mapping[str, Any]) -> None:
        """Sort, search or turn the pages of a table, or type into a search."""
        assert self.screen is not None
        values: list[Any] = [None] * len(self.screen.components)
        values[self.screen.index(label)] = dict(state)
        self.respond("SET_STATE", values)


class Transaction(Session):
    """Somebody runs an action."""

    def __init__(
        self, server: IntervalServer, slug: str, params: Mapping[str, str] | None, user: Mapping[str, Any]
    ) -> None:
        super().__init__(server, slug)
        self._renders: queue.Queue[Render] = queue.Queue()
        self._results: queue.Queue[Any] = queue.Queue()
        server.call(
            "START_TRANSACTION",
            {
                "transactionId": self.key,
                "displayResolvesImmediately": True,
                "actionName": slug,
                "action": {"slug": slug, "url": f"http://127.0.0.1/dashboard/acme/actions/{slug}"},
                "environment": "production",
                "user": user,
                "params": through_the_url(params),
            },
        )

    def shown(self, render: Any) -> None:
        self._renders.put(Render(render))

    def completed(self, result: Any) -> None:
        self._results.put(result)

    def form(self) -> Render:
        """What is shown next. An action that ends instead fails the test with what it said."""
        form = self.next()
        assert form is not None, f"the action ended: {self._results.get()}"
        return form

    def next(self) -> Render | None:
        """Wait for what is shown next; None where the action has ended instead."""
        for _ in range(int(PATIENCE * 20)):
            try:
                self.screen = self._renders.get(timeout=0.05)
                return self.screen
            except queue.Empty:
                if self.is_over:
                    return None
        raise AssertionError("nothing was shown")

    def answer(self, given: Mapping[str, Any] | None = None, button: str | None = None) -> None:
        """Fill the form that is shown, and press a button: the first one unless another is named."""
        assert self.screen is not None
        buttons = self.screen.json.get("choiceButtons") or [{"label": "Continue", "value": "Continue"}]
        named = [one for one in buttons if button in (None, one["label"], one["value"])]
        assert named, f"{button} is not among {self.screen.buttons}"
        self.respond("RETURN", self.screen.answers(given or {}), named[0]["value"])

    def fill(self, given: Mapping[str, Any] | None = None, button: str | None = None) -> None:
        """Wait for the next form, and answer it."""
        self.form()
        self.answer(given, button)

    def confirm(self, yes: bool = True) -> Render:
        """Answer a question that is asked next; gives what was asked."""
        asked = self.form()
        assert [part["methodName"] for part in asked.components] == ["CONFIRM"], asked.labels
        self.respond("RETURN", [yes])
        return asked

    def search(self, label: str, text: str) -> Render:
        """Type into a search, and see what it finds."""
        self.set_state(label, {"queryTerm": text})
        self.form()  # the SDK sends each new state twice
        return self.form()

    def cancel(self) -> None:
        self.respond("CANCELED", [])
        self.leave()

    def leave(self) -> None:
        self.server.call("CLOSE_TRANSACTION", {"transactionId": self.key})

    def result(self) -> Any:
        """What the action ended with, if it did well."""
        result = self._results.get(timeout=PATIENCE)
        assert result["status"] == "SUCCESS" and NOT_DONE not in (result["data"] or ""), result["data"]
        self.leave()
        return result["data"]

    def failure(self) -> str:
        """Why the action was not done: told as its result, or as a failure that nobody foresaw."""
        result = self._results.get(timeout=PATIENCE)
        self.leave()
        if result["status"] == "FAILURE":
            return _failure(result["data"])
        assert NOT_DONE in result["data"], result["data"]
        return str(result["data"][NOT_DONE])

    def outcome(self) -> str:
        """What the action ended with, whether it did well or failed."""
        result = self._results.get(timeout=PATIENCE)
        self.leave()
        return _failure(result["data"]) if result["status"] == "FAILURE" else str(result["data"])

    @property
    def is_over(self) -> bool:
        return not self._results.empty()


def _failure(data: Mapping[str, str]) -> str:
    return f"{data['error']}: {data['message']}"


class OpenPage(Session):
    """Somebody looks at a page."""

    def __init__(
        self, server: IntervalServer, slug: str, params: Mapping[str, str] | None, user: Mapping[str, Any]
    ) -> None:
        super().__init__(server, slug)
        self._layouts: queue.Queue[Any] = queue.Queue()
        self.layout: Any = None
        answer = server.call(
            "OPEN_PAGE",
            {
                "pageKey": self.key,
                "page": {"slug": slug},
                "environment": "production",
                "user": user,
                "params": through_the_url(params),
            },
        )
        assert answer["type"] == "SUCCESS", answer
        self.next()
        self._fetch_tables()

    def laid_out(self, layout: Any) -> None:
        self._layouts.put(layout)

    def next(self, seconds: float = PATIENCE) -> None:
        self.layout = self._layouts.get(timeout=seconds)
        self.screen = Render(self.layout["children"])

    @property
    def render(self) -> Render:
        assert self.screen is not None
        return self.screen

    @property
    def menu(self) -> list[str]:
        return [item["label"] for item in self.layout.get("menuItems") or []]

    def link(self, label: str) -> tuple[str, dict[str, str]]:
        """Where a button of the page's menu leads."""
        (item,) = [item for item in self.layout["menuItems"] if item["label"] == label]
        return item["route"], item.get("params") or {}

    def look(self, label: str, **state: Any) -> list[dict[str, str]]:
        """Sort, search or turn the pages of a table, and see its rows."""
        full = {"queryTerm": "", "sortColumn": UNDEFINED, "sortDirection": UNDEFINED, "offset": 0, "pageSize": 20}
        self.set_state(label, {**full, **state})
        self.next()
        self.next()  # the SDK sends each new state twice
        return self.render.rows(label)

    def row(self, label: str, **wanted: str) -> Any:
        return self.render.row(label, **wanted)

    def close(self) -> None:
        self.server.call("CLOSE_PAGE", {"pageKey": self.key})
        del self.server.sessions[self.key]

    def _fetch_tables(self) -> None:
        """A browser asks at once for the rows of a table that has none yet."""
        for part in self.render.components:
            if part["methodName"] == "DISPLAY_TABLE" and part["props"].get("isAsync"):
                self.look(part["label"])


class Person:
    """Somebody who uses the dashboard."""

    def __init__(self, server: IntervalServer, user: Mapping[str, Any] = ADA) -> None:
        self.server = server
        self.user = user

    def run(self, slug: str, /, **params: str) -> Transaction:
        """Start an action by its route: in dev, unless a parameter says otherwise."""
        actions = self.server.host.actions
        assert slug in actions, f"{slug} is not among {sorted(actions)}"
        return Transaction(self.server, slug, {"environment": "dev", **params}, self.user)

    def open(self, slug: str, /, **params: str) -> OpenPage:
        """Open a page by its route: in dev, unless a parameter says otherwise."""
        assert slug in self.server.host.pages, slug
        return OpenPage(self.server, slug, {"environment": "dev", **params}, self.user)

    def click(self, row: Any, label: str) -> Transaction | OpenPage:
        """Pick something from a row's menu."""
        (item,) = [item for item in row["menu"] if item["label"] == label]
        return self.follow(item["route"], item.get("params") or {})

    def follow(self, route: str, params: Mapping[str, str]) -> Transaction | OpenPage:
        """Go where a link leads."""
        if route in self.server.host.pages:
            return self.open(route, **params)
        return self.run(route, **params)
