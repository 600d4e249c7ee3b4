"""Sentences about a running desk, on real sockets and a real database."""
