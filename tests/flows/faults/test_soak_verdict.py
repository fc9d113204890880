"""What the soak calls flat, and its plot."""

from bench.soak.plot import Line, Panel, svg
from bench.soak.samples import Series, quarters
from gateway.safexml import Bounds, parse


def series(pss, descriptors=(30,) * 100, private=(20_000,) * 100):
    return Series(1, list(pss), list(private), list(pss), list(descriptors), [5] * 100)


def test_what_grows_in_the_warm_up_alone_is_flat():
    values = [1000 * min(n, 25) for n in range(1, 101)]
    assert quarters(values) == (25_000, 25_000)
    assert series(values).trouble("worker 1") == []


def test_memory_that_grows_behind_the_warm_up_is_told():
    (trouble,) = series([50_000 + 60 * n for n in range(100)]).trouble("worker 1")
    assert trouble.startswith("worker 1: PSS went from")
    assert series([50_000 + 20 * n for n in range(100)]).trouble("worker 1") == []


def test_private_memory_that_grows_is_told_though_the_share_of_pages_does_not():
    (trouble,) = series([50_000] * 100, private=[20_000 + 30 * n for n in range(100)]).trouble("master")
    assert trouble.startswith("master: private memory went from")


def test_memory_that_becomes_less_is_no_trouble():
    assert series([90_000 - 300 * n for n in range(100)]).trouble("master") == []


def test_descriptors_that_are_not_closed_are_told():
    (trouble,) = series([50_000] * 100, [30 + n // 5 for n in range(100)]).trouble("callout")
    assert trouble.startswith("callout: descriptors went from")


def test_the_plot_is_a_picture_with_a_line_for_each_process():
    panels = [Panel("memory <MiB>", [Line("master", [1, 2, 3]), Line("worker & co", [2, 2, 2])])]
    root = parse(svg([0, 1, 2], panels, marks=[1.0], warm_up=0.5).encode(), Bounds())
    names = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    lines = list(root.iter("{http://www.w3.org/2000/svg}polyline"))
    assert {"memory <MiB>", "master", "worker & co"} <= set(names)
    assert [len(line.get("points", "").split()) for line in lines] == [3, 3]
