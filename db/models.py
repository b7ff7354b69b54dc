"""The tables. `db/migrations` holds their frozen copies; a test compares the two."""

# mypy: allow-untyped-calls

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from peewee import (
    SQL,
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    CompositeKey,
    DateField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
    UUIDField,
)
from playhouse.fields import EnumField
from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField

from db.database import database, write_json
from db.vocabulary import Action, Purpose, Scope, Source, ValueType


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Base(Model):
    class Meta:
        database = database
        legacy_table_names = False


class Environment(Base):
    """`revision` counts its commits; whoever writes holds this row's lock, so that commit order is revision order.
    `client_revision` is the last one that changed anything for client keys.

    The row of a deleted one stays, because the change log names it.
    """

    id = AutoField()
    key = CharField(max_length=128)
    name = TextField()
    protected = BooleanField(default=False)
    comment_required = BooleanField(default=False)
    revision = BigIntegerField(default=0)
    client_revision = BigIntegerField(default=0)
    created_at = DateTimeTZField(default=now)
    deleted_at = DateTimeTZField(null=True)


# The key of a deleted environment may be used again, so only live ones must be unique.
Environment.add_index(
    Environment.index(Environment.key, unique=True, where=Environment.deleted_at.is_null(), name="environment_live_key")
)


class Flag(Base):
    """What a flag is everywhere; what it does in one environment is its `Configuration`."""

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    key = CharField(max_length=128)
    name = TextField(null=True)
    description = TextField(default="")
    value_type = EnumField(ValueType, max_length=16)
    is_static = BooleanField()
    tags = BinaryJSONField(default=list, dumps=write_json, index=False)
    owner = TextField(null=True)
    purpose = EnumField(Purpose, max_length=16, null=True)
    expected_end = DateField(null=True)
    links = BinaryJSONField(default=list, dumps=write_json, index=False)
    metadata = BinaryJSONField(default=dict, dumps=write_json, index=False)
    client_side = BooleanField(default=False)
    created_at = DateTimeTZField(default=now)
    created_by = TextField()
    archived_at = DateTimeTZField(null=True)


# An archived key may be used again, so only live flags must be unique.
Flag.add_index(Flag.index(Flag.key, unique=True, where=Flag.archived_at.is_null(), name="flag_live_key"))


class Configuration(Base):
    """One flag in one environment. `variants` is [[name, value], …]: jsonb objects don't keep their order.

    `segments` are the keys of those that its rules name, so that they can be looked for.
    """

    environment_id: int

    id = AutoField()
    flag = ForeignKeyField(Flag, on_delete="RESTRICT", backref="configurations")
    environment = ForeignKeyField(Environment, on_delete="RESTRICT", index=False)
    enabled = BooleanField()
    variants = BinaryJSONField(dumps=write_json, index=False)
    default_variant = TextField(null=True)
    rules = BinaryJSONField(default=list, dumps=write_json, index=False)
    rollout = BinaryJSONField(null=True, dumps=write_json, index=False)
    ramp = BinaryJSONField(null=True, dumps=write_json, index=False)
    split_by = TextField(null=True)
    layer = BinaryJSONField(null=True, dumps=write_json, index=False)
    schedule = BinaryJSONField(default=list, dumps=write_json, index=False)
    prerequisites = BinaryJSONField(default=list, dumps=write_json, index=False)
    segments = BinaryJSONField(default=list, dumps=write_json, index=False)
    member_count = IntegerField(default=0)
    version = IntegerField(default=1)
    revision = BigIntegerField()
    updated_at = DateTimeTZField(default=now)
    updated_by = TextField()

    class Meta:
        indexes = ((("flag", "environment"), True), (("environment", "revision"), False))


for _referring in (Configuration.prerequisites, Configuration.segments):
    Configuration.add_index(
        Configuration.index(
            Configuration.environment,
            where=SQL(f"{_referring.name} <> '[]'::jsonb"),
            name=f"configuration_{_referring.name}",
        )
    )

Configuration.add_index(
    Configuration.index(Configuration.environment, where=Configuration.layer.is_null(False), name="configuration_layer")
)


class Layer(Base):
    """What flags that share one hash have in common; the range of each is in its `Configuration`."""

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    key = CharField(max_length=128)
    name = TextField(null=True)
    description = TextField(default="")
    split_by = TextField(null=True)
    holdout = BinaryJSONField(null=True, dumps=write_json, index=False)
    version = IntegerField(default=1)
    created_at = DateTimeTZField(default=now)
    created_by = TextField()
    updated_at = DateTimeTZField(default=now)
    updated_by = TextField()
    archived_at = DateTimeTZField(null=True)


Layer.add_index(Layer.index(Layer.key, unique=True, where=Layer.archived_at.is_null(), name="layer_live_key"))


class Segment(Base):
    """A group of entities, the same in every environment; whom it lists is in `SegmentEntity`."""

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    key = CharField(max_length=128)
    name = TextField(null=True)
    description = TextField(default="")
    rules = BinaryJSONField(default=list, dumps=write_json, index=False)
    version = IntegerField(default=1)
    created_at = DateTimeTZField(default=now)
    created_by = TextField()
    updated_at = DateTimeTZField(default=now)
    updated_by = TextField()
    archived_at = DateTimeTZField(null=True)


Segment.add_index(Segment.index(Segment.key, unique=True, where=Segment.archived_at.is_null(), name="segment_live_key"))


class SegmentEntity(Base):
    """An entity that a segment lists: as included, or as excluded."""

    segment = ForeignKeyField(Segment, on_delete="CASCADE", index=False)
    entity_type = CharField(max_length=64)
    entity_id = CharField(max_length=256)
    excluded = BooleanField()

    class Meta:
        primary_key = CompositeKey("segment", "entity_type", "entity_id")


class Member(Base):
    """An entity that gets a variant; without a variant it is no member any more, and readers learn of that."""

    configuration = ForeignKeyField(Configuration, on_delete="CASCADE", index=False)
    entity_type = CharField(max_length=64)
    entity_id = CharField(max_length=256)
    variant = CharField(max_length=128, null=True)
    revision = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("configuration", "entity_type", "entity_id")
        indexes = ((("configuration", "revision"), False),)


class Change(Base):
    """One entry of the change log: what a write did in one environment. Never updated."""

    id = BigAutoField()
    flag = ForeignKeyField(Flag, null=True, on_delete="RESTRICT", index=False)
    environment = ForeignKeyField(Environment, null=True, on_delete="RESTRICT", index=False)
    segment = ForeignKeyField(Segment, null=True, on_delete="RESTRICT", index=False)
    layer = ForeignKeyField(Layer, null=True, on_delete="RESTRICT", index=False)
    revision = BigIntegerField(null=True)
    action = EnumField(Action, max_length=32)
    actor = TextField()
    source = EnumField(Source, max_length=16)
    via = TextField(null=True)
    comment = TextField(null=True)
    before = BinaryJSONField(null=True, dumps=write_json, index=False)
    after = BinaryJSONField(null=True, dumps=write_json, index=False)
    members = BinaryJSONField(null=True, dumps=write_json, index=False)
    created_at = DateTimeTZField(default=now)

    class Meta:
        indexes = ((("flag", "environment", "id"), False), (("environment", "id"), False))


Change.add_index(
    Change.index(Change.segment, Change.id, where=Change.segment.is_null(False), name="change_segment_id_id")
)
Change.add_index(Change.index(Change.layer, Change.id, where=Change.layer.is_null(False), name="change_layer_id_id"))


class ApiKey(Base):
    """An API key, by the hash of its secret."""

    environment_id: int | None

    id = UUIDField(primary_key=True, default=uuid.uuid4)
    name = TextField()
    scope = EnumField(Scope, max_length=16)
    environment = ForeignKeyField(Environment, null=True, on_delete="RESTRICT", index=False)
    prefix = CharField(max_length=32)
    hash = CharField(max_length=64, unique=True)
    created_at = DateTimeTZField(default=now)
    created_by = TextField()
    expires_at = DateTimeTZField(null=True)
    last_used = DateField(null=True)
    revoked_at = DateTimeTZField(null=True)


class Secret(Base):
    """A random text that every process of a deployment has to know; a migration makes it."""

    name = CharField(max_length=64, primary_key=True)
    value = CharField(max_length=64)


ALL = (Environment, Flag, Configuration, Layer, Segment, SegmentEntity, Member, Change, ApiKey, Secret)
