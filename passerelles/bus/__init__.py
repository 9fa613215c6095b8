"""The bus: CloudEvents on Kafka, for stateless reactions and for stateful shards."""
