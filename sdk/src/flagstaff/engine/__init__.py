"""Evaluate flags: from a flagd document to answers. No I/O, and no clock but `$flagd.timestamp`'s.

Imports `flagstaff.jsonlogic` and `flagstaff.targeting`.
"""

from flagstaff.engine.engine import Engine
from flagstaff.engine.evaluation import ErrorCode, Evaluation, Reason

__all__ = ["Engine", "ErrorCode", "Evaluation", "Reason"]
