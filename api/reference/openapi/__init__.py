"""`GET /openapi.json`: every route, as OpenAPI 3.1 describes it. Tests hold it to the routes and to their answers."""

from api.reference.openapi.document import document

__all__ = ["document"]
