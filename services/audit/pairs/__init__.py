"""Why these two and not another: what the engine saw at a moment, rule by rule, and how it ranked."""
