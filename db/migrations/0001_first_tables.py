"""The first tables, and the environments that exist from the start."""

# mypy: ignore-errors

from peewee import (
    SQL,
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
from playhouse.postgres_ext import BinaryJSONField, DateTimeTZField

ENVIRONMENTS = (("dev", "Development", False), ("staging", "Staging", False), ("prod", "Production", True))
CREATED = [SQL("DEFAULT now()")]


class Environment(Model):
    key = CharField(max_length=128, unique=True)
    name = TextField()
    protected = BooleanField()
    revision = BigIntegerField()
    created_at = DateTimeTZField(constraints=CREATED)


class Flag(Model):
    id = UUIDField(primary_key=True)
    key = CharField(max_length=128)
    name = TextField(null=True)
    description = TextField()
    value_type = CharField(max_length=16)
    is_static = BooleanField()
    tags = BinaryJSONField(index=False)
    created_at = DateTimeTZField()
    created_by = TextField()
    archived_at = DateTimeTZField(null=True)


class Configuration(Model):
    flag = ForeignKeyField(Flag, on_delete="RESTRICT")
    environment = ForeignKeyField(Environment, on_delete="RESTRICT", index=False)
    enabled = BooleanField()
    variants = BinaryJSONField(index=False)
    default_variant = TextField(null=True)
    rules = BinaryJSONField(index=False)
    rollout = BinaryJSONField(null=True, index=False)
    member_count = IntegerField()
    version = IntegerField()
    revision = BigIntegerField()
    updated_at = DateTimeTZField()
    updated_by = TextField()

    class Meta:
        indexes = ((("flag", "environment"), True), (("environment", "revision"), False))


class Member(Model):
    configuration = ForeignKeyField(Configuration, on_delete="CASCADE", index=False)
    entity_type = CharField(max_length=64)
    entity_id = CharField(max_length=256)
    variant = CharField(max_length=128, null=True)
    revision = BigIntegerField()

    class Meta:
        primary_key = CompositeKey("configuration", "entity_type", "entity_id")
        indexes = ((("configuration", "revision"), False),)


class Change(Model):
    id = BigAutoField()
    flag = ForeignKeyField(Flag, null=True, on_delete="RESTRICT", index=False)
    environment = ForeignKeyField(Environment, null=True, on_delete="RESTRICT", index=False)
    revision = BigIntegerField(null=True)
    action = CharField(max_length=32)
    actor = TextField()
    source = CharField(max_length=16)
    before = BinaryJSONField(null=True, index=False)
    after = BinaryJSONField(null=True, index=False)
    members = BinaryJSONField(null=True, index=False)
    created_at = DateTimeTZField()

    class Meta:
        indexes = ((("flag", "environment", "id"), False), (("environment", "id"), False))


class ApiKey(Model):
    id = UUIDField(primary_key=True)
    name = TextField()
    scope = CharField(max_length=16)
    environment = ForeignKeyField(Environment, null=True, on_delete="RESTRICT", index=False)
    prefix = CharField(max_length=32)
    hash = CharField(max_length=64, unique=True)
    created_at = DateTimeTZField()
    created_by = TextField()
    expires_at = DateTimeTZField(null=True)
    last_used = DateField(null=True)
    revoked_at = DateTimeTZField(null=True)

    class Meta:
        table_name = "api_key"


def up(migrator, db):
    tables = [Environment, Flag, Configuration, Member, Change, ApiKey]
    Flag.add_index(Flag.index(Flag.key, unique=True, where=Flag.archived_at.is_null(), name="flag_live_key"))
    with db.bind_ctx(tables):
        db.create_tables(tables, safe=False)
        Environment.insert_many(
            [{"key": key, "name": name, "protected": protected, "revision": 0} for key, name, protected in ENVIRONMENTS]
        ).execute()


def down(migrator, db):
    tables = [Environment, Flag, Configuration, Member, Change, ApiKey]
    with db.bind_ctx(tables):
        db.drop_tables(tables)
