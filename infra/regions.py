"""Which regions and zones a stage can be in."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

import packages
import pulumi_aws as aws
from function import AwsAccount
from options import OptionError, Options

ROOTS: Final = packages.ROOT / "db" / "certificates" / "rds.pem"
DNS_SUFFIX: Final = "amazonaws.com"
"""That of the hosts which functions call (db/aws); China has another."""
ZONE_IDS_WITHOUT_FARGATE: Final = ("use1-az3", "apne1-az3", "cac1-az3")
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html; Lambda is not in the first
either.
"""


def check_region(place: AwsAccount, dns_suffix: str) -> None:
    """Raise OptionError for a region in which the functions could reach nothing, or could not verify the database."""
    if dns_suffix != DNS_SUFFIX:
        raise OptionError(f"aws:region can't be {place.region}: its hosts are not under {DNS_SUFFIX}")
    known = regions_with_roots()
    if place.region not in known:
        what = f"db/certificates/rds.pem has no root certificate for its databases, only for {', '.join(sorted(known))}"
        raise OptionError(f"aws:region can't be {place.region}: {what} (docs/aws.md, \"Amazon's roots\")")


def regions_with_roots() -> Collection[str]:
    """Return the regions whose database servers can be verified."""
    return set(re.findall(r"RDS ([a-z0-9-]+) Root CA RSA2048 G1", ROOTS.read_text()))


def zones_of(options: Options, place: AwsAccount) -> Sequence[str]:
    """Return the zones that subnets are made in: those of the options, else the region's first two."""
    if outside := [zone for zone in options.availability_zones if not zone.startswith(place.region)]:
        raise OptionError(f"flagstaff:availabilityZones: {', '.join(outside)} are not in {place.region}")
    # Not Local Zones, which an account has to opt in to: Aurora, Lambda and Fargate are not there.
    regional = aws.GetAvailabilityZonesFilterArgs(name="opt-in-status", values=["opt-in-not-required"])
    return options.availability_zones or _first_two(regional)


def _first_two(regional: aws.GetAvailabilityZonesFilterArgs) -> Sequence[str]:
    found = aws.get_availability_zones(
        state="available", filters=[regional], exclude_zone_ids=list(ZONE_IDS_WITHOUT_FARGATE)
    )
    return list(found.names[:2])
