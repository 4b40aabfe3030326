#!/usr/bin/env python3
"""The checker must see what it exists for: each test feeds it one kind of defect."""

import json
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from support import ledger  # noqa: E402
from support.ledger import Accepted, Dead, Delivered, Stored, Violation, check  # noqa: E402

SOURCE = "00000000000000aa"


def accepted(count, keys=2):
    """Events a-1, b-1, a-2, b-2, ... accepted as sequences 1, 2, 3, ..."""
    names = "abcdefgh"[:keys]
    return [
        Accepted(f"{names[i % keys]}-{i // keys + 1}", names[i % keys], i // keys + 1, (SOURCE, i + 1))
        for i in range(count)
    ]


def stored(events, partition=0):
    return [Stored(partition, offset, e.id, e.key, e.number, e.origin) for offset, e in enumerate(events)]


def delivered(records, status=200):
    return [Delivered(r.id, r.key, r.number, r.partition, r.offset, r.origin, status) for r in records]


class Checker(unittest.TestCase):
    def setUp(self):
        self.events = accepted(10)
        self.records = stored(self.events)
        self.deliveries = delivered(self.records)

    def report(self, grew=False, **more):
        return check(self.events, self.records, self.deliveries, grew, **more)

    def assert_only(self, report, **counts):
        """These violations and no others."""
        found = {name: report[name] for name in ledger.VIOLATIONS if report[name]}
        self.assertEqual(found, counts)
        if counts:
            with self.assertRaises(Violation):
                report.require_clean()


class Ledger(Checker):
    def test_accepts_a_clean_run(self):
        report = self.report()
        self.assert_only(report)
        report.require_clean(("duplicates_stored", "duplicates_delivered"))
        self.assertEqual((report["accepted"], report["stored"], report["delivered"]), (10, 10, 10))

    def test_prints_the_block(self):
        self.assertEqual(
            self.report().text().splitlines()[0],
            "ledger: accepted=10 stored=10 delivered=10 lost=0 order_violations=0"
            " duplicates_stored=0 duplicates_delivered=0",
        )

    def test_sees_an_event_missing_in_the_topic(self):
        lost = self.records.pop()
        self.deliveries = [d for d in self.deliveries if d.id != lost.id]
        self.assert_only(self.report(), lost=1)

    def test_sees_an_event_that_was_not_delivered(self):
        self.deliveries.pop()
        self.assert_only(self.report(), lost=1)

    def test_sees_that_an_event_was_only_delivered_in_vain(self):
        self.deliveries[9] = self.deliveries[9]._replace(status=500)
        self.assert_only(self.report(), lost=1)

    def test_does_not_ask_for_deliveries_without_a_handler(self):
        self.deliveries = None
        self.assert_only(self.report())
        self.records.pop()
        self.assert_only(self.report(), lost=1)

    def test_sees_wrong_order_in_a_partition(self):
        self.records[0], self.records[2] = (
            self.records[2]._replace(offset=0, origin=self.records[0].origin),
            self.records[0]._replace(offset=2, origin=self.records[2].origin),
        )
        self.events[0] = self.events[0]._replace(origin=(SOURCE, 3))
        self.events[2] = self.events[2]._replace(origin=(SOURCE, 1))
        self.deliveries = None
        self.assert_only(self.report(), order_violations=1)

    def test_sees_sequences_of_a_source_that_fall(self):
        self.records[0], self.records[1] = self.records[1]._replace(offset=0), self.records[0]._replace(offset=1)
        self.deliveries = None
        self.assert_only(self.report(), order_violations=1)

    def test_sees_wrong_order_at_the_handler(self):
        self.deliveries[0], self.deliveries[2] = self.deliveries[2], self.deliveries[0]
        self.assert_only(self.report(), order_violations=2)  # of the arrivals and of the successes

    def test_allows_another_order_of_different_keys(self):
        self.deliveries[0], self.deliveries[1] = self.deliveries[1], self.deliveries[0]
        self.assert_only(self.report())

    def test_sees_an_event_overtaken_while_it_was_retried(self):
        first = self.deliveries[0]
        self.deliveries = [first._replace(status=500), *self.deliveries[1:3], first, *self.deliveries[3:]]
        self.assert_only(self.report(), order_violations=1)

    def test_allows_a_retry_in_place(self):
        self.deliveries.insert(0, self.deliveries[0]._replace(status=500))
        report = self.report()
        self.assert_only(report)
        self.assertEqual(report["duplicates_delivered"], 0)

    def test_allows_a_resend_of_a_stretch_and_counts_it(self):
        again = [record._replace(offset=10 + i) for i, record in enumerate(self.records[4:])]
        self.records += again
        self.deliveries += delivered(again)
        report = self.report()
        self.assert_only(report)
        self.assertEqual((report["duplicates_stored"], report["duplicates_delivered"]), (6, 6))
        with self.assertRaises(Violation):
            report.require_clean(("duplicates_stored",))

    def test_counts_a_repeated_delivery(self):
        self.deliveries.append(self.deliveries[3])
        report = self.report()
        self.assert_only(report)
        self.assertEqual(report["duplicates_delivered"], 1)

    def test_sees_a_duplicate_under_another_sequence(self):
        self.records.append(self.records[9]._replace(offset=10, origin=(SOURCE, 11)))
        self.assert_only(self.report(), unrecognisable=1)

    def test_sees_a_duplicate_under_another_source(self):
        self.records.append(self.records[9]._replace(offset=10, origin=("00000000000000bb", 10)))
        self.assert_only(self.report(), unrecognisable=1)

    def test_counts_what_the_poster_sent_again_apart(self):
        self.events[9] = self.events[9]._replace(reposted=1, origin=(SOURCE, 11))
        self.records.append(self.records[9]._replace(offset=10, origin=(SOURCE, 11)))
        report = self.report()
        self.assert_only(report)
        self.assertEqual((report["reposted"], report["duplicates_stored"]), (1, 0))

    def test_sees_more_copies_than_the_poster_sent(self):
        self.events[9] = self.events[9]._replace(reposted=1)
        self.records += [self.records[9]._replace(offset=10 + i, origin=(SOURCE, 11 + i)) for i in range(2)]
        report = self.report()
        self.assert_only(report, unrecognisable=1)
        self.assertEqual(report["reposted"], 1)

    def test_sees_a_key_in_two_partitions(self):
        self.records[9] = self.records[9]._replace(partition=1, offset=0)
        self.deliveries[9] = self.deliveries[9]._replace(partition=1, offset=0)
        self.assert_only(self.report(), split_keys=1)
        self.assert_only(self.report(grew=True))

    def test_keeps_order_within_a_partition_when_partitions_grew(self):
        self.deliveries[0], self.deliveries[2] = self.deliveries[2], self.deliveries[0]
        self.assert_only(self.report(grew=True), order_violations=2)

    def test_allows_a_key_to_overtake_itself_in_a_new_partition(self):
        self.records[8:] = [record._replace(partition=1) for record in self.records[8:]]
        self.deliveries = delivered(self.records[8:] + self.records[:8])
        self.assert_only(self.report(grew=True))

    def test_sees_a_record_nobody_posted(self):
        self.records.append(Stored(0, 10, "z-1", "z", 1, (SOURCE, 11)))
        self.assert_only(self.report(), unknown=1)

    def test_sees_a_delivery_that_is_not_in_the_topic(self):
        self.deliveries.append(Delivered("z-1", "z", 1, 0, 99, (SOURCE, 11)))
        self.assert_only(self.report(), unknown=1)

    def test_sees_a_delivery_with_another_events_origin(self):
        self.deliveries[4] = self.deliveries[4]._replace(origin=(SOURCE, 1))
        self.assert_only(self.report(), unknown=1)

    def test_sees_a_record_with_another_key(self):
        self.records[9] = self.records[9]._replace(key="z")
        self.deliveries[9] = self.deliveries[9]._replace(key="z")
        self.assert_only(self.report(), unknown=1)

    def test_sees_a_record_without_an_origin(self):
        self.records[9] = self.records[9]._replace(origin=None)
        self.deliveries[9] = self.deliveries[9]._replace(origin=None)
        self.assert_only(self.report(), origin_mismatches=2)  # no hf, and not stored as accepted

    def test_sees_an_event_stored_under_another_sequence_than_answered(self):
        self.events[9] = self.events[9]._replace(origin=(SOURCE, 11))
        self.assert_only(self.report(), origin_mismatches=1)

    def test_takes_events_written_by_others(self):
        self.events.append(Accepted("x-1", "x", 1, None))
        self.records.append(Stored(0, 10, "x-1", "x", 1, None))
        self.deliveries = delivered(self.records)
        self.assert_only(self.report())
        self.deliveries.pop()
        self.assert_only(self.report(), lost=1)


def attempts_at(record, statuses, of=3, clock=None):
    """Failing attempts 1, 2, ... of an event."""
    (base,) = delivered([record])
    return [
        base._replace(status=status, attempt=number, last=number == of, clock=clock)
        for number, status in enumerate(statuses, 1)
    ]


def letter(record, attempts=3, place=(0, 0), stored_at=-1):
    event = (record.id, record.key, record.number, record.partition, record.offset, record.origin)
    return Dead(*event, attempts, "the handler answered 500", stored_at, place)


class DeadLetters(Checker):
    """Event a-2 (the third) fails three times and is dead-lettered."""

    def setUp(self):
        super().setUp()
        self.deliveries = [delivery._replace(last=False) for delivery in self.deliveries]
        self.poison = self.records[2]
        self.deliveries[2:3] = attempts_at(self.poison, [500, 500, 500])
        self.dead = [letter(self.poison)]

    def judged(self, kills=0, **more):
        return self.report(dead=self.dead, attempts=3, kills=kills, **more)

    def test_a_dead_letter_finishes_its_event(self):
        report = self.judged()
        self.assert_only(report)
        self.assertEqual((report["dead"], report["delivered"], report["dead_and_delivered"]), (1, 9, 0))
        self.dead = []
        self.assert_only(self.judged(), lost=1, wrong_attempts=1)  # failed three times and is nowhere

    def test_counts_an_event_that_was_delivered_and_dead_lettered(self):
        self.dead.append(letter(self.records[9], place=(0, 1)))
        self.assertEqual(self.report(dead=self.dead)["dead_and_delivered"], 1)

    def test_counts_a_second_dead_letter_of_one_record(self):
        self.dead.append(letter(self.poison, place=(0, 1)))
        report = self.judged()
        self.assert_only(report)
        self.assertEqual((report["dead"], report["duplicates_dead"]), (1, 1))

    def test_sees_a_dead_letter_that_is_not_the_record_at_its_place(self):
        good = self.dead[0]
        places = [{"offset": 3}, {"offset": None}, {"partition": 1}]
        events = [{"number": 7}, {"id": "b-1"}, {"key": "b"}, {"origin": (SOURCE, 9)}, {"origin": None}]
        for change in places + events:
            with self.subTest(change):
                self.dead = [good._replace(**change)]
                self.assert_only(self.judged(), lost=1, dead_mismatches=1, wrong_attempts=1)

    def test_sees_a_dead_letter_without_reason_or_attempts(self):
        good = self.dead[0]
        for change in ({"reason": ""}, {"reason": None}, {"attempts": None}):
            with self.subTest(change):
                self.dead = [good._replace(**change)]
                self.assert_only(self.judged(), lost=1, dead_mismatches=1, wrong_attempts=1)

    def test_sees_one_attempt_more_and_allows_it_after_a_kill(self):
        self.deliveries.insert(3, self.deliveries[2])
        self.assert_only(self.judged(), wrong_attempts=1)
        self.assert_only(self.judged(kills=1))
        self.deliveries.insert(3, self.deliveries[2])
        self.assert_only(self.judged(kills=1), wrong_attempts=1)

    def test_sees_one_attempt_too_few(self):
        self.deliveries.remove(self.deliveries[3])
        self.assert_only(self.judged(kills=1), wrong_attempts=1)
        self.dead = [letter(self.poison, attempts=2)]  # it says so, but three are configured
        self.assert_only(self.judged(kills=1), wrong_attempts=1)

    def test_sees_an_attempt_beyond_the_last(self):
        self.deliveries.insert(5, self.deliveries[4]._replace(attempt=4, last=False))
        self.dead = [letter(self.poison, attempts=4)]
        self.assert_only(self.judged(), wrong_attempts=2)

    def test_sees_a_wrong_flag_for_the_last_attempt(self):
        self.deliveries[4] = self.deliveries[4]._replace(last=False)
        self.assert_only(self.judged(), wrong_attempts=1)
        self.deliveries[4] = self.deliveries[4]._replace(last=True)
        self.deliveries[2] = self.deliveries[2]._replace(last=True)
        self.assert_only(self.judged(), wrong_attempts=1)

    def test_unavailable_answers_spend_no_attempt(self):
        again = self.deliveries[3]
        self.deliveries[3:3] = [again._replace(status=429), again._replace(status=503)]
        self.assert_only(self.judged())

    def test_allows_a_rejected_event_at_once_and_sees_any_other(self):
        del self.deliveries[3:5]
        self.dead = [letter(self.poison, attempts=1)]
        self.deliveries[2] = self.deliveries[2]._replace(status=422)
        self.assert_only(self.judged())
        for status in (408, 425, 500):
            self.deliveries[2] = self.deliveries[2]._replace(status=status)
            self.assert_only(self.judged(), wrong_attempts=1)

    def test_sees_a_rejected_event_that_was_tried_again(self):
        (first, *_) = attempts_at(self.records[9], [422])
        self.deliveries.insert(-1, first)
        self.assert_only(self.judged(), wrong_attempts=1)

    def test_sees_an_event_that_failed_too_often_before_it_succeeded(self):
        self.deliveries[-1:-1] = attempts_at(self.records[9], [500, 500])
        self.assert_only(self.judged())
        self.deliveries[-1:-1] = attempts_at(self.records[9], [500])
        self.assert_only(self.judged(), wrong_attempts=1)
        self.assert_only(self.judged(kills=1))

    def test_sees_a_later_event_between_the_attempts(self):
        later = next(delivery for delivery in self.deliveries if delivery.id == "a-3")
        self.deliveries.remove(later)
        self.deliveries.insert(4, later)
        self.assert_only(self.judged(), order_violations=1)

    def test_an_event_that_was_delivered_holds_up_nothing_when_a_repetition_of_it_dies(self):
        """Its owner lost the partition before the checkpoint: the next one delivers again, and now the handler fails."""
        at = 2
        self.deliveries[at:at] = [self.deliveries[at]._replace(status=200), *self.later_ones(clock=5)]
        self.dead = [letter(self.poison, stored_at=9_000)]
        report = self.judged()
        self.assert_only(report)
        self.assertEqual(report["dead_and_delivered"], 1)

    def test_sees_a_later_event_before_a_delivery_and_a_dead_letter(self):
        at = 2
        self.deliveries[at:at] = [*self.later_ones(clock=5), self.deliveries[at]._replace(status=200)]
        self.dead = [letter(self.poison, stored_at=9_000)]
        self.assertNotEqual(self.judged()["order_violations"], 0)

    def later_ones(self, clock=None):
        return [row._replace(clock=clock) for row in self.deliveries if row.key == "a" and row.number > 2]

    def test_allows_a_later_event_of_a_batch_that_the_handler_put_off(self):
        later = next(delivery for delivery in self.deliveries if delivery.id == "a-3")
        self.deliveries.insert(4, later._replace(status=503))
        self.assert_only(self.judged())

    def test_allows_an_attempt_after_a_kill_behind_later_events(self):
        self.deliveries.append(self.deliveries[4])
        self.assert_only(self.judged(), order_violations=1, wrong_attempts=1)
        self.assert_only(self.judged(kills=1))

    def test_sees_a_later_event_before_the_dead_letter_was_stored(self):
        self.deliveries = [delivery._replace(clock=1000.0 + i) for i, delivery in enumerate(self.deliveries)]
        a3 = next(i for i, delivery in enumerate(self.deliveries) if delivery.id == "a-3")
        self.dead = [letter(self.poison, stored_at=(1000 + a3) * 1000)]
        self.assert_only(self.judged())
        self.dead = [letter(self.poison, stored_at=(1000 + a3) * 1000 + 1)]
        self.assert_only(self.judged(), order_violations=1)

    def test_other_keys_do_not_wait(self):
        b = [delivery for delivery in self.deliveries if delivery.key == "b"]
        self.deliveries = [delivery for delivery in self.deliveries if delivery.key != "b"]
        self.deliveries[2:2] = b
        self.assert_only(self.judged())

    def test_partitions_that_grew_have_each_their_order(self):
        self.records[8] = self.records[8]._replace(partition=1)  # a-5
        moved = next(i for i, delivery in enumerate(self.deliveries) if delivery.id == "a-5")
        self.deliveries.insert(3, self.deliveries.pop(moved)._replace(partition=1))
        self.assert_only(self.judged(grew=True))

    def test_sees_wrong_order_among_dead_letters(self):
        del self.deliveries[self.deliveries.index(next(d for d in self.deliveries if d.id == "a-3"))]
        self.dead.append(letter(self.records[4], attempts=0, place=(0, 1)))
        self.assert_only(self.judged())
        self.dead = [each._replace(place=(0, 1 - each.place[1])) for each in self.dead]
        self.assert_only(self.judged(), order_violations=1, wrong_attempts=1)

    def test_sees_a_parked_event_that_was_delivered_or_has_no_reason_to_be_parked(self):
        self.dead.append(letter(self.records[4], attempts=0, place=(0, 1)))
        self.assert_only(self.judged(), wrong_attempts=1)
        self.dead[1] = letter(self.records[9], attempts=0, place=(0, 1))  # the first dead letter of its key
        self.deliveries.pop()
        self.assert_only(self.judged(), wrong_attempts=1)


class Files(unittest.TestCase):
    """The readers, on bytes as the poster, kcat and the sink write them."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, data):
        path = os.path.join(self.folder.name, "file")
        with open(path, "wb") as file:
            file.write(data)
        return path

    def record(self, hf, key="a", headers=(), name="hf"):
        event = json.dumps({"id": "a-1", "key": "a", "n": 1})
        row = {"topic": "t", "partition": 3, "offset": 7, "ts": 9, "headers": [*headers, name, hf.decode("latin-1")]}
        row.update(key=key, payload=event)
        text = json.dumps(row, ensure_ascii=False)  # escapes control characters only, as kcat does
        return self.write(text.encode("latin-1") + b"\n")

    def test_reads_an_origin_of_any_bytes(self):
        hf = struct.pack(">QQI", 0x8500220A5C7F00FF, 0x0D0A, 9)
        (record,) = ledger.read_stored(self.record(hf, headers=["content-type", "application/json"]))
        self.assertEqual(record, Stored(3, 7, "a-1", "a", 1, ("8500220a5c7f00ff", 0x0D0A)))

    def test_refuses_an_origin_of_another_length(self):
        (record,) = ledger.read_stored(self.record(b"\0" * 21))
        self.assertIsNone(record.origin)

    def test_refuses_two_origins(self):
        (record,) = ledger.read_stored(self.record(b"\0" * 20, headers=["hf", "x" * 20]))
        self.assertIsNone(record.origin)

    def test_notes_a_kafka_key_that_is_not_the_events(self):
        (record,) = ledger.read_stored(self.record(b"\0" * 20, key="b"))
        self.assertNotEqual(record.key, "a")

    DEAD = ["hf-dead-partition", "2", "hf-dead-offset", "5", "hf-dead-attempts", "3", "hf-dead-reason", "no"]

    def test_reads_a_dead_letter(self):
        path = self.record(struct.pack(">QQI", 0xAA, 4, 9), headers=self.DEAD, name="hf-origin")
        self.assertEqual(ledger.read_dead(path), [Dead("a-1", "a", 1, 2, 5, (SOURCE, 4), 3, "no", 9, (3, 7))])

    def test_a_dead_letter_with_an_hf_of_its_own_is_not_the_record(self):
        (found,) = ledger.read_dead(self.record(b"\0" * 20, headers=self.DEAD))
        self.assertNotEqual(found.key, "a")

    def test_a_dead_letter_header_that_is_missing_doubled_or_no_number_is_none(self):
        for headers in (self.DEAD[2:], ["hf-dead-partition", "2", *self.DEAD], ["hf-dead-partition", "x"]):
            (found,) = ledger.read_dead(self.record(b"\0" * 20, headers=headers, name="hf-origin"))
            self.assertIsNone(found.partition)

    def test_numbers_the_events_of_a_batch_from_the_first_sequence(self):
        row = {"time": 1.0, "source": SOURCE, "first": 5, "reposted": 1, "events": [["a-1", "a", 1], ["b-1", "b", 1]]}
        events = ledger.read_accepted(self.write(json.dumps(row).encode() + b"\n"))
        self.assertEqual(events, [Accepted("a-1", "a", 1, (SOURCE, 5), 1), Accepted("b-1", "b", 1, (SOURCE, 6), 1)])


if __name__ == "__main__":
    unittest.main()
