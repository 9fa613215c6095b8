"""What matching knows of a territory, in plain arrays, and the compiled functions that work on them."""
