"""Starts Fief's command line so that SQLite bears several requests at a time.

The server's transactions read first and write later, so two at a time end in "database is locked". Here they take the
write lock at once. The worker's do not: some of its tasks open a second connection and would wait for themselves.
"""

import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine


@event.listens_for(Engine, "connect")
def wait_for_the_lock(connection, _record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


@event.listens_for(Engine, "before_cursor_execute", retval=True)
def lock_first(_connection, _cursor, statement, parameters, _context, _many):
    if statement == "BEGIN" and "run-server" in sys.argv:
        statement = "BEGIN IMMEDIATE"
    return statement, parameters


from fief.cli.__main__ import app  # noqa: E402  (after the listeners)

sys.argv[0] = "fief"
app()
