"""The endpoints under /debug. They are in the route table of a desk with DEBUG=true only; else each path is a 404.

`context.lab` has the tools: see lab.py. A caller of a locked desk must be an agent.
"""

ROUTES = ()
