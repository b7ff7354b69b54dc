"""Add, change and remove members: many at once; who is there already is counted, not refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from db.flags import members
from db.forms.entities import Entities, named, read_entities, split
from db.forms.values import parse
from db.views import FlagView
from db.vocabulary import UNSET, JsonValue, Unset, ValueType
from db.wording import phrases
from interval_app.forms import values
from interval_app.forms.entities import HOW_TO_LIST, entity_fields
from interval_app.forms.flag_to_change import FlagToChange, flag_to_change
from interval_app.forms.form import ask, ask_with_comment, refuse_static, select, until_accepted
from interval_app.pages.targeting.member_picker import picked
from interval_app.session.executor import in_thread
from interval_app.session.interaction import ActionInteraction, Result
from interval_app.session.routes import Route

ANOTHER: Final = "another value"


class Gets(NamedTuple):
    """The value that members are to get: a variant by its name, or a value that becomes one."""

    variant: str | None
    value: JsonValue | Unset


async def add(interaction: ActionInteraction) -> Result:
    """Give many entities a value."""
    target = await _target(interaction)
    environment, flag = target.environment, target.flag
    typed, entity_type, option = "", "user", ""

    async def attempt(problem: str | None) -> Result:
        nonlocal typed, entity_type, option
        fields = {**entity_fields(interaction, entity_type, typed), "gets": gets_field(interaction, flag, option)}
        intro = f"They will get the value in {environment.key}, before any rule or rollout. {HOW_TO_LIST}"
        _, found = await ask_with_comment(
            interaction, fields, [environment], intro=intro, problem=problem, buttons=["Add members"]
        )
        typed, entity_type, option = found["ids"], found["type"].strip(), found["gets"]["value"]
        entities = read_entities(entity_type, typed)
        gets = await _gets(interaction, flag, option)
        await interaction.confirm_if_protected(
            environment, f"Members of {flag.key}: {phrases.count(len(entities.ids), 'id')}."
        )
        return await _add(interaction, target, [entities], gets)

    return await until_accepted(attempt)


async def change(interaction: ActionInteraction) -> Result:
    """Give members another value."""
    target = await _target(interaction)
    environment, flag = target.environment, target.flag
    chosen = await picked(interaction, environment, flag, "Change")
    if isinstance(chosen, str):
        return chosen

    option = ""

    async def attempt(problem: str | None) -> Result:
        nonlocal option
        fields = {"gets": gets_field(interaction, flag, option)}
        intro = f"Which value for {named(chosen)} in {environment.key}?"
        _, found = await ask_with_comment(
            interaction, fields, [environment], intro=intro, problem=problem, buttons=["Change value"]
        )
        option = found["gets"]["value"]
        gets = await _gets(interaction, flag, option)
        await interaction.confirm_if_protected(
            environment, f"Members of {flag.key} will get another value: {named(chosen)}."
        )
        return await _add(interaction, target, chosen, gets)

    return await until_accepted(attempt)


async def remove(interaction: ActionInteraction) -> Result:
    """Remove members: rules, the rollout and the default variant decide for them again."""
    target = await _target(interaction)
    environment, flag = target.environment, target.flag
    chosen = await picked(interaction, environment, flag, "Remove")
    if isinstance(chosen, str):
        return chosen
    protected = f" {environment.key} is protected." if environment.protected else ""
    help_text = f"{named(chosen)}. Rules, the rollout and the default variant decide for them from then on.{protected}"
    await interaction.confirm(f"Remove members of {flag.key} in {environment.key}?", help_text, [environment])
    removed = absent = 0
    async for part in _batches(interaction, chosen, "Removing members"):
        done = await in_thread(members.remove, flag.id, environment.key, part.type, part.ids, actor=target.actor)
        removed, absent = removed + done.removed, absent + done.absent
    facts = [phrases.count(removed, "member") + " removed", *([f"{absent:,} were none"] if absent else [])]
    return await _to_members(interaction, target, facts)


async def _target(interaction: ActionInteraction) -> FlagToChange:
    target = await flag_to_change(interaction)
    refuse_static(target.flag)
    return target


async def _add(interaction: ActionInteraction, target: FlagToChange, chosen: Sequence[Entities], gets: Gets) -> Result:
    environment, flag = target.environment, target.flag
    added = changed = unchanged = 0
    given: Mapping[str, Any] = {"variant": gets.variant, "value": gets.value}
    async for part in _batches(interaction, chosen, "Adding members"):
        done = await in_thread(members.add, flag.id, environment.key, part.type, part.ids, **given, actor=target.actor)
        added, changed, unchanged = added + done.added, changed + done.changed, unchanged + done.unchanged
        given = {"variant": done.variant}  # the first write made it, where the value was new
    counts = {
        "added": added,
        "changed to it": changed,
        "had it already": unchanged,
        "given more than once": sum(entities.repeated for entities in chosen),
    }
    name = str(given["variant"])
    value = flag.variants.get(name) if isinstance(gets.value, Unset) else gets.value
    facts = [f"{phrases.variant(name, value)}: " + ", ".join(f"{n:,} {what}" for what, n in counts.items() if n)]
    return await _to_members(interaction, target, facts)


async def _to_members(interaction: ActionInteraction, target: FlagToChange, facts: Sequence[str]) -> str:
    flag, environment = target.flag.key, target.environment.key
    said = f"Members of {flag} in {environment}: {', '.join(facts)}."
    return await interaction.go(Route.MEMBERS, said, flag=flag, environment=environment)


async def _batches(interaction: ActionInteraction, chosen: Sequence[Entities], label: str) -> AsyncIterator[Entities]:
    """Yield the entities in parts that one write takes, and show progress where there is more than one."""
    parts = [part for entities in chosen for part in split(entities)]
    if len(parts) > 1:
        await interaction.ctx.loading.start(label=label, description="10,000 at a time", items_in_queue=len(parts))
    for part in parts:
        yield part
        interaction.begun = True
        if len(parts) > 1:
            await interaction.ctx.loading.complete_one()


def gets_field(interaction: ActionInteraction, flag: FlagView, chosen: str) -> Any:
    """Make the input to choose a variant, or a value that is none yet; the first one unless one was chosen before."""
    # Names begin with = here: a variant may be called like the choice of another value.
    choices = [(f"={name}", phrases.variant(name, value)) for name, value in flag.variants.items()]
    if flag.value_type is not ValueType.BOOLEAN or not choices:
        choices.append((ANOTHER, "another value …"))
    return select(interaction.io, "They get", choices, chosen or choices[0][0])


async def _gets(interaction: ActionInteraction, flag: FlagView, option: str) -> Gets:
    if option != ANOTHER:
        return Gets(option[1:], UNSET)
    fields = {"value": values.value_field(interaction.io, "Value", flag.value_type)}
    _, found = await ask(interaction.io, fields, intro="The value that they get.", buttons=["Continue"])
    return Gets(None, parse(found["value"], flag.value_type))
