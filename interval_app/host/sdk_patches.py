"""Correct from outside what interval-sdk 1.5.1 does wrong, so that nothing of it reaches a user of the dashboard.

It changes values on their way, loses its connection for good, keeps every page that was ever opened, and keeps silent
where something failed. The corrections touch private names, so they are for this one version. Use `Host` instead of
the SDK's `Interval`; docs/decisions/interval-sdk.md lists the defects.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import inspect
import logging
from collections.abc import Coroutine
from typing import Any, Final
from uuid import uuid4

VERSION: Final = "1.5.1"


class OtherSdkVersionError(ImportError):
    """The installed interval-sdk is not the one that this module corrects."""


def check_version(installed: str) -> None:
    """Raise OtherSdkVersionError unless this is the version that the corrections were made for."""
    if installed != VERSION:
        raise OtherSdkVersionError(f"the dashboard needs interval-sdk {VERSION}, and {installed} is installed")


check_version(importlib.metadata.version("interval-sdk"))

# The names below exist in that version, and what is done to them was tried with it.
import interval_sdk.main as sdk  # noqa: E402
import websockets.client  # noqa: E402
from interval_sdk import internal_rpc_schema as messages  # noqa: E402
from interval_sdk import io_schema as components  # noqa: E402
from interval_sdk.classes import rpc  # noqa: E402
from interval_sdk.classes.component import Component  # noqa: E402
from interval_sdk.classes.io_client import IOClient  # noqa: E402
from interval_sdk.classes.isocket import ISocket  # noqa: E402
from interval_sdk.classes.logger import Logger  # noqa: E402
from interval_sdk.superjson import plainer  # noqa: E402
from pydantic import parse_obj_as  # noqa: E402
from pydantic.fields import ModelField  # noqa: E402

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES: Final = 32 << 20
"""The SDK drops its connection at an answer above 1 MiB, and 100,000 members take more."""
CONNECT_SECONDS: Final = 10.0
DECLARE_SECONDS: Final = 10.0
MAX_ATTEMPTS: Final = 5
KEEP_FINISHED_SECONDS: Final = 3_600.0
"""How long what a finished action showed stays usable: a closed browser tab never says that it is gone."""
GONE: Final = "This page or action is not there any more. Reload the dashboard."

_tasks: set[asyncio.Task[Any]] = set()


def spawn(work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """Run a coroutine in a task that is not garbage-collected before its end; log its failure."""
    task = asyncio.get_running_loop().create_task(work, name=name)
    _tasks.add(task)
    task.add_done_callback(_finished)
    return task


def _finished(task: asyncio.Task[None]) -> None:
    _tasks.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)


# -- values: pydantic's unions turn the text `on` into true, `1` into a number and `2024-01-01` into a date ------------


def _leave_as_it_is(model: Any, *names: str) -> None:
    for name in names:
        field = model.__fields__[name]
        model.__fields__[name] = ModelField(
            name=name,
            type_=Any,
            class_validators=None,
            model_config=model.__config__,
            default=field.default,
            required=field.required,
            alias=field.alias,
        )


def _correct_values() -> None:
    for model in (
        messages.StartTransactionInputs,
        messages.OpenPageInputs,
        messages.SendRedirectInputs,
        components.ButtonItemModel,
        components.TableMenuItemModel,
        components.DisplayLinkProps,
        components.MetaItemDefinitionModel,
    ):
        _leave_as_it_is(model, "params")
    _leave_as_it_is(components.MetaItemDefinitionModel, "value")
    for option in (components.RichSelectOptionModel, components.LabelValueModel):
        _leave_as_it_is(option, "label", "value")
    for result in (components.RenderableSearchResultModel, components.InnerRenderableSearchResultModel):
        _leave_as_it_is(result, "label")
    for row in (components.InternalTableRow, components.InternalTableRowModel):
        _leave_as_it_is(row, "data")
    _leave_as_it_is(components.InputBooleanProps, "default_value")  # declared as a text, which the browser refuses
    sdk.deserialize_dates = dict  # parameters are texts, also those that look like times
    plainer.untransform_value = _untransformed(plainer.untransform_value)


def _untransformed(original: Any) -> Any:
    """Leave a text like 12:30:45 a text: the browser marks it as a time, and nothing of ours asks for times."""

    def untransformed(value: Any, kind: Any) -> Any:
        return value if list(kind) == ["custom", "time"] else original(value, kind)

    return untransformed


# -- silence: failures that nobody is told of --------------------------------------------------------------------------


async def _validated(self: Component, answer: Any) -> str | None:
    """Check an answer. Where the validator raises, the SDK would refuse without a word, and print the answer."""
    try:
        value = self.parse_return_value(answer)
        said = self.validator(value) if self.validator is not None else None
        message: str | None = await said if inspect.isawaitable(said) else said
    except Exception as error:
        log.error("an answer could not be checked: %s", type(error).__name__)
        message = "This could not be read. Enter it again, or leave this form and come back."
    self.instance.validation_error_message = message
    return message


def _logged(level: int) -> Any:
    def method(_: Logger, *parts: Any, **__: Any) -> None:
        # Messages of the protocol are left out: they carry what people typed.
        said = [str(part) for part in parts if isinstance(part, str | int | BaseException)]
        log.log(level, "%s", " ".join(said).strip())

    return method


def _correct_silence() -> None:
    Component.handle_validation = _validated
    Logger.prod = Logger.prod_no_prefix = Logger.info = Logger.info_no_prefix = _logged(logging.INFO)
    Logger.warn = _logged(logging.WARNING)
    Logger.error = _logged(logging.ERROR)
    Logger.print_exception = lambda self, error=None: log.debug("in the SDK", exc_info=error or True)


# -- memory: the task that shows a page waits for ever for answers to it, with all the page's data ---------------------


class _Client(IOClient):
    def __init__(self, *args: Any, display_resolves_immediately: bool | None = None, **more: Any) -> None:
        # Only pages leave it open. They show and do not ask, so there is nothing to wait for.
        at_once = True if display_resolves_immediately is None else display_resolves_immediately
        super().__init__(*args, display_resolves_immediately=at_once, **more)


# -- connection --------------------------------------------------------------------------------------------------------


class _Socket(ISocket):
    """Notices every end of its connection, once, and does not cancel whoever is to make the next."""

    _ending: asyncio.Task[None] | None = None

    async def _consumer_handler(self, ws: Any) -> None:
        await super()._consumer_handler(ws)
        # Also reached after an orderly close, and after a frame that the SDK could not read.
        await self._handle_close(ws.close_code or 1006, ws.close_reason or "the connection broke off")

    async def _handle_close(self, code: int, reason: str) -> None:
        if self._ending is not None:
            return
        if not self.on_authenticated.done():
            self.on_authenticated.set_exception(HandshakeRefusedError(code, reason))
        self._ending = spawn(self._end(code, reason), "interval-close")

    async def _end(self, code: int, reason: str) -> None:
        if self._connection_future is not None:
            self._connection_future.cancel()
        await self._ws.close()
        if self.on_close is not None:
            await self.on_close(code, reason)

    async def close(self, code: int = 1000, reason: str = "closed by us") -> None:
        await self._handle_close(code, reason)
        if self._ending is not None:
            await asyncio.wait({self._ending})


class HandshakeRefusedError(ConnectionError):
    """The server closed the connection before it let us in."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{reason or 'the server closed the connection'} ({code})")
        self.code = code


class _Rpc(rpc.DuplexRPCClient):
    """Calls fail when their connection does, instead of waiting for an answer that can't come."""

    async def send(self, method_name: Any, inputs: dict[str, Any], *, timeout_factor: int | None = None) -> Any:
        call_id = rpc.generate_id()
        message = messages.DuplexMessage(id=call_id, data=inputs, method_name=method_name, kind="CALL")
        answer = self._pending_calls[call_id] = asyncio.get_running_loop().create_future()
        try:
            await self._communicator.send(message.json(), timeout_factor=timeout_factor)
            return parse_obj_as(self._can_call[method_name].returns, await answer)
        finally:
            self._pending_calls.pop(call_id, None)

    def fail_pending(self) -> None:
        for answer in self._pending_calls.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the connection broke off"))


class Host(sdk.Interval):
    """The SDK's `Interval`, for `interval_app.host.process` to keep connected; add routes before connecting."""

    def __init__(self, api_key: str, *, endpoint: str) -> None:
        super().__init__(api_key, endpoint=endpoint, retry_interval=1)
        self._instance_id = uuid4()
        self._up = asyncio.Event()
        self.down = asyncio.Event()
        """Set when a connection is lost, cleared when there is one again."""

    async def connect(self) -> None:
        """Make one attempt: connect, be let in, declare what there is. Raises whatever went wrong."""
        socket = await self._open_socket()
        try:
            self._isocket = socket
            if self._server_rpc is None:
                self._create_rpc_client()
            else:
                self._server_rpc.set_communicator(socket)
            self._is_connected = True
            await asyncio.wait_for(self._initialize_host(), DECLARE_SECONDS)
            if not socket.is_open:
                raise ConnectionError("the connection broke off")
        except BaseException:
            self._is_connected = False
            await socket.close()
            raise
        self.down.clear()
        self._up.set()
        spawn(self._send_again(), "interval-send-again")

    async def drain(self, seconds: float) -> None:
        """Take no new work, and let running actions end for so many seconds; `immediately_close` is to follow."""
        self._shutdown_fut = asyncio.get_running_loop().create_future()
        if self._up.is_set():
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self._server_rpc.send("BEGIN_HOST_SHUTDOWN", {}), 2)
        running = [task for task in asyncio.all_tasks() if task.get_name() == "handle_action"]
        if running:
            await asyncio.wait(running, timeout=seconds)

    async def _open_socket(self) -> _Socket:
        connection = await websockets.client.connect(
            self._endpoint,
            extra_headers={"x-api-key": self._api_key, "x-instance-id": str(self._instance_id)},
            open_timeout=CONNECT_SECONDS,
            ping_interval=self._ping_interval_seconds,
            ping_timeout=self._ping_timeout_seconds,
            max_size=MAX_MESSAGE_BYTES,
        )
        socket = _Socket(connection, id=self._instance_id, on_close=self._lost, connect_timeout=CONNECT_SECONDS)
        try:
            await socket.connect()
        except BaseException:
            await socket.close()
            raise
        return socket

    async def _lost(self, code: int, reason: str) -> None:
        self._is_connected = False
        self._up.clear()
        if self._server_rpc is not None:
            self._server_rpc.fail_pending()
        log.info("the connection to the Interval server ended (%s: %s)", code, reason)
        self.down.set()

    async def _send(self, method_name: Any, inputs: dict[str, Any]) -> Any:
        """Send a message, waiting for the connection as long as it takes: no outcome of an action is lost."""
        if method_name == "INITIALIZE_HOST":
            return await self._server_rpc.send(method_name, inputs)
        attempts = 0
        while attempts < MAX_ATTEMPTS:
            if method_name in ("SEND_LOADING_CALL", "SEND_LOG") and not self._up.is_set():
                return True  # work goes on without being shown; the last progress is sent again later
            await self._up.wait()
            try:
                answer = await self._server_rpc.send(method_name, inputs, timeout_factor=attempts + 1)
            except Exception as error:
                attempts += self._up.is_set()
                log.warning("the Interval server did not take %s: %s", method_name, error)
                await asyncio.sleep(self._retry_interval_seconds)
                continue
            if method_name == "MARK_TRANSACTION_COMPLETE":
                transaction = inputs["transactionId"]
                asyncio.get_running_loop().call_later(KEEP_FINISHED_SECONDS, self._close_transaction, transaction)
            return answer
        raise sdk.IntervalError(f"the Interval server does not take {method_name}")

    async def _send_again(self) -> None:
        """Send the forms, pages and progress again that people wait for after a reconnection."""
        await asyncio.gather(
            self._resend_pending_io_calls(),
            self._resend_pending_page_layouts(),
            self._resend_transaction_loading_states(),
        )

    async def _resend_transaction_loading_states(self, ids_to_resend: Any = None) -> None:
        for transaction, state in list(self._transaction_loading_states.items()):
            inputs = messages.SendLoadingCallInputs(transaction_id=transaction, **state.dict(by_alias=False))
            if not await self._send("SEND_LOADING_CALL", inputs.dict()):
                self._transaction_loading_states.pop(transaction, None)

    def _create_rpc_client(self) -> None:
        super()._create_rpc_client()
        handlers = self._server_rpc._handlers
        start, close_page = handlers["START_TRANSACTION"], handlers["CLOSE_PAGE"]

        async def start_transaction(inputs: Any) -> None:
            if inputs.action.slug not in self._action_handlers:
                spawn(self._refuse(inputs.transaction_id), "interval-refuse")  # the SDK would leave the user waiting
                return
            await self._up.wait()  # before that the SDK would drop it
            await start(inputs)

        async def page_closed(inputs: Any) -> None:
            self._transaction_loading_states.pop(inputs.page_key, None)
            if inputs.page_key in self._open_pages:  # else the SDK fails, and never answers
                await close_page(inputs)

        handlers |= {"START_TRANSACTION": start_transaction, "CLOSE_PAGE": page_closed}

    async def _refuse(self, transaction: str) -> None:
        failure = components.ActionResult(
            status="FAILURE",
            data=components.IOFunctionReturnModel.parse_obj({"error": "ActionGoneError", "message": GONE}),
        )
        inputs = messages.MarkTransactionCompleteInputs(transaction_id=transaction, result=failure.json())
        await self._send("MARK_TRANSACTION_COMPLETE", inputs.dict())


def _apply() -> None:
    _correct_values()
    _correct_silence()
    sdk.IOClient, sdk.DuplexRPCClient = _Client, _Rpc


_apply()
