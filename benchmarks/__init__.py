"""Speed and scale, beside peers measured in the same run."""
