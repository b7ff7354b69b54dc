"""A stage of Flagstaff: the parts, and how they hang together."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from definitions import DefinitionsArgs, DefinitionsBucket
from forwarding import Forwarding, ForwardingArgs
from foundation import own_foundation
from function import AwsAccount
from functions import Functions, FunctionsArgs, common_environment
from gateway import Gateway, GatewayArgs
from interval import Interval, IntervalArgs, interval_environment
from observability import Observability, ObservabilityArgs
from options import Options
from pulumi import ResourceOptions
from pulumi.runtime import config as configuration
from readiness import Readiness, ReadinessArgs
from regions import check_region
from release import Release, ReleaseArgs
from sharing import shared_ecs_cluster, shared_foundation, watch_guests
from tagging import tag_everything
from worker_starts import WorkerStarts, WorkerStartsArgs

# By name, because pulumi.Config does not say what is set.
configured = {**configuration.get_config_env(), **configuration.CONFIG.get()}
given = [key.partition(":")[2] for key in configured if key.startswith("flagstaff:")]
options = Options.read(pulumi.get_stack(), pulumi.Config("flagstaff"), given)
tag_everything(options.stage, options.tags)
if options.looks_in_use:
    pulumi.log.warn(f"{options.stage} goes with all its data: pulumi config set protected true keeps it")
name = f"flagstaff-{options.stage}"
partition = aws.get_partition()
place = AwsAccount(partition.partition, aws.get_region().region, aws.get_caller_identity().account_id)
check_region(place, partition.dns_suffix)

definitions = DefinitionsBucket("definitions", DefinitionsArgs(name, options.protected, bool(options.cors_origins)))
foundation = (
    shared_foundation(name, options) if options.share_with else own_foundation(name, place, options, definitions)
)
functions = Functions("functions", FunctionsArgs(name, place, options, definitions, foundation))
readiness = Readiness("readiness", ReadinessArgs(functions, foundation, options.default_environment))
functions.serve(readiness.migration)
starts = WorkerStarts("worker", WorkerStartsArgs(name, place, functions.worker, definitions))
release = Release("release", ReleaseArgs(functions, readiness, starts))
gateway = Gateway("gateway", GatewayArgs(name, options, functions, release))
interval = None
parts: list[pulumi.Resource] = [*foundation.waits_for, functions, readiness, starts, release, gateway]

if options.interval_api_key is not None:
    if options.interval_server_endpoint is None:
        pulumi.log.warn(
            "The Interval process can't start before it knows its server: "
            "pulumi config set intervalServerEndpoint wss://.../websocket && pulumi up"
        )
    interval = Interval(
        "interval",
        IntervalArgs(
            name=f"{name}-interval",
            place=place,
            api_key=options.interval_api_key,
            protected=options.protected,
            knows_server=options.interval_server_endpoint is not None,
            log_retention_days=options.log_retention_days,
            environment={
                **common_environment(options, definitions),
                **foundation.database.environment(),
                **interval_environment(options),
            },
            statements=[*definitions.publishing(), foundation.database.sign_in(place)],
            subnet_ids=foundation.public_subnet_ids,
            security_group_ids=[foundation.interval_group_id],
            cluster_arn=shared_ecs_cluster(options) if options.share_with else None,
        ),
        ResourceOptions(depends_on=[readiness.migration]),
    )
    parts.append(interval)
else:
    pulumi.log.info(
        "The Interval process is left out: no key is set. "
        "To have it: pulumi config set --secret intervalApiKey ... && pulumi up"
    )

observability = Observability(
    "observability", ObservabilityArgs(name, place.region, options, functions, gateway, interval)
)
parts.append(observability)

if foundation.forwarder_group_id is not None:
    forwarding = Forwarding("forwarding", ForwardingArgs(f"{name}-forwarding", place, options, definitions, foundation))
    parts.append(forwarding)
    pulumi.export("forwarding", forwarding.output)

if not options.protected and not options.share_with:
    watch_guests(functions.control.name, parts)

pulumi.export("url", gateway.url)
pulumi.export("adminKey", readiness.admin_key)
pulumi.export("serverKey", readiness.server_key)
pulumi.export("definitionsBucket", definitions.bucket.bucket)
if options.dashboard:
    pulumi.export("dashboard", observability.url)
if options.custom_domain:
    pulumi.export("customDomainTarget", gateway.domain_target)
