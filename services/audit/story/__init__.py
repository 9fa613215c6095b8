"""What happened to an entity, step by step, in words: who published, what the engine said, who was told and decided."""
