"""The figures of a benchmark: one JSON object a line while it runs, a table with targets at its end."""

import json
import os
import statistics

AT_MOST, AT_LEAST = "<=", ">="


class Results:
    """Rows of one case, contestant and round each. `targets` are for hubferry's figures, `ratio_targets` for their ratio
    to bare's in the same run: {(case, measure): (AT_MOST or AT_LEAST, value)}."""

    def __init__(self, path, targets, ratio_targets):
        os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
        self.rows, self.file = [], open(path, "w", encoding="utf-8")
        self.targets, self.ratio_targets = targets, ratio_targets

    def add(self, case, contestant, round, **values):
        row = {"case": case, "contestant": contestant, "round": round, **values}
        self.rows.append(row)
        self.write(row)
        shown = "  ".join(f"{name} {number(value)}" for name, value in values.items() if not isinstance(value, dict))
        print(f"{case} {contestant} {round}: {shown}", flush=True)

    def write(self, row):
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()

    def median(self, case, contestant, measure_name):
        rows = [row for row in self.rows if (row["case"], row["contestant"]) == (case, contestant)]
        values = [row[measure_name] for row in rows if measure_name in row]
        return statistics.median(values) if values else None

    def summary(self):
        """One entry per case and measure: medians of both, their ratio, the target and whether it is met."""
        result = []
        for case in dict.fromkeys(row["case"] for row in self.rows):
            named = [name for row in self.rows if row["case"] == case for name in row]
            for name in dict.fromkeys(named):
                ours = self.median(case, "hubferry", name) if is_measure(name) else None
                if ours is None:
                    continue
                bare = self.median(case, "bare", name)
                ratio = ours / bare if bare else None
                entry = {"case": case, "measure": name, "hubferry": ours, "bare": bare, "ratio": ratio}
                target, met = self.verdict(case, name, ours, ratio)
                result.append({**entry, "target": target, "met": met})
        return result

    def verdict(self, case, name, value, ratio):
        """(the target as text, whether it is met), or (None, None)."""
        for targets, judged, label in ((self.targets, value, ""), (self.ratio_targets, ratio, "ratio ")):
            if (case, name) in targets:
                sign, target = targets[case, name]
                return f"{label}{sign} {number(target)}", judged <= target if sign == AT_MOST else judged >= target
        return None, None


def is_measure(name):
    return name not in ("case", "contestant", "round", "threads")


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def print_table(entries):
    heads = ("case", "measure", "hubferry", "bare", "ratio", "target", "")
    rows = [heads]
    for entry in entries:
        verdict = {None: "", True: "met", False: "MISSED"}[entry["met"]]
        figures = [number(entry[name]) for name in ("hubferry", "bare", "ratio")]
        rows.append((entry["case"], entry["measure"], *figures, entry["target"] or "", verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(len(heads))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def conclude(results, judged=True):
    """Writes and prints the medians; the exit code: 1 when a target is missed. Not judged: nothing is a target."""
    entries = results.summary()
    if not judged:
        entries = [{**entry, "met": None} for entry in entries]
    for entry in entries:
        results.write(entry)
    print()
    print_table(entries)
    return 1 if any(entry["met"] is False for entry in entries) else 0
