"""The HTTP API: the one thing of a stage that the world can reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws
from function import Function
from functions import Functions
from options import Options
from pulumi import ResourceOptions
from release import Release

EVALUATION: Final = "evaluation"
CONTROL: Final = "control"
ADMIN: Final = "admin"
ROUTES: Final[Mapping[str, str]] = {
    "ANY /feature-flag/evaluate": EVALUATION,
    "ANY /api/evaluate": EVALUATION,
    "ANY /ofrep/{path+}": EVALUATION,
    "ANY /api/client/{path+}": EVALUATION,
    "ANY /health": EVALUATION,
    "ANY /ready": EVALUATION,
    "PATCH /mark-concurrency-zero": CONTROL,
    "POST /reset-limit": CONTROL,
    "$default": ADMIN,
}
"""Which function answers what: whatever only reads flags goes where no database can be woken."""

LOGGED: Final = (
    *("requestId", "routeKey", "httpMethod", "path", "status", "responseLatency", "integrationErrorMessage"),
    "identity.sourceIp",
)
"""What the access log says of a request, the last so that abuse can be traced: no query string, no header."""
CORS_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
CORS_HEADERS: Final = (
    *("content-type", "authorization", "x-api-key", "x-sdk-key", "x-admin-api-key", "x-admin-token"),
    *("if-match", "if-none-match", "x-change-comment", "x-flagstaff-source"),
    *("x-request-id", "traceparent", "tracestate", "baggage"),
)
CORS_EXPOSED: Final = ("etag", "retry-after", "x-request-id")
"""The gateway answers pages of other origins as api/access/cors.py does elsewhere, but for headers, of which it has to
know the names: `corsHeaders` adds some."""


@dataclass(frozen=True)
class GatewayArgs:
    """What the gateway needs to know."""

    name: str
    options: Options
    functions: Functions
    release: Release


class Gateway(pulumi.ComponentResource):
    """Routes paths to functions, throttles, and logs who asked what."""

    def __init__(self, name: str, args: GatewayArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flagstaff:aws:Gateway", name, None, opts)
        self._child = ResourceOptions(parent=self)
        self._label = name
        options = args.options
        self.api = aws.apigatewayv2.Api(
            name,
            name=args.name,
            protocol_type="HTTP",
            cors_configuration=_cors(options),
            # With a domain of one's own, whatever stands in front of it is not to be passed by.
            disable_execute_api_endpoint=options.custom_domain is not None,
            opts=self._child,
        )
        integrations = {
            part: self._integration(part, args.functions.all[part], args.release.aliases.get(part))
            for part in sorted(set(ROUTES.values()))
        }
        for route, part in ROUTES.items():
            target = pulumi.Output.concat("integrations/", integrations[part].id)
            aws.apigatewayv2.Route(
                f"{name} {route}", api_id=self.api.id, route_key=route, target=target, opts=self._child
            )
        # Under this name, whose deliveries need no room in the account's one policy for log deliveries, which is small.
        self.log = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/vendedlogs/apigateway/{args.name}",
            retention_in_days=options.log_retention_days,
            opts=self._child,
        )
        stage = aws.apigatewayv2.Stage(
            name,
            api_id=self.api.id,
            name="$default",
            auto_deploy=True,
            default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
                throttling_rate_limit=options.requests_per_second, throttling_burst_limit=options.burst
            ),
            access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
                destination_arn=self.log.arn, format=_log_format()
            ),
            opts=self._child,
        )
        self.url = self._custom(options, stage) if options.custom_domain else self.api.api_endpoint
        self.register_outputs({"url": self.url})

    def _integration(
        self, part: str, function: Function, alias: aws.lambda_.Alias | None
    ) -> aws.apigatewayv2.Integration:
        """Return the way to a function: to its alias, if it has one."""
        aws.lambda_.Permission(
            f"{self._label}-{part}",
            action="lambda:InvokeFunction",
            function=function.name,
            qualifier=alias.name if alias else None,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.api.execution_arn, "/*"),
            opts=self._child,
        )
        return aws.apigatewayv2.Integration(
            f"{self._label}-{part}",
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_uri=alias.invoke_arn if alias else function.function.invoke_arn,
            payload_format_version="2.0",
            timeout_milliseconds=30_000,
            opts=self._child,
        )

    def _custom(self, options: Options, stage: aws.apigatewayv2.Stage) -> pulumi.Output[str]:
        """Return a domain of one's own; a CNAME to `customDomainTarget` is the owner's to make."""
        domain = aws.apigatewayv2.DomainName(
            self._label,
            domain_name=options.custom_domain,
            domain_name_configuration=aws.apigatewayv2.DomainNameDomainNameConfigurationArgs(
                certificate_arn=options.certificate_arn, endpoint_type="REGIONAL", security_policy="TLS_1_2"
            ),
            opts=self._child,
        )
        aws.apigatewayv2.ApiMapping(
            self._label, api_id=self.api.id, domain_name=domain.id, stage=stage.id, opts=self._child
        )
        self.domain_target = domain.domain_name_configuration.target_domain_name
        return pulumi.Output.from_input(f"https://{options.custom_domain}")


def _cors(options: Options) -> aws.apigatewayv2.ApiCorsConfigurationArgs | None:
    """Pages of these origins may call the API; without any, no page of another origin may."""
    if not options.cors_origins:
        return None
    return aws.apigatewayv2.ApiCorsConfigurationArgs(
        allow_origins=list(options.cors_origins),
        allow_methods=list(CORS_METHODS),
        allow_headers=[*CORS_HEADERS, *(name.lower() for name in options.cors_headers)],
        expose_headers=list(CORS_EXPOSED),
        max_age=600,
    )


def _log_format() -> str:
    names = ", ".join(f'"{name.rpartition(".")[2]}": "$context.{name}"' for name in LOGGED)
    return f"{{{names}}}"
