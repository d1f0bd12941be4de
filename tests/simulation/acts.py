"""The acts of the simulation: declared by their room, done one after another, or one within another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random

from core.errors import DomainError
from payments.errors import GatewayError
from tests.simulation.world import NESTED, Killed, World, record

MEANWHILE = 0.03  # how often somebody else acts while a call to Stripe is on its way


@dataclass(frozen=True)
class Act:
    """Something that somebody does. `run` says what came of it; `is_quick` if it may happen within another act."""

    name: str
    weight: float
    run: Callable[[World], str]
    is_quick: bool = True


ACTS: dict[str, Act] = {}


def act(
    name: str, *, weight: float = 1, is_quick: bool = True
) -> Callable[[Callable[[World], str]], Callable[[World], str]]:
    """Declare an act; `weight` says how often it is done."""

    def declare(run: Callable[[World], str]) -> Callable[[World], str]:
        if name in ACTS:
            raise ValueError(f"there are two acts named {name}")
        ACTS[name] = Act(name, weight, run, is_quick)
        return run

    return declare


def weights_of(seed: int) -> dict[str, float]:
    """How often each act is done under a seed: every seed has a taste of its own, so that rare mixtures come up too."""
    taste = Random(f"taste:{seed}")
    return {name: declared.weight * taste.choice((0.2, 1, 1, 3)) for name, declared in ACTS.items()}


def do_something(world: World, weights: dict[str, float], names: Iterable[str]) -> None:
    """Let somebody do something."""
    able = list(names)
    do(world, ACTS[world.rng.choices(able, [weights[name] for name in able])[0]])


def do(world: World, chosen: Act) -> None:
    """Do one act and keep what came of it. A refusal, silence of Stripe's and a killed process are part of the game."""
    done = record(world, chosen.name)
    world.hits[f"act {chosen.name}"] += 1
    world.depth += 1
    try:
        done.outcome = chosen.run(world)
    except DomainError as refusal:
        done.outcome = f"refused: {refusal.message}"
    except GatewayError as silence:
        done.outcome = f"no answer: {type(silence).__name__}"
    except Killed:
        done.outcome = "killed"
    except Exception as problem:
        done.outcome = f"{type(problem).__name__}: {problem}"
        raise
    finally:
        world.depth -= 1


def meanwhile(world: World, of: float = MEANWHILE) -> None:
    """While a call is on its way, and no lock is held, somebody else may act."""
    if world.is_calm or world.depth == 0 or world.depth >= NESTED or not world.chance(of):
        return
    world.hits["meanwhile"] += 1
    quick = [name for name, declared in ACTS.items() if declared.is_quick]
    do_something(world, weights_of(world.seed), quick)
