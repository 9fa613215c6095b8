"""The bus: Kafka behind a codec, a publisher, two ways to consume, and a place for what cannot be handled."""
