"""A local Amazon over HTTP: stateful, deterministic from a seed, with faults on demand.

It imports nothing of the connector, so that the two agree only through Amazon's own models.

    server      sockets, the ``Simulator`` of tests and demo, ``serve``
    app         one request in, one response out; no socket
    world       everything Amazon knows, behind one lock and one clock
    faults      what goes wrong, and when
    admin       ``/_simulator/…``: full control for tests and demo
"""
