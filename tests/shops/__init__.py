"""Shops that tests talk to over real sockets."""
