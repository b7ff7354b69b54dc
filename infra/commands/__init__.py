"""Deploy, show and destroy a stage, each in one command. Needs nothing but Python's standard library."""
