"""Running a seed, and finding the shortest run that still fails."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from django.db import transaction

from tests.simulation import afterwards, invariants, outside, shoppers, staff  # noqa: F401  declares the acts
from tests.simulation.acts import ACTS, do_something, weights_of
from tests.simulation.coverage import transitions
from tests.simulation.settling import settle_down
from tests.simulation.shop import open_shop
from tests.simulation.verdict import unsound
from tests.simulation.world import World, living

STEPS = 150
PAUSES = (0, 0, 0, 1, 2, 5, 20, 40)  # seconds between two acts


@dataclass
class Report:
    """What a run came to. `problems` is empty if every rule held; `steps` are those that were taken."""

    seed: int
    steps: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    hits: Counter[str] = field(default_factory=Counter)

    @property
    def kind(self) -> str:
        """The first problem without its numbers, to tell one fault from another."""
        return "".join(letter for letter in self.problems[0] if not letter.isdigit()) if self.problems else ""


def run(seed: int, *, steps: int = STEPS, left_out: Collection[int] = ()) -> Report:
    """Live through a seed in a transaction that is rolled back, without the steps that are left out."""
    report = Report(seed, [step for step in range(1, steps + 1) if step not in left_out])
    with transaction.atomic():
        transaction.get_connection().atomic_blocks[-1]._from_testcase = True  # the one that stands for none
        with living(seed) as world:
            _live(world, report)
        transaction.set_rollback(True)
    return report


def _live(world: World, report: Report) -> None:
    try:
        open_shop(world)
        weights = weights_of(world.seed)
        for step in report.steps:
            world.roll(step)
            world.clock.forward(seconds=world.rng.choice(PAUSES))
            do_something(world, weights, ACTS)
            report.problems = list(invariants.broken())
            if report.problems:
                return
        settle_down(world)
        report.problems = list(unsound(world))
    except Exception as problem:  # noqa: BLE001  whatever was not foreseen is what is looked for
        report.problems = [f"{type(problem).__name__}: {problem}"]
    finally:
        report.trace = [str(done) for done in world.trace]
        report.hits = world.hits
        if not report.problems:
            report.hits.update(transitions())


def shortest(report: Report, *, tries: int = 30, runner: Callable[..., Report] = run) -> Report:
    """The shortest run found that fails in the same way: first a prefix, then without steps that do not matter."""
    best = report
    last = max((int(line.split()[0]) for line in report.trace if line.split()[0] != "0"), default=STEPS)
    low, high = 0, last
    while low < high and tries:
        tries, middle = tries - 1, (low + high) // 2
        shorter = runner(report.seed, steps=middle)
        if shorter.kind == report.kind:
            best, high = shorter, middle
        else:
            low = middle + 1
    size = max(len(best.steps) // 2, 1)
    while size and tries:
        for begin in range(0, len(best.steps), size):
            kept = best.steps[:begin] + best.steps[begin + size :]
            tries -= 1
            shorter = runner(report.seed, left_out=set(range(1, STEPS + 1)) - set(kept))
            if shorter.kind == report.kind:
                best = shorter
                break
            if not tries:
                break
        else:
            size //= 2
    return best


def story(report: Report) -> str:
    """A failed run in words: what is wrong, how it came to that, and how to see it again."""
    return "\n".join(
        [
            f"seed {report.seed} fails: {report.problems[0]}",
            *(f"  also: {problem}" for problem in report.problems[1:6]),
            *report.trace,
            f"Once more: make simulate SEED={report.seed}",
        ]
    )
