"""The whole Petri net over HTTP: every state with every transition as every role."""

from itertools import product

from tests import test_workflow
from tests.test_workflow import NET, PATHS, PERMISSIONS, ROLE_NEEDED, NetTest, marking
from workflow import TRANSITIONS


class Anonymous(test_workflow.Anonymous):
    STATES = tuple(PATHS)


class Net(NetTest):
    def test_every_state_transition_and_role_is_as_the_net_says(self):
        """7 states × 9 transitions × 8 roles, on both routes; a refused request changes nothing."""
        for state in PATHS:
            uuid, version = self.ticket_in(state), len(PATHS[state]) + 1
            requests = product(ROLE_NEEDED, PERMISSIONS.items(), ("/api", "/tickets"))
            for transition, (roles, permissions), route in requests:
                legal, permitted = (state, transition) in NET, ROLE_NEEDED[transition] in permissions
                headers = {"X-User-Id": "someone", "X-User-Role": roles}
                if legal and permitted:
                    self.assert_fires(route, state, transition, headers)
                    continue
                reply = self.fire(route, uuid, transition, headers)
                where = f"{route} {transition} of {state} as {roles!r}"
                if not permitted:
                    self.assertEqual((reply.status, reply.json["code"]), (403, "FORBIDDEN"), where)
                    self.assertIn(ROLE_NEEDED[transition], reply.json["message"])
                else:
                    self.assertEqual((reply.status, reply.json["code"]), (409, "TRANSITION_FAILED"), where)
                    may = [t.name for t in TRANSITIONS.values() if t.source == state and t.role in permissions]
                    self.assertEqual((reply.json["state"], sorted(reply.json["allowed"])), (state, sorted(may)))
            ticket = self.desk.get(f"/tickets/{uuid}").json
            self.assertEqual((ticket["state"], ticket["version"]), (state, version))

    def assert_fires(self, route, state, transition, headers):
        """The transition works, on a new ticket in that state."""
        uuid = self.ticket_in(state)
        target, event, _ = NET[state, transition]
        reply = self.fire(route, uuid, transition, headers)
        self.assertEqual(reply.status, 200, reply.body)
        aggregate = self.desk.get(f"/api/support-ticket/{uuid}").json
        self.assertEqual(aggregate["state"], marking(target))
        self.assertEqual(sum(aggregate["state"].values()), 1)
        self.assertEqual(aggregate["enabled_transitions"], [t.name for t in TRANSITIONS.values() if t.source == target])
        last = self.desk.get(f"/tickets/{uuid}/events").json["events"][-1]
        self.assertEqual((last["type"], last["actor"]), (event, "someone"))
