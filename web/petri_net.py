"""Endpoints for clients of the Petri net (/api/support-ticket, /api/assign …): the same tickets, as markings."""

import workflow
from web.checks import ticket_to_change
from web.http1 import Response
from web.responses import etag, reply


def as_aggregate(ticket) -> dict:
    """A ticket for clients of the Petri net. The marking has two names, because clients read one or the other."""
    marking, enabled = workflow.marking(ticket["state"]), workflow.enabled(ticket["state"])
    net = {"state": marking, "places": marking, "enabled_transitions": enabled}
    return {"aggregate_id": ticket["uuid"], "version": ticket["version"], **net}


def get_aggregate(context, request) -> Response:
    """Show the version, the marking and the enabled transitions of a ticket."""
    ticket = context.store.ticket(request.references[0], request.caller)
    return reply(200, as_aggregate(ticket), etag(ticket))


def get_events(context, request) -> Response:
    """List the history of a ticket with the names that clients of the Petri net read."""
    ticket = context.store.ticket(request.references[0], request.caller)
    page = context.store.history(ticket, request.caller, request.fields)
    for event in page["events"]:
        event.update(aggregate_id=ticket["uuid"], timestamp=event["at"])
    return reply(200, page)


def get_aggregate_at(context, request) -> Response:
    """Show the marking of a ticket at a version."""
    ticket = context.store.ticket(request.references[0], request.caller)
    return reply(200, as_aggregate(context.store.ticket_at(ticket, request.references[1])))


def fire_by_path(context, request) -> Response:
    """Fire the transition that the path ends with."""
    name = request.route.path.rpartition("/")[2]
    ticket = ticket_to_change(context, request, request.fields["aggregate_id"])
    ticket = context.store.fire(request.caller, ticket, name, request.fields.get("data", {}))
    return reply(200, {"success": True, **as_aggregate(ticket)}, etag(ticket))
