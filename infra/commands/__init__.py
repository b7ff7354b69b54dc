"""What is done with a stage, each in one command. Needs nothing but Python's standard library."""
