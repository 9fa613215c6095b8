"""The pages of the registry: the one behind a signed link, where a proposal is read and decided, and the front page."""
