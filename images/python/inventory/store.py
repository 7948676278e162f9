import csv
from pathlib import Path


class Store:
    """Counts of items, kept in a CSV file that is replaced as a whole."""

    def __init__(self, path):
        self.path = Path(path)
        self.counts = {}
        if self.path.exists():
            with self.path.open(newline="") as file:
                self.counts = {row["item"]: int(row["count"]) for row in csv.DictReader(file)}

    def add(self, item, count):
        self.counts[item] = self.counts.get(item, 0) + count

    def save(self):
        new = self.path.with_suffix(".new")
        with new.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["item", "count"])
            writer.writeheader()
            writer.writerows({"item": item, "count": count} for item, count in sorted(self.counts.items()))
        new.replace(self.path)
