"""Clients that do something at the same time."""

from concurrent.futures import ThreadPoolExecutor


def at_once(call, arguments):
    """The results of call(argument), each made on a thread of its own.  Raises what a call raised."""
    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(call, arguments))
