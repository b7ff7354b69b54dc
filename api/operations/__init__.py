"""Answer operators: health, Prometheus metrics, the request log.

Imports `api.telemetry`, `api.memory` and `api.services`.
"""
