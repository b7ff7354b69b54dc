"""A stage of Flagstaff: the parts, and how they hang together."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
from database import PORT, Database, DatabaseArgs
from definitions import DefinitionsArgs, DefinitionsBucket
from function import AwsAccount
from functions import Functions, FunctionsArgs, common_environment, database_environment, sign_in
from gateway import Gateway, GatewayArgs
from interval import Interval, IntervalArgs, interval_environment
from network import HTTPS, Network, NetworkArgs
from observability import Observability, ObservabilityArgs
from options import Options
from pulumi import ResourceOptions
from pulumi.runtime import config as configuration
from readiness import Readiness, ReadinessArgs
from release import Release, ReleaseArgs
from tagging import tag_everything

# By name, because pulumi.Config does not say what is set.
configured = {**configuration.get_config_env(), **configuration.CONFIG.get()}
given = [key.partition(":")[2] for key in configured if key.startswith("flagstaff:")]
options = Options.read(pulumi.get_stack(), pulumi.Config("flagstaff"), given)
tag_everything(options.tags)
name = f"flagstaff-{options.stage}"
place = AwsAccount(aws.get_partition().partition, aws.get_region().region, aws.get_caller_identity().account_id)
# Not Local Zones, which an account has to opt in to: Aurora, Lambda and Fargate are not there.
regional = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
zones = options.availability_zones or aws.get_availability_zones(state="available", filters=[regional]).names[:2]
has_interval = options.interval_api_key is not None

definitions = DefinitionsBucket("definitions", DefinitionsArgs(name, options.protected))
network = Network("network", NetworkArgs(name, place.region, zones, definitions.bucket.arn, has_interval))

database_group = network.security_group("database", "Flagstaff: the database")
admin_group = network.security_group("admin", "Flagstaff: the functions that use the database")
network.let_reach("admin-to-database", admin_group, database_group, PORT)
network.let_reach_s3("admin-to-s3", admin_group)

database = Database(
    "database",
    DatabaseArgs(
        name=name,
        version=options.postgres_version,
        subnet_ids=[subnet.id for subnet in network.private_subnets],
        security_group_id=database_group.id,
        minimum_capacity=options.minimum_capacity,
        maximum_capacity=options.maximum_capacity,
        auto_pause_seconds=options.auto_pause_seconds,
        protected=options.protected,
    ),
)
functions = Functions(
    "functions",
    FunctionsArgs(
        name=name,
        place=place,
        options=options,
        definitions=definitions,
        database=database,
        subnet_ids=[subnet.id for subnet in network.private_subnets],
        security_group_ids=[admin_group.id],
    ),
)
readiness = Readiness("readiness", ReadinessArgs(functions, database, network, options.default_environment))
functions.serve(readiness.migration)
release = Release("release", ReleaseArgs(functions, readiness))
gateway = Gateway("gateway", GatewayArgs(name, options, functions, release))
observability = Observability("observability", ObservabilityArgs(name, place.region, options, functions, gateway))

if has_interval:
    interval_group = network.security_group("interval", "Flagstaff: the Interval process")
    network.let_reach("interval-to-database", interval_group, database_group, PORT)
    # The Interval server, and AWS for the image, the log and S3.
    for port in sorted({HTTPS, options.interval_server_port}):
        network.let_reach_the_world(f"interval-to-world-{port}", interval_group, port)
    if options.interval_server_endpoint is None:
        pulumi.log.warn(
            "The Interval process can't start before it knows its server: "
            "pulumi config set intervalServerEndpoint wss://.../websocket && pulumi up"
        )
    Interval(
        "interval",
        IntervalArgs(
            name=f"{name}-interval",
            place=place,
            api_key=options.interval_api_key,
            protected=options.protected,
            log_retention_days=options.log_retention_days,
            environment={
                **common_environment(options, definitions),
                **database_environment(database),
                **interval_environment(options),
            },
            statements=[definitions.writing(), sign_in(database, place)],
            subnet_ids=[subnet.id for subnet in network.public_subnets],
            security_group_ids=[interval_group.id],
        ),
        ResourceOptions(depends_on=[readiness.migration]),
    )
else:
    pulumi.log.info(
        "The Interval process is left out: no key is set. "
        "To have it: pulumi config set --secret intervalApiKey ... && pulumi up"
    )

pulumi.export("url", gateway.url)
pulumi.export("adminKey", readiness.admin_key)
pulumi.export("serverKey", readiness.server_key)
pulumi.export("definitionsBucket", definitions.bucket.bucket)
pulumi.export("dashboard", observability.url)
if options.custom_domain:
    pulumi.export("customDomainTarget", gateway.domain_target)
