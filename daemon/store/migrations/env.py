"""What Alembic runs for every migration: on the connection it is given, in that connection's transaction.

There is no alembic.ini; `daemon.store.database` is the only caller.
"""

from __future__ import annotations

from alembic import context

from daemon.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
