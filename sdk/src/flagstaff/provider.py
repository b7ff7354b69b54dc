"""OpenFeature providers: from a Flagstaff server, and from a file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEventDetails
from openfeature.exception import ErrorCode, ParseError, ProviderFatalError, ProviderNotReadyError
from openfeature.flag_evaluation import FlagEvaluationDetails, FlagValueType
from openfeature.hook import Hook, HookContext, HookHints

from flagstaff.client import disk
from flagstaff.client.updater import Client
from flagstaff.engine.engine import Engine
from flagstaff.resolution import EngineProvider

__all__ = ["FileProvider", "FlagstaffProvider"]

log = logging.getLogger(__name__)


class FlagstaffProvider(EngineProvider):
    """Evaluates the flags of a Flagstaff server in this process.

    It fetches the definitions when it is set, follows the server's stream of changes in a thread of its own (and polls
    where there is none), and keeps the last good copy on disk, to start from when the server can't be reached.

    Its events: ready; configuration changed, with the keys; stale, while the server can't be reached or gives nothing
    of use; error, where the key is refused. In all of them it goes on with the last good definitions. Only a key that
    is refused at the start is fatal.

    Args:
        url: where the server is, such as `https://flags.example.com`.
        key: an API key of scope server.
        environment: the environment, where the key is bound to none; the server's default unless given.
        timeout: seconds that a request may take, and that becoming ready takes at most (and one more).
        poll_seconds: seconds between requests where there is no stream.
        stream: whether to follow the stream.
        copy_folder: where to keep the last good copy: a folder, `"default"` for `flagstaff` in the user's cache folder,
            None for nowhere.
        hooks: OpenFeature hooks that run for each evaluation by this provider.

    Raises:
        ValueError: the URL is not one of HTTP, the key can't be one, or a number is not positive.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        environment: str | None = None,
        timeout: float = 5.0,
        poll_seconds: float = 30.0,
        stream: bool = True,
        copy_folder: str | Path | None = "default",
        hooks: Sequence[Hook] = (),
    ) -> None:
        super().__init__("Flagstaff", hooks)
        self._url = url
        folder = disk.default_folder() if copy_folder == "default" else copy_folder and Path(copy_folder)
        self._client = Client(
            url,
            key,
            self,
            environment=environment,
            timeout=timeout,
            poll_seconds=poll_seconds,
            stream=stream,
            copy_folder=folder or None,
        )

    @property
    def revision(self) -> int | None:
        """The revision of the definitions in use; None before there are any."""
        definitions = self._client.definitions
        return definitions.revision if definitions else None

    @property
    def problem(self) -> str:
        """What is wrong with the server or the key, in words; empty where nothing is."""
        return self._client.problem

    def get_provider_hooks(self) -> list[Hook]:
        """Return the hooks that it was made with, and where the key was refused one that says so."""
        hooks = super().get_provider_hooks()
        return [*hooks, FatalProblem(self.problem)] if self._client.refused else hooks

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Wait for definitions, at most as long as a request may take; OpenFeature calls this.

        Raises:
            ProviderFatalError: the server refuses the key.
            ProviderNotReadyError: there is neither an answer nor a copy. It goes on trying, and says when it is ready.
        """
        try:
            self._client.start()
        except ProviderFatalError as error:
            log.error("no flags from %s: %s. Set the provider again with a right key", self._url, error.error_message)
            raise
        except ProviderNotReadyError as error:
            log.error("no flags from %s yet, trying again: %s", self._url, error.error_message)
            raise

    def shutdown(self) -> None:
        """End the background work. Flags keep the values they have."""
        self._client.stop()

    def definitions_in_use(self, engine: Engine) -> None:
        """Evaluate with this engine from now on; the client calls this and the following."""
        self.evaluate = engine.evaluate

    def definitions_changed(self, keys: Sequence[str]) -> None:
        """Report the flags that changed."""
        self.emit_provider_configuration_changed(ProviderEventDetails(flags_changed=list(keys)))

    def definitions_current(self) -> None:
        """Report that all is well again."""
        log.info("the flags of %s are current", self._url)
        self.emit_provider_ready(ProviderEventDetails())

    def definitions_stale(self, why: str) -> None:
        """Report that the definitions may be out of date."""
        log.warning("the flags of %s stay as they are, trying again: %s", self._url, why)
        self.emit_provider_stale(ProviderEventDetails(message=why))

    def key_refused(self, why: str) -> None:
        """Report that there will be no news with this key. Not as fatal: that would put every flag to its default."""
        log.error("the flags of %s stay as they are until the key is accepted again: %s", self._url, why)
        self.emit_provider_error(ProviderEventDetails(message=why, error_code=ErrorCode.GENERAL))


class FatalProblem(Hook):
    """Puts into evaluation details why the provider is fatal: OpenFeature's client then asks it no more, and gives
    an error without a message.
    """

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def finally_after(
        self, hook_context: HookContext, details: FlagEvaluationDetails[FlagValueType], hints: HookHints
    ) -> None:
        """Complete the details; OpenFeature calls this."""
        if details.error_code is ErrorCode.PROVIDER_FATAL and not details.error_message:
            details.error_message = self._problem


class FileProvider(EngineProvider):
    """Evaluates a flagd document from a file, such as one that was fetched from a Flagstaff server; needs no network.

    Args:
        path: the file. It is read when the provider is set.
        hooks: OpenFeature hooks that run for each evaluation by this provider.
    """

    def __init__(self, path: str | Path, *, hooks: Sequence[Hook] = ()) -> None:
        super().__init__("Flagstaff file", hooks)
        self._path = Path(path)
        self._problem = ""

    @property
    def problem(self) -> str:
        """Why the file is of no use, in words; empty where it was not read yet."""
        return self._problem

    def initialize(self, evaluation_context: EvaluationContext) -> None:
        """Read the file; OpenFeature calls this.

        Raises:
            ProviderNotReadyError: it can't be read, or is no flagd document.
        """
        try:
            self.evaluate = Engine(self._path.read_bytes()).evaluate
        except OSError as error:
            raise self._failed(f"the flag definitions can't be read: {error}") from error
        except ParseError as error:
            raise self._failed(f"{self._path}: {error.error_message}") from error

    def _failed(self, why: str) -> ProviderNotReadyError:
        self._problem = why
        log.error("no flags: %s", why)
        return ProviderNotReadyError(why)
