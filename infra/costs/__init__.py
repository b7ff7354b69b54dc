"""What a stage costs: one table of prices, how much of what is used, and the section of docs/aws.md that says so."""
