"""`/api/admin/segments`."""

from __future__ import annotations

from api.reference.openapi.admin_paths import PAGE
from api.reference.openapi.building import (
    BOOLEAN,
    KEY,
    READING,
    TEXT,
    VERSION,
    WHOLE,
    WRITING,
    YES_OR_NO,
    Json,
    answer,
    described,
    in_path,
    in_query,
    list_of,
    object_with,
    one_of,
    operation,
    ref,
)
from api.reference.openapi.flag_paths import IF_MATCH
from api.reference.openapi.release_schemas import SEGMENT_FIELDS
from api.reference.openapi.schemas import WHO

TAG = "Segments"
SEGMENT = in_path("segmentKey", "The segment's key", example="beta-testers")
DRY_RUN = in_query("dryRun", "Only say which flags would change", **YES_OR_NO)

ONE = object_with({"segment": ref("Segment")}, required=["segment"])
LISTED = object_with(
    {"segments": list_of(ref("Segment")), "total": WHOLE, "next": TEXT}, required=["segments", "total"]
)
AFFECTED = object_with({"affected": list_of(ref("Affected"))}, required=["affected"])
WRITTEN = object_with(
    {
        "segment": described(ref("Segment"), "Not in a dry run"),
        "affected": list_of(ref("Affected")),
        "added": WHOLE,
        "changed": WHOLE,
        "removed": WHOLE,
    },
    required=["affected"],
)
IDS: dict[str, Json] = {
    "entityType": described({"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"}, "`user` unless given"),
    "entityIds": list_of({"type": "string", "minLength": 1, "maxLength": 256}, minItems=1, maxItems=100_000),
    **WHO,
    "version": VERSION,
}
EXAMPLE = {
    "key": "beta-testers",
    "included": {"user": ["user-1", "user-3"]},
    "rules": [{"conditions": [{"field": "email", "operator": "ends_with", "value": "@company.com"}]}],
}

PATHS: dict[str, Json] = {
    "/api/admin/segments": {
        "get": operation(
            "listSegments",
            TAG,
            "List segments",
            parameters=[in_query("search", "Part of the key, the name or the description", maxLength=256), *PAGE],
            answers={200: answer("One page of segments", LISTED)},
            errors=READING,
        ),
        "post": operation(
            "createSegment",
            TAG,
            "Make a segment",
            description="Excluded entities are out; else included ones are in; else those for whom a rule holds.",
            parameters=[DRY_RUN],
            body=object_with({"key": KEY, **SEGMENT_FIELDS, **WHO}, required=["key"]),
            example=EXAMPLE,
            answers={201: answer("The segment", WRITTEN, etag=True), 200: answer("Of a dry run", AFFECTED)},
            errors=WRITING,
        ),
    },
    "/api/admin/segments/{segmentKey}": {
        "get": operation(
            "getSegment",
            TAG,
            "Show a segment",
            parameters=[SEGMENT],
            answers={200: answer("The segment", ONE, etag=True)},
            errors=(*READING, 404),
        ),
        "put": operation(
            "changeSegment",
            TAG,
            "Change a segment",
            description="Fields that are left out stay. Flags that name it have the change at once, everywhere.",
            parameters=[SEGMENT, DRY_RUN, IF_MATCH],
            body=object_with({**SEGMENT_FIELDS, **WHO, "version": VERSION}),
            example={"rules": []},
            answers={200: answer("The segment, and the flags that have changed with it", WRITTEN, etag=True)},
            errors=WRITING,
        ),
        "delete": operation(
            "archiveSegment",
            TAG,
            "Archive a segment",
            description="409 `segment_in_use` while a flag names it.",
            parameters=[SEGMENT, DRY_RUN, IF_MATCH],
            body=object_with({**WHO, "version": VERSION}),
            body_required=False,
            answers={200: answer("The segment", WRITTEN, etag=True)},
            errors=WRITING,
        ),
    },
    "/api/admin/segments/{segmentKey}/members": {
        "get": operation(
            "listSegmentMembers",
            TAG,
            "List the entities of a segment",
            parameters=[
                SEGMENT,
                in_query("entityType", "Only of this type", maxLength=64),
                in_query("excluded", "Only the excluded, or only the included ones", **YES_OR_NO),
                in_query("search", "Part of the id", maxLength=256),
                *PAGE,
            ],
            answers={
                200: answer(
                    "One page of entities",
                    object_with(
                        {"members": list_of(ref("SegmentMember")), "total": WHOLE, "next": TEXT},
                        required=["members", "total"],
                    ),
                )
            },
            errors=(*READING, 404),
        ),
        "post": operation(
            "addSegmentMembers",
            TAG,
            "List entities in a segment",
            parameters=[SEGMENT, DRY_RUN, IF_MATCH],
            body=object_with(
                {**IDS, "excluded": described(BOOLEAN, "As excluded; else as included")}, required=["entityIds"]
            ),
            example={"entityIds": ["user-7", "user-8"]},
            answers={200: answer("What was done", WRITTEN, etag=True)},
            errors=WRITING,
        ),
        "delete": operation(
            "removeSegmentMembers",
            TAG,
            "List entities no more",
            parameters=[SEGMENT, DRY_RUN, IF_MATCH],
            body=object_with(IDS, required=["entityIds"]),
            example={"entityIds": ["user-8"]},
            answers={200: answer("What was done", WRITTEN, etag=True)},
            errors=WRITING,
        ),
    },
    "/api/admin/segments/{segmentKey}/restore": {
        "post": operation(
            "restoreSegment",
            TAG,
            "Bring back a segment as it was",
            description="An archived segment lives again, where its key is free. The change tells which one it is.",
            parameters=[SEGMENT, DRY_RUN, IF_MATCH],
            body=object_with(
                {
                    "changeId": described(WHOLE, "One of the change log"),
                    "to": described(one_of("before", "after"), "`before` unless given"),
                    **WHO,
                    "version": VERSION,
                },
                required=["changeId"],
            ),
            example={"changeId": 17},
            answers={200: answer("The segment, and the flags that have changed with it", WRITTEN, etag=True)},
            errors=WRITING,
        ),
    },
    "/api/admin/segments/{segmentKey}/usage": {
        "get": operation(
            "listSegmentUsage",
            TAG,
            "Show where a segment is used",
            parameters=[SEGMENT],
            answers={200: answer("The flags that change with it, by environment", AFFECTED)},
            errors=(*READING, 404),
        ),
    },
}
