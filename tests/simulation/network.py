"""The network between shop and Stripe: where calls go wrong, processes end, and others act in between."""

from collections.abc import Mapping

from payments.errors import BadSignature
from payments.inbox import receive
from stripe_simulator import api
from stripe_simulator.tests import judged
from tests.simulation.acts import meanwhile
from tests.simulation.world import Killed, current

KILLED = 0.008
ANSWER_LOST = 0.02


def handle(method: str, url: str, headers: Mapping[str, str], body: bytes | str | None) -> api.Answer:
    """Carry one request to the simulator. The process may end before it is sent, or before its answer arrives."""
    world = current()
    if world is None:
        return api.handle(method, url, headers, body)
    meanwhile(world)
    if not world.is_calm and world.chance(KILLED):
        world.hits["killed before a call"] += 1
        raise Killed
    answer = (judged if world.is_judged else api).handle(method, url, headers, body)
    if not world.is_calm and world.chance(KILLED):
        world.hits["killed after a call"] += 1
        raise Killed
    meanwhile(world)
    return answer


def deliver(_url: str, headers: Mapping[str, str], body: bytes) -> int:
    """Bring one event to the inbox, as the webhook view does; the shop may be down, or its answer be lost."""
    world = current()
    if world is not None and world.is_down:
        world.hits["webhook down"] += 1
        return 503
    if world is not None and world.is_judged:
        judged.judge_event(body)
    try:
        receive(body, headers["Stripe-Signature"])
    except BadSignature:
        return 400
    if world is not None and not world.is_calm and world.chance(ANSWER_LOST):
        world.hits["webhook answer lost"] += 1
        return 500
    return 200
