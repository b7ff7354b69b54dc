"""`/api/admin/layers`."""

from __future__ import annotations

from api.reference.openapi.admin_paths import PAGE
from api.reference.openapi.building import (
    KEY,
    READING,
    TEXT,
    VERSION,
    WHOLE,
    WRITING,
    Json,
    answer,
    described,
    in_path,
    in_query,
    list_of,
    object_with,
    operation,
    ref,
)
from api.reference.openapi.flag_paths import IF_MATCH
from api.reference.openapi.release_schemas import LAYER_FIELDS
from api.reference.openapi.schemas import WHO
from api.reference.openapi.segment_paths import DRY_RUN

TAG = "Layers"
LAYER = in_path("layerKey", "The layer's key", example="checkout")

ONE = object_with({"layer": ref("Layer")}, required=["layer"])
LISTED = object_with({"layers": list_of(ref("Layer")), "total": WHOLE, "next": TEXT}, required=["layers", "total"])
WRITTEN = object_with(
    {"layer": described(ref("Layer"), "Not in a dry run"), "affected": list_of(ref("Affected"))},
    required=["affected"],
)

PATHS: dict[str, Json] = {
    "/api/admin/layers": {
        "get": operation(
            "listLayers",
            TAG,
            "List layers",
            parameters=[in_query("search", "Part of the key, the name or the description", maxLength=256), *PAGE],
            answers={200: answer("One page of layers", LISTED)},
            errors=READING,
        ),
        "post": operation(
            "createLayer",
            TAG,
            "Create a layer",
            parameters=[DRY_RUN],
            body=object_with({"key": KEY, **LAYER_FIELDS, **WHO}, required=["key"]),
            example={"key": "checkout", "splitBy": None, "holdout": {"from": 95, "to": 100}},
            answers={
                200: answer("Tried only", WRITTEN),
                201: answer("The layer", WRITTEN, etag=True),
            },
            errors=WRITING,
        ),
    },
    "/api/admin/layers/{layerKey}": {
        "get": operation(
            "getLayer",
            TAG,
            "Show a layer, and who has which part of it",
            parameters=[LAYER],
            answers={200: answer("The layer", ONE, etag=True)},
            errors=(*READING, 404),
        ),
        "put": operation(
            "changeLayer",
            TAG,
            "Change a layer",
            description="Fields that are left out stay. 409 `range_taken` where flags have a part of the holdout.",
            parameters=[LAYER, DRY_RUN, IF_MATCH],
            body=object_with({**LAYER_FIELDS, **WHO, "version": VERSION}),
            example={"holdout": {"from": 90, "to": 100}},
            answers={200: answer("The layer, and the flags that have changed with it", WRITTEN, etag=True)},
            errors=WRITING,
        ),
        "delete": operation(
            "archiveLayer",
            TAG,
            "Archive a layer",
            description="409 `layer_in_use` while a flag is in it.",
            parameters=[LAYER, DRY_RUN, IF_MATCH],
            body=object_with({**WHO, "version": VERSION}),
            body_required=False,
            answers={200: answer("The layer", WRITTEN, etag=True)},
            errors=WRITING,
        ),
    },
}
