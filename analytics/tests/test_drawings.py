"""Drawings as coordinates: bars that stand and hang, ranked bars with the lines of how they ran, and their words."""

from analytics.dashboards.bars import Step, in_rows
from analytics.dashboards.charts import Series, over_time
from analytics.dashboards.drawing import COUNTED, HALF, NARROW, WIDE
from analytics.dashboards.ranked_runs import Runner, ranked_runs


def test_amounts_above_zero_stand_upon_each_other_and_those_below_hang():
    series = [Series("new", [30]), Series("old", [20], number=2), Series("lost", [-40], number=3)]

    wide, _ = over_time(["1 Jun"], series, COUNTED, HALF)
    new, old, lost = wide.rects

    assert old.y + old.height == new.y
    assert new.y + new.height == lost.y
    assert abs(lost.height - new.height - 10 * new.height / 30) < 0.3
    assert lost.title == "1 Jun: -40 lost"


def test_a_ranked_bar_has_the_line_of_how_it_ran_as_high_as_the_bar():
    wide, narrow = ranked_runs(
        [Runner("Cream", 300, "£3.00", "/rows/", [0, 100, 50]), Runner("Oil", 100, "£1.00", "", [7])]
    )
    bar, small = wide.rects
    points = [tuple(map(float, point.split(","))) for point in wide.lines[0].points.split(" ")]

    assert (bar.url, bar.title, round(bar.width / small.width)) == ("/rows/", "Cream: £3.00", 3)
    assert [y for _, y in points] == [bar.y + bar.height, bar.y, bar.y + bar.height / 2]
    assert points[-1][0] <= WIDE.width
    assert (len(wide.lines), len(narrow.lines)) == (1, 1)
    assert max(x for x, _ in points) > max(word.x for word in wide.words)


def test_more_given_back_than_sold_leads_to_the_left_of_zero():
    wide, _ = ranked_runs([Runner("Cream", 300, "£3.00", "", []), Runner("Oil", -100, "-£1.00", "", [])])
    up, down = wide.rects

    assert down.x + down.width == up.x


def test_the_line_of_zero_runs_through_no_name_on_a_phone():
    steps = [Step("Gross sales", 0, 5, "£0.05")]
    narrow = [in_rows(steps, HALF)[1], ranked_runs([Runner("Cream", 5, "£0.05", "", [])])[1]]

    assert [drawing.shape for drawing in narrow] == [NARROW, NARROW]
    assert [drawing.rules for drawing in narrow] == [[], []]
    assert in_rows([Step("Returns", 0, -5, "-£0.05")], HALF)[1].rules != []


def test_the_name_of_a_line_stands_clear_of_every_mark():
    days = [f"{day} Jun" for day in range(1, 8)]
    bars, line = Series("Net sales", [30] * 7), Series("7 days before", [10] * 7, number=2, is_line=True)

    for drawing in over_time(days, [bars, line], COUNTED, WIDE):
        (name,) = [word for word in drawing.words if word.text == line.name]
        rightmost = max(rect.x + rect.width for rect in drawing.rects)
        assert name.x > rightmost or name.y < min(rect.y for rect in drawing.rects)


def test_several_lines_are_named_at_their_ends_on_a_phone_too():
    lines = [Series("payments", [5, 5], is_line=True), Series("attempts", [5, 4], number=2, is_line=True)]

    for drawing in over_time(["1 Jun", "2 Jun"], lines, COUNTED, HALF):
        names = [word for word in drawing.words if word.series]
        ends = [float(line.points.split(" ")[-1].split(",")[0]) for line in drawing.lines]
        assert min(word.x for word in names) > max(ends)
        assert len({word.y for word in names}) == 2
