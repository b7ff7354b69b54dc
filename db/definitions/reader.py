"""Following an environment: everything once, then only what changed."""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from db.configuration.catalog import read_catalog
from db.configuration.flag_rows import FlagRow, flag_rows
from db.database import rows, snapshot
from db.definitions import member_rows
from db.definitions.document import flag_definition, metadata
from db.definitions.id_sets import changed
from db.definitions.member_rows import Group
from db.definitions.summaries import FlagSummary, summary_of
from db.vocabulary import JsonObject, JsonValue
from db.writing import find_environment
from flagstaff.jsonlogic import nodes
from flagstaff.targeting import Catalog, Layer

MemberSets: TypeAlias = "Mapping[tuple[str, str], Set[str]]"
"""Ids by variant and entity type; never changed, only replaced."""


class Delta(NamedTuple):
    """What became of an environment's flags since the refresh before."""

    revision: int
    changed: dict[str, JsonObject]
    """Definitions by key; member lists are `collections.abc.Set`s of text instead of lists."""
    removed: set[str]
    """Keys of flags that are gone."""
    metadata: JsonObject
    """The document's metadata at this revision."""
    complete: bool
    """Whether `changed` is everything there is, so that what is not in it is gone."""
    summaries: dict[str, FlagSummary]
    """Of the flags in `changed`, by key."""
    evaluators: dict[str, JsonValue]
    """All of the document's evaluators; lists of ids are `Set`s here too."""
    segments: dict[str, JsonValue]
    """The JsonLogic of the segments that `changed` refers to, by key."""
    gone: dict[str, int]
    """Keys that no flag has any more, and the revision at which each went; where `complete`, those of all time."""
    client_revision: int
    """The last revision that changed anything for client keys."""
    layers: Mapping[str, Layer] = {}
    """The layers that the flags in `changed`, and those that they need, are in, by key."""


class EnvironmentReader:
    """Keeps up with one environment. One thread at a time; the caller hands each delta on before the next refresh."""

    def __init__(self, environment: str, *, bucketing: str = "v2") -> None:
        self.environment = environment
        self.bucketing = bucketing
        self.revision = -1
        self._members: dict[int, MemberSets] = {}  # by configuration, of live flags
        self._evaluators: dict[str, JsonValue] = {}
        self._uses: dict[str, frozenset[str]] = {}  # names of evaluators, by the flags that refer to some

    def refresh(self) -> Delta:
        """Return what changed since the last refresh; the first one brings everything.

        So does one that finds an earlier revision than it knows: the database was set back. Raises
        UnknownEnvironmentError or DatabaseUnavailableError, and is then as if it had not been called.
        """
        with _no_garbage_collection():
            return self._refresh()

    def _refresh(self) -> Delta:
        with snapshot():
            environment = find_environment(self.environment)
            query = "SELECT revision, client_revision FROM environment WHERE id = %s"
            ((revision, client_revision),) = rows(query, environment.id)
            complete = not 0 <= self.revision <= revision
            known = {} if complete else self._members
            since = 0 if complete else self.revision
            flags = flag_rows(environment.id, since) if complete or since < revision else []
            live = [flag for flag in flags if not flag.archived]
            members = _members(live, known, since)
            catalog = read_catalog(
                environment.id, live, lambda needed: self._members_of(needed, members), ids_as=frozenset
            )
        gone = [flag for flag in flags if flag.archived]
        self._members = {**known, **members}
        for flag in gone:
            self._members.pop(flag.id, None)
        self.revision = revision
        return self._delta(live, gone, complete, catalog, client_revision)

    def _members_of(self, needed: Sequence[FlagRow], fresh: Mapping[int, MemberSets]) -> dict[int, MemberSets]:
        """Return the members of flags that others need: those just read, or those that have not changed."""
        return {flag.id: fresh.get(flag.id) or self._members.get(flag.id, {}) for flag in needed}

    def _delta(
        self, live: list[FlagRow], gone: list[FlagRow], complete: bool, catalog: Catalog, client_revision: int
    ) -> Delta:
        definitions = {flag.key: flag_definition(flag, self._members[flag.id], catalog) for flag in live}
        uses = _references(live, definitions, catalog) if catalog.evaluators else {}
        self._take_in(uses, live, gone, complete, catalog)
        # A key that one flag gave up may be another's by now.
        went = {flag.key: flag.revision for flag in sorted(gone, key=_revision) if flag.key not in definitions}
        removed = set() if complete else set(went)
        about = metadata(self.environment, self.revision, self.bucketing)
        summaries = {
            flag.key: summary_of(flag, self._members[flag.id], uses.get(flag.key, frozenset())) for flag in live
        }
        segments = dict(catalog.known().segments)
        return Delta(
            self.revision,
            definitions,
            removed,
            about,
            complete,
            summaries,
            dict(self._evaluators),
            segments,
            went,
            client_revision,
            dict(catalog.layers),
        )

    def _take_in(
        self,
        uses: Mapping[str, frozenset[str]],
        live: Sequence[FlagRow],
        gone: Sequence[FlagRow],
        complete: bool,
        catalog: Catalog,
    ) -> None:
        """Keep the evaluators that flags refer to, and no others."""
        if complete:
            self._uses = {}
        for flag in (*live, *gone):
            self._uses.pop(flag.key, None)
        self._uses |= {key: names for key, names in uses.items() if names}
        used: set[str] = set().union(*self._uses.values())
        self._evaluators = {name: logic for name, logic in self._evaluators.items() if name in used}
        self._evaluators |= {name: logic for name, logic in catalog.evaluators.items() if name in used}


def _references(
    flags: Sequence[FlagRow], definitions: Mapping[str, JsonObject], catalog: Catalog
) -> dict[str, frozenset[str]]:
    """Return the names of the evaluators that flags refer to: by segments, or by what is written into them."""
    named = {key for flag in flags for key in flag.segments}
    of_segments = {key: nodes.references(catalog.segment(key)) for key in named}
    return {
        flag.key: nodes.references(definitions[flag.key].get("targeting"))
        if flag.prerequisites
        else frozenset().union(*(of_segments[key] for key in flag.segments))
        for flag in flags
    }


def _revision(flag: FlagRow) -> int:
    return flag.revision


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Reading much makes no garbage, and looking through it again and again would take as long as the reading."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _members(flags: list[FlagRow], known: Mapping[int, MemberSets], since: int) -> dict[int, MemberSets]:
    """Return the members of these flags: what is known brought up to date, and all of those of which nothing is."""
    fresh = [flag.id for flag in flags if flag.id not in known]
    members: dict[int, MemberSets] = {
        id_: {name: frozenset(ids) for name, ids in groups.items()} for id_, groups in member_rows.all_of(fresh).items()
    }
    touched: defaultdict[int, list[Group]] = defaultdict(list)
    for group in member_rows.touched_after((flag.id for flag in flags if flag.id in known), since):
        touched[group.configuration_id].append(group)
    for flag in flags:
        members.setdefault(flag.id, _brought_up_to_date(known.get(flag.id, {}), touched[flag.id]))
    return members


def _brought_up_to_date(members: MemberSets, touched: Sequence[Group]) -> MemberSets:
    """Whoever was touched is taken out of every set of their type and put where they are now."""
    now = {(group.variant, group.entity_type): frozenset(group.ids) for group in touched if group.variant is not None}
    moved: defaultdict[str, set[str]] = defaultdict(set)
    for group in touched:
        moved[group.entity_type].update(group.ids)
    result = dict(members)
    for name in {name for name in members if name[1] in moved} | now.keys():
        added = now.get(name, frozenset())
        result[name] = changed(members.get(name, frozenset()), added=added, removed=moved[name[1]] - added)
    return {name: ids for name, ids in result.items() if ids}
