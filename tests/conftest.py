"""For every pytest of the tree."""


def pytest_collection_modifyitems(items):
    """
    The slow ones come early and apart from each other: runtests hands tests to
    several processes in runs of neighbours, and none shall end long after the rest.
    """
    slow = [item for item in items if item.get_closest_marker("slow")]
    quick = [item for item in items if item not in slow]
    stride = max(1, len(quick) // (len(slow) + 1))
    items[:] = []
    for number, item in enumerate(slow):
        items += [item, *quick[number * stride:(number + 1) * stride]]
    items += quick[len(slow) * stride:]
