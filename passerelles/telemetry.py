"""Every metric of the bus, the outbox and the checks; labels are names of ours, never data of a person."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

# From one event handled in memory to a batch that waited for a database.
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

CHECK_UP: Final = Gauge("passerelles_check_up", "1 when the check is up.", ["check"])

PUBLISHED: Final = Counter("passerelles_bus_published", "Events acknowledged by the bus.", ["topic", "type"])
PUBLISH_FAILURES: Final = Counter("passerelles_bus_publish_failures", "Publications without an acknowledgement.")

HANDLED: Final = Counter("passerelles_bus_handled", "Events given to a handler that took them.", ["group", "topic"])
RETRIED: Final = Counter("passerelles_bus_retried", "Events given again to a handler that failed.", ["group", "topic"])
GONE: Final = Counter("passerelles_bus_gone", "Records that left the log before they were read.", ["group", "topic"])
PARKED: Final = Counter("passerelles_bus_parked", "Records parked.", ["group", "topic", "reason"])
WAITS: Final = Counter("passerelles_bus_waits", "Waits for a dependency that is away.", ["group"])
BATCH_SECONDS: Final = Histogram(
    "passerelles_bus_batch_seconds", "From a batch read to its offsets committed.", ["group"], buckets=_SECONDS
)
LAG: Final = Gauge("passerelles_bus_lag", "Records behind the end of the log.", ["group", "topic", "partition"])

SHARD_POSITION: Final = Gauge("passerelles_shard_position", "The next offset to fold.", ["topic", "partition"])
SHARD_FOLDED: Final = Counter("passerelles_shard_folded", "Events folded, restored ones left out.", ["group"])
SHARD_EMITTED: Final = Counter("passerelles_shard_emitted", "Events that folds caused.", ["group"])
SHARD_RESTORED: Final = Gauge(
    "passerelles_shard_restored_ratio",
    "How much of its log a shard has replayed: 1 when it works.",
    ["topic", "partition"],
)
SHARD_STATE: Final = Gauge(
    "passerelles_shard_state",
    "1 for the state of a shard here: restoring, working or revoked.",
    ["topic", "partition", "state"],
)
SHARD_OLDEST_SECONDS: Final = Gauge(
    "passerelles_shard_oldest_unprocessed_seconds",
    "Age of the oldest event that a shard has not handled, at most; 0 when none waits.",
    ["topic", "partition"],
)
SHARD_SNAPSHOT_AGE: Final = Gauge(
    "passerelles_shard_snapshot_age_seconds", "Age of the last snapshot of a shard.", ["topic", "partition"]
)
SHARD_SNAPSHOT_PAUSE: Final = Histogram(
    "passerelles_shard_snapshot_pause_seconds", "What a fold stood still to be copied.", ["topic"], buckets=_SECONDS
)
SHARD_SNAPSHOTS_REFUSED: Final = Counter(
    "passerelles_shard_snapshots_refused", "Snapshots that were not used, by reason.", ["topic", "reason"]
)
SHARD_RESTORE_SECONDS: Final = Histogram(
    "passerelles_shard_restore_seconds", "From an assignment to work.", ["topic"], buckets=_SECONDS
)

OUTBOX_PUBLISHED: Final = Counter("passerelles_outbox_published", "Outbox entries published.", ["source"])
OUTBOX_SWEPT: Final = Counter(
    "passerelles_outbox_swept", "Documents that a sweep found with entries still owed.", ["source"]
)

DELIVERIES: Final = Counter(
    "passerelles_deliveries", "Attempts to hand a message over, by what state they ended in.", ["channel", "state"]
)
SMS_SEGMENTS: Final = Counter("passerelles_sms_segments", "Segments of text messages that were taken.", ["provider"])

ARCHIVED: Final = Counter("passerelles_archive_records", "Records written to segments and signed.", ["topic"])
