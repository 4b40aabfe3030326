"""How long nothing happened."""


def longest(times, begin, end):
    """The longest stretch between begin and end without one of the times, in their unit."""
    inside = [begin, *sorted(time for time in times if begin <= time <= end), end]
    return max(later - earlier for earlier, later in zip(inside, inside[1:]))


def by_partition(deliveries, partitions, begin, end):
    """{partition: the longest stretch without a delivery of it between the two monotonic times, seconds}"""
    times = {partition: [] for partition in partitions}
    for row in deliveries:
        if row.partition in times:
            times[row.partition].append(row.time)
    return {partition: longest(found, begin, end) for partition, found in times.items()}


def milliseconds(gaps):
    """For people: the values of by_partition."""
    return ", ".join(f"{partition}: {gap * 1000:.0f} ms" for partition, gap in sorted(gaps.items()))
