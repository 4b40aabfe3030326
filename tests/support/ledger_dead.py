"""What the ledger asks of dead letters and of attempts; ledger.py names the counts."""

from collections import defaultdict

from support.sink import NOT_TRIED

TIMEOUTS = (408, 425)  # 4xx that may pass


def _spent(delivery):
    """Whether it was an attempt that failed."""
    return not 200 <= delivery.status < 300 and delivery.status not in NOT_TRIED


def _rejected(delivery):
    return 400 <= delivery.status < 500 and delivery.status not in TIMEOUTS + NOT_TRIED


def check_dead(report, stored, delivered, dead, limits, partitions_grew):
    """The ids of the dead letters that are what they say. `limits`: (attempts, kills)."""
    records = {(record.partition, record.offset): record for record in stored}
    first, ids = {}, set()
    for letter in sorted(dead, key=lambda letter: letter.place):
        place = (letter.partition, letter.offset)
        record = records.get(place)
        same = record and (record.id, record.key, record.number, record.origin) == letter[:3] + (letter.origin,)
        if not same or letter.attempts is None or not letter.reason:
            report.add("dead_mismatches", f"{letter} but the topic holds {record}")
            continue
        ids.add(letter.id)
        if place in first:
            report.counts["duplicates_dead"] += 1
        else:
            first[place] = letter
    report.counts["dead"] = len(ids)
    _check_dead_order(report, first.values(), delivered, limits[1], partitions_grew)
    if limits[0]:
        _check_attempts(report, first, delivered, *limits)
    return ids


def _check_attempts(report, dead, delivered, attempts, kills):
    """`dead` by place."""
    spent, seen = defaultdict(list), set()
    for delivery in delivered:
        place = (delivery.partition, delivery.offset)
        seen.add(place)
        if _spent(delivery):
            spent[place].append(delivery)
        right_flag = delivery.last is None or delivery.last == (delivery.attempt == attempts)
        if not 1 <= delivery.attempt <= attempts or not right_flag:
            report.add("wrong_attempts", f"{delivery} of {attempts}")
    for place, letter in dead.items():
        failed = spent[place]
        if letter.attempts == 0:
            earlier = any(other.key == letter.key and other.place < letter.place for other in dead.values())
            if place in seen or not earlier:
                report.add("wrong_attempts", f"{letter} was parked, earlier ones of its key: {earlier}")
            continue
        too_few = letter.attempts < attempts and not (failed and _rejected(failed[-1]))
        if too_few or letter.attempts > attempts or not 0 <= len(failed) - letter.attempts <= kills:
            report.add("wrong_attempts", f"{letter} of {attempts}; the handler failed it {len(failed)} times")
    for place, failed in spent.items():
        if place not in dead and (len(failed) - kills >= attempts or _rejected(failed[-1])):
            report.add("wrong_attempts", f"{failed[-1]} failed {len(failed)} times and was not dead-lettered")


def _check_dead_order(report, dead, delivered, kills, partitions_grew):
    def scope_of(event):
        return event.key, event.partition if partitions_grew else None

    letters, numbers = defaultdict(list), {}
    for letter in dead:
        letters[scope_of(letter)].append(letter)
        report.rise(numbers, (letter.place[0], scope_of(letter)), letter.number, f"dead-letter topic: {letter}")
    rows = defaultdict(list)
    for delivery in delivered:
        if scope_of(delivery) in letters:
            rows[scope_of(delivery)].append(delivery)
    for scope, of_key in letters.items():
        for letter in of_key:
            own = [i for i, row in enumerate(rows[scope]) if row.offset == letter.offset and _spent(row)]
            own = own[: letter.attempts] if kills else own  # after a kill it may have come once more
            final = own[-1] if own else -1
            same = (i for i, row in enumerate(rows[scope]) if row.offset == letter.offset and 200 <= row.status < 300)
            delivered_at = next(same, len(rows[scope]))  # then it holds nobody up, and the letter is of a repetition
            for index, row in enumerate(rows[scope][:delivered_at]):
                if row.number is None or row.number <= letter.number or row.status in NOT_TRIED:
                    continue
                early = row.clock is not None and row.clock * 1000 < letter.stored_at
                if index < final or early:
                    report.add("order_violations", f"handler: {row} came before the dead letter {letter}")
                    break
