"""Counting in Redis, exact over any number of machines."""

from sync2sys.ratelimit.window import Verdict

MICRO = 1_000_000
TIMEOUT_SECONDS = 0.25

_HIT_SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local limit, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local oldest = redis.call('LINDEX', KEYS[1], -1)
while oldest and tonumber(oldest) <= now - window do
    redis.call('RPOP', KEYS[1])
    oldest = redis.call('LINDEX', KEYS[1], -1)
end
local used = redis.call('LLEN', KEYS[1])
local allowed = cost > 0 and used + cost <= limit
if allowed then
    for _ = 1, cost do redis.call('LPUSH', KEYS[1], string.format('%.0f', now)) end
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
    used = used + cost
end
local left = 0
if used > 0 then left = tonumber(oldest or now) + window - now end
return {allowed and 1 or 0, used, left}
"""


class RedisWindow:
    """Counts in Redis, by its clock, for any number of machines."""

    PREFIX = "sync2sys:window:"

    def __init__(self, url: str) -> None:
        try:
            import redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError:
            raise RuntimeError("REDIS_URL needs the redis package: pip install sync2sys[redis]") from None
        self.errors: tuple[type[Exception], ...] = (redis.RedisError, OSError)
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # Once more at once, for a connection that was closed while it was idle.
            retry=Retry(NoBackoff(), 1),
        )
        self._script = self._client.register_script(_HIT_SCRIPT)

    def hit(self, key: str, limit: int, seconds: int, cost: int = 1) -> Verdict:
        allowed, used, left = self._run(key, limit, seconds, cost)
        return Verdict(bool(allowed), max(0, limit - used), left / MICRO)

    def peek(self, key: str, seconds: int) -> tuple[int, float]:
        _, used, left = self._run(key, 0, seconds, 0)
        return used, left / MICRO

    def clear(self, key: str | None = None) -> None:
        if key is not None:
            self._client.delete(self.PREFIX + key)
            return
        for name in self._client.scan_iter(match=f"{self.PREFIX}*", count=1000):
            self._client.delete(name)

    def _run(self, key: str, limit: int, seconds: int, cost: int) -> tuple[int, int, int]:
        allowed, used, left = self._script(keys=[self.PREFIX + key], args=[limit, seconds * MICRO, cost])
        return allowed, used, left
