"""Moving windows: at most so many hits in any so many seconds, exact over all processes.

Counted in a SQLite file on one machine, or in Redis over several. When Redis does not answer, this
machine counts in its file until it does, and in its own memory when the file cannot be written
either: a limit is then too generous by the number of machines or processes, but never gone.

Registered with the `limits` library, so that Flask-Limiter counts in the same place.
"""

from sync2sys.ratelimit.fallback import Fallback
from sync2sys.ratelimit.redis import RedisWindow
from sync2sys.ratelimit.sqlite import SqliteWindow
from sync2sys.ratelimit.storage import WindowStorage, storage_uri
from sync2sys.ratelimit.window import MemoryWindow, Verdict

__all__ = [
    "Fallback",
    "MemoryWindow",
    "RedisWindow",
    "SqliteWindow",
    "Verdict",
    "WindowStorage",
    "storage_uri",
]
