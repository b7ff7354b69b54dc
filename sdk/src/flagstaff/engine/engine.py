"""Evaluating flags: a flagd document in, answers out. No I/O, no clock but `$flagd.timestamp`'s, no HTTP."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from copy import copy
from threading import Lock
from typing import Any

from openfeature.exception import ParseError

from flagstaff.engine.answers import error
from flagstaff.engine.compiler.parts import Parts
from flagstaff.engine.definition import NOT_UNICODE, read_metadata
from flagstaff.engine.evaluation import ErrorCode, Evaluation, Metadata, Reason
from flagstaff.engine.evaluators import Evaluators
from flagstaff.engine.explanation import Explanation, explain
from flagstaff.engine.flag import Flag, FlagSet
from flagstaff.engine.moments import NEVER
from flagstaff.jsonlogic.fractional import Bucketing
from flagstaff.jsonlogic.values import UnknownOperationError
from flagstaff.targeting.branches import Branch
from flagstaff.targeting.segments import NOTHING_KNOWN, Known

__all__ = ["Engine", "ErrorCode", "Evaluation", "Reason"]

logger = logging.getLogger(__name__)

NO_CONTEXT: Mapping[str, Any] = {}

DEFAULT_BUCKETING = Bucketing.V2


class Engine:
    """The flags of one flagd document (https://flagd.dev/reference/flag-definitions/), each compiled once.

    Evaluations may run in any number of threads while `update` changes the flags: each sees the flags as they were
    before an update or as they are after it, and takes no lock.

    Args:
        document: `{"flags": {…}, "metadata": {…}, "$evaluators": {…}}`, as a dict or as JSON text. It must not be
            changed afterwards. The list in `{"in": [x, list]}` may be a `collections.abc.Set` of texts: it is then used
            as it is.
        bucketing: how splits hash, instead of what the document's metadata says in `fractionalBucketing` (else v2).

    Raises:
        ParseError: the document as a whole can't be read. A single broken flag does not raise: it is reported in
            `errors`, and evaluates to the error `PARSE_ERROR`.
    """

    def __init__(self, document: Mapping[str, Any] | str | bytes, bucketing: Bucketing | str | None = None) -> None:
        source = _read(document)
        self._lock = Lock()
        self._bucketing = bucketing
        self._flags: dict[str, Flag] = {}
        self._sorted: tuple[Mapping[str, Flag], Sequence[str], Sequence[str]] = {}, (), ()
        self._shared = Evaluators(source.get("$evaluators") or {})
        self._within = self._flag_set(source.get("metadata", {}), self._shared.prepared)
        self.update(source.get("flags", {}))

    def evaluate(self, key: str, context: Mapping[str, Any] = NO_CONTEXT) -> Evaluation:
        """Return the answer of the flag `key` for a context (OpenFeature's attributes, with `targetingKey` as one of
        them).

        Never raises: what goes wrong is an answer with an `error_code`. That is also a text in the context that UTF-8
        can't encode, where a split hashes it, and what would take too long: a list of more than 1,000 items taken as
        text, or loops with too many steps.
        """
        flag = self._flags.get(key)
        if flag is None:
            return error(ErrorCode.FLAG_NOT_FOUND, f"there is no flag {key!r}")
        try:
            return flag.decide(context)
        except Exception as failure:
            return self._failed(key, failure)

    def explain(self, key: str, context: Mapping[str, Any] = NO_CONTEXT, known: Known = NOTHING_KNOWN) -> Explanation:
        """Return what `evaluate` answers, and every step that led there. It is for people, and takes its time.

        Args:
            known: what segments and prerequisites are called, which the document does not say.
        """
        flag = self._flags.get(key)
        definition = flag.definition if flag else {}
        parts = Parts(key, self._within.bucketing, self._within.evaluators)
        return explain(key, definition, self.evaluate(key, context), parts, context, known)

    def branch(self, key: str, context: Mapping[str, Any] = NO_CONTEXT) -> Branch | None:
        """Return which branch of its targeting decides a flag for a context (see `flagstaff.targeting.read`).

        None where none does: the flag is unknown, disabled, has no targeting, or nothing in it matched. The first call
        for a flag compiles its conditions once more; later ones cost as much as `evaluate`.
        """
        flag = self._flags.get(key)
        if flag is None or flag.error is not None or flag.definition["state"] != "ENABLED":
            return None
        try:
            return flag.branch(context)
        except Exception as failure:
            logger.debug("tracing %r failed", key, exc_info=failure)
            return None

    def update(
        self,
        changed: Mapping[str, Any],
        removed: Iterable[str] = (),
        metadata: Metadata | None = None,
        *,
        evaluators: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace or add the flags of `changed` (key to flagd definition) and drop those of `removed`, at once.

        Args:
            metadata: the document's new metadata, which every flag's answers carry; None leaves it.
            evaluators: all of the document's new `$evaluators`; None leaves them.

        Raises:
            ParseError: `changed` or `evaluators` is no object, or the metadata is not flat; nothing has changed then.
        """
        if not isinstance(changed, Mapping):
            raise ParseError("'flags' has to be an object")
        if not isinstance(evaluators or {}, Mapping):
            raise ParseError("'$evaluators' has to be an object")
        with self._lock:
            shared = self._shared if evaluators is None else Evaluators(evaluators, self._shared)
            within = self._flag_set(self._within.metadata if metadata is None else metadata, shared.prepared)
            flags = self._recompile_for(within, shared.changed_since(self._shared))
            flags.update((key, Flag(key, definition, within)) for key, definition in changed.items())
            for key in removed:
                flags.pop(key, None)
            self._flags, self._within, self._shared = flags, within, shared

    def selection(self, chosen: Callable[[Mapping[str, Any]], bool], metadata: Metadata) -> Engine:
        """Return an engine of the flags whose definitions are chosen, as they are now: later updates do not reach it.

        Both share what is compiled.

        Args:
            metadata: what the engine says of itself; the answers of its flags go on carrying this one's.
        """
        part = copy(self)
        part._lock = Lock()
        part._flags = {key: flag for key, flag in self._flags.items() if chosen(flag.definition)}
        part._within = self._within._replace(metadata=metadata)
        return part

    def next_moment(self, after: float) -> int | None:
        """Return the first time after this one at which some flag's answers change only because time has passed.

        Times are seconds since 1970. None: nothing of that kind is planned.
        """
        found = (flag.moments.after(after) for flag in self._timed())
        return min((moment for moment in found if moment is not None), default=None)

    def changed_by_time(self, after: float, until: float) -> list[str]:
        """Return the flags whose answers change because of a moment after one time and until another."""
        return [
            flag.key for flag in self._timed() if (moment := flag.moments.after(after)) is not None and moment <= until
        ]

    def _timed(self) -> list[Flag]:
        """Return the flags whose answers change with time; of thousands mostly a few."""
        return [flag for flag in self._flags.values() if flag.moments is not NEVER]

    def keys(self) -> Set[str]:
        """Return the keys of all flags, broken ones included."""
        return self._flags.keys()

    def sorted_keys(self) -> Sequence[str]:
        """Return the keys of all flags, sorted; worked out once after each update."""
        return self._sorted_anew()[1]

    def boolean_keys(self) -> Sequence[str]:
        """Return the keys of the flags whose variants are all true or false, sorted; worked out once after
        each update.
        """
        return self._sorted_anew()[2]

    def _sorted_anew(self) -> tuple[Mapping[str, Flag], Sequence[str], Sequence[str]]:
        """Return the flags, their keys in order, and those of the boolean ones."""
        found = self._sorted
        if found[0] is not (flags := self._flags):
            keys = tuple(sorted(flags))
            found = self._sorted = flags, keys, tuple(key for key in keys if flags[key].is_boolean)
        return found

    def definition(self, key: str) -> Mapping[str, Any] | None:
        """Return the flagd definition of a flag."""
        flag = self._flags.get(key)
        return flag.definition if flag else None

    def fields(self, key: str) -> frozenset[str]:
        """Return the top-level context fields that a flag's targeting reads, as far as it names them."""
        flag = self._flags.get(key)
        return flag.fields if flag else frozenset()

    @property
    def errors(self) -> Mapping[str, str]:
        """The flags that could not be compiled, and why. Compiles all that have not been asked for yet."""
        return {key: flag.error for key, flag in self._flags.items() if flag.error}

    @property
    def metadata(self) -> Metadata:
        """The document's own metadata."""
        return self._within.metadata

    def _flag_set(self, metadata: Any, evaluators: Mapping[str, Any]) -> FlagSet:
        try:
            bucketing = self._bucketing or read_metadata(metadata).get("fractionalBucketing", DEFAULT_BUCKETING)
            return FlagSet(read_metadata(metadata), Bucketing(str(bucketing)), evaluators)
        except ValueError as wrong:
            raise ParseError(f"the document's metadata can't be read: {wrong}") from wrong

    def _recompile_for(self, within: FlagSet, evaluators: Set[str]) -> dict[str, Flag]:
        """Return the flags as they are in a document of that metadata: new ones where an answer carries what has
        changed, or where they refer to evaluators that have, which are those of these names.

        Those are few where flags give for themselves what changes often, as Flagstaff's do with the revision.
        """
        changed = {name for name, _ in self.metadata.items() ^ within.metadata.items()}
        return {
            key: flag
            if changed <= flag.own_metadata and not (evaluators and flag.references & evaluators)
            else Flag(key, flag.definition, within)
            for key, flag in self._flags.items()
        }

    def _failed(self, key: str, failure: Exception) -> Evaluation:
        logger.debug("evaluating %r failed", key, exc_info=failure)
        if isinstance(failure, UnicodeEncodeError):
            return error(ErrorCode.INVALID_CONTEXT, f"flag {key!r}: a text of the context is {NOT_UNICODE}")
        code = ErrorCode.PARSE_ERROR if isinstance(failure, UnknownOperationError) else ErrorCode.GENERAL
        return error(code, f"flag {key!r}: {failure}")


def _read(document: Mapping[str, Any] | str | bytes) -> Mapping[str, Any]:
    if isinstance(document, str | bytes):
        try:
            document = json.loads(document, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as wrong:
            raise ParseError(f"the document is not JSON: {wrong}") from wrong
    if not isinstance(document, Mapping):
        raise ParseError("a flagd document has to be an object")
    if not isinstance(document.get("$evaluators") or {}, Mapping):
        raise ParseError("'$evaluators' has to be an object")
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
