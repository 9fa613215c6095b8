"""Matching: a pure fold of facts into proposals, one shard a partition."""
