"""Starts Fief's command line with SQLite transactions that take the write lock at once.

Stock Fief upgrades its locks in the middle of a transaction, so two requests at a time end in "database is locked".
"""

import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine


@event.listens_for(Engine, "connect")
def wait_for_the_lock(connection, _record):
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout = 30000")
    cursor.execute("PRAGMA synchronous = OFF")
    cursor.close()


@event.listens_for(Engine, "before_cursor_execute", retval=True)
def lock_first(_connection, _cursor, statement, parameters, _context, _many):
    if statement == "BEGIN":
        statement = "BEGIN IMMEDIATE"
    return statement, parameters


from fief.cli.__main__ import app  # noqa: E402  (after the listeners)

sys.argv[0] = "fief"
app()
