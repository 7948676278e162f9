"""Summarises a table of measurements into summary.json, and sets aside what is far from the mean."""

import csv
import json
import statistics
import sys
from collections import defaultdict
from pathlib import Path


def main(path):
    by_sensor = defaultdict(list)
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            by_sensor[row["sensor"]].append((row["time"], float(row["value"])))

    summary, outliers = {}, []
    for sensor, readings in by_sensor.items():
        values = [value for _, value in readings]
        mean, deviation = statistics.mean(values), statistics.stdev(values)
        summary[sensor] = {"count": len(values), "mean": round(mean, 3), "deviation": round(deviation, 3)}
        outliers += [(sensor, time, value) for time, value in readings if abs(value - mean) > 2 * deviation]

    Path("summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    Path("out").mkdir()
    with open("out/outliers.csv", "w", newline="") as file:
        csv.writer(file).writerows([("sensor", "time", "value"), *outliers])
    print(f"{sum(map(len, by_sensor.values()))} readings of {len(by_sensor)} sensors, {len(outliers)} outliers")


if __name__ == "__main__":
    main(sys.argv[1])
