"""Hold the language of targetings: values, operations, node shapes, versions, flagd's `fractional`.

Nothing here knows a flag. Imports the standard library, mmh3, cbor2 and semver only.
"""
