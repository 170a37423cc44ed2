"""What all applications of one test process share: what each would only work out again, and find the same."""

import werkzeug.routing
from flask import Flask
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.mysql.pymysql import MySQLDialect_pymysql
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

#: More than there are statements in the whole suite: none is compiled twice.
STATEMENTS = 10_000


class Rule(werkzeug.routing.Rule):
    """Compiles each address once: that was most of what making an application took."""

    compiled = {}

    def compile(self):
        key = (self.rule, self.subdomain, self.merge_slashes, repr(self.defaults))
        first = self.compiled.get(key)
        if first is None:
            super().compile()
            self.compiled[key] = self
            return
        self.arguments |= first.arguments
        self._parts, self._trace, self._converters = first._parts, first._trace, first._converters
        self._build = first._build.__func__.__get__(self)
        self._build_unknown = first._build_unknown.__func__.__get__(self)


class SharedDialect:
    """Lets each engine use the dialect and the compiled statements of the first one that was connected.

    SQLAlchemy keeps what it has compiled by engine and dialect, so that without this each test compiles
    every statement anew. Engines with another isolation level have another dialect.
    """

    def __init_subclass__(cls):
        cls.firsts = {}

    @classmethod
    def engine_created(cls, engine):
        super().engine_created(engine)
        first = cls.firsts.get(engine.dialect._on_connect_isolation_level)
        if first:
            engine.dialect, engine._compiled_cache = first

    def initialize(self, connection):
        """Ask the server what it is, if no other engine has."""
        if self._on_connect_isolation_level not in self.firsts:
            super().initialize(connection)
            self.firsts[self._on_connect_isolation_level] = self, LRUCache(STATEMENTS)


class SharedSQLite(SharedDialect, SQLiteDialect_pysqlite):
    supports_statement_cache = True


class SharedMariaDB(SharedDialect, MySQLDialect_pymysql):
    supports_statement_cache = True


def share():
    Flask.url_rule_class = Rule
    registry.register("sqlite", __name__, "SharedSQLite")
    registry.register("mysql.pymysql", __name__, "SharedMariaDB")
