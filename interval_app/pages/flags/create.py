"""Create a flag: ask what it is, then for the values that fit its type."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from db import validation
from db.configuration.state import ON_OFF
from db.errors import FlagNotFoundError
from db.flags import flags
from db.flags.flags import NewFlag
from db.forms.values import parse, parse_variants
from db.views import EnvironmentView, FlagView
from db.vocabulary import UNSET, JsonValue, ValueType, given
from db.wording import phrases
from interval_app.forms import ownership, values
from interval_app.forms.form import ask, ask_with_comment, select, until_accepted, validator
from interval_app.session.errors import sentence
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route

KINDS = (("dynamic", "dynamic: may have members, rules and a rollout"), ("static", "static: one value for everyone"))
TYPES = tuple((str(kind), str(kind)) for kind in ValueType)


async def create(interaction: ActionInteraction) -> Result:
    """Ask in three steps, confirm where the environment is protected, and make the flag."""
    environment = await interaction.environment()
    interaction.actor_for(environment)
    everywhere = await interaction.all_environments()
    new = NewFlag("", description="", client_side=interaction.settings.new_flags_client_side)

    async def attempt(problem: str | None) -> FlagView:
        nonlocal new
        new = await _what_it_is(interaction, environment, everywhere, new, problem)
        new = await (_static_value(interaction, new) if new.is_static else _variants(interaction, new))
        await interaction.confirm_if_protected(
            environment, f"“{new.key}” will be created and {phrases.status(new.enabled)} there."
        )
        return await in_thread(flags.create, new, environment.key, actor=interaction.actor_for(environment))

    flag = await until_accepted(attempt)
    state = phrases.status(flag.enabled)
    said = f"{flag.key} is created, {state} in {environment.key} and disabled in the others."
    return await interaction.go(Route.FLAG, said, flag=flag.key, environment=environment.key)


async def _what_it_is(
    interaction: ActionInteraction,
    environment: EnvironmentView,
    everywhere: Sequence[EnvironmentView],
    new: NewFlag,
    problem: str | None,
) -> NewFlag:
    io = interaction.io
    fields = {
        "key": io.input.text("Key", default_value=new.key or None, max_length=128, placeholder="new-checkout").validate(
            _key_check(environment)
        ),
        "description": io.input.text(
            "Description",
            default_value=new.description or None,
            multiline=True,
            max_length=validation.MAX_DESCRIPTION,
        ).optional(),
        "owner": ownership.owner_field(io, new.owner),
        "purpose": ownership.purpose_field(io, new.purpose),
        "end": ownership.end_field(io, new.expected_end),
        "client_side": ownership.client_side_field(io, bool(new.client_side)),
        "kind": select(io, "Kind", KINDS, "static" if new.is_static else "dynamic"),
        "type": select(io, "Type", TYPES, str(new.value_type)),
        "enabled": io.input.boolean(f"Enabled in {environment.key}", default_value=new.enabled),
    }
    intro = (
        f"A flag exists in every environment. It is created in {environment.key}, and starts disabled in the others."
    )
    _, entered = await ask_with_comment(
        interaction, fields, everywhere, intro=intro, problem=problem, buttons=["Continue"]
    )
    is_static, kind = entered["kind"]["value"] == "static", ValueType(entered["type"]["value"])
    if (is_static, kind) != (new.is_static, new.value_type):
        new = replace(new, value=UNSET, variants=UNSET, default_variant=UNSET)
    return replace(
        new,
        key=entered["key"].strip(),
        description=entered["description"] or "",
        owner=entered["owner"],
        purpose=ownership.purpose_chosen(entered["purpose"]),
        expected_end=entered["end"],
        client_side=entered["client_side"],
        is_static=is_static,
        value_type=kind,
        enabled=entered["enabled"],
    )


def _key_check(environment: EnvironmentView) -> Callable[[str], Awaitable[str | None]]:
    form = validator(lambda text: validation.key(text.strip()))

    async def check(text: str) -> str | None:
        """Refuse a key that is taken while it can still be changed; creating checks again."""
        if wrong := form(text):
            return wrong
        try:
            await in_thread(flags.get, text.strip(), environment.key)
        except FlagNotFoundError:
            return None
        return sentence(f"a flag with the key {text.strip()} exists already")

    return check


async def _static_value(interaction: ActionInteraction, new: NewFlag) -> NewFlag:
    kind = ValueType(new.value_type)
    fields = {"value": values.value_field(interaction.io, "Value", kind, given(new.value, None))}
    _, entered = await ask(
        interaction.io, fields, intro=f"What “{new.key}” gives to everyone.", buttons=["Create flag"]
    )
    return replace(new, value=parse(entered["value"], kind))


async def _variants(interaction: ActionInteraction, new: NewFlag) -> NewFlag:
    kind = ValueType(new.value_type)
    named: Mapping[str, JsonValue] = ON_OFF
    if kind is not ValueType.BOOLEAN:
        fields = {"variants": values.variants_field(interaction.io, kind, given(new.variants, {}))}
        intro = f"The values that “{new.key}” can have. More can be added later; members bring theirs."
        _, entered = await ask(interaction.io, fields, intro=intro, buttons=["Continue"])
        named = parse_variants(entered["variants"], kind)
        new = replace(new, variants=named)
    chosen = given(new.default_variant, "off" if kind is ValueType.BOOLEAN else None)
    fields = {"default": values.default_field(interaction.io, named, chosen if chosen in named else None)}
    intro = (
        "What everyone gets whom no member entry, rule or rollout decides. With none, programs use the default of "
        "their own code; released OpenFeature clients log an error each time then."
    )
    _, entered = await ask(interaction.io, fields, intro=intro, buttons=["Create flag"])
    return replace(new, default_variant=values.default_chosen(entered["default"]))
