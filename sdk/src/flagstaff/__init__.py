"""Feature flags evaluated where they are used: an engine for flagd documents, and OpenFeature's view of it."""

__version__ = "0.1.0"
