"""What survives `kill -9`: schema, group commit, and the outbox of notifications."""
