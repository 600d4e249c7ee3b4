"""Fuzzers: random input, made from a seed, for the parsers and for a whole desk. See __main__.py."""
