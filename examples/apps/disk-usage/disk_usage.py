"""Measures how full the file systems of some folders are, again and again."""

import shutil
import time

from clearml import Task


def measure(path):
    """Percent that is used, and the bytes; None where there is no such folder."""
    try:
        usage = shutil.disk_usage(path)
    except OSError as error:
        print(f"{path}: {error}", flush=True)
        return None
    return 100 * usage.used / usage.total, usage


def gibibytes(size):
    return f"{size / 2**30:.1f} GiB"


def main():
    task = Task.init(auto_connect_frameworks=False, auto_resource_monitoring=False)
    settings = task.get_parameters_as_dict(cast=False)["General"]
    paths = [line.strip() for line in settings["paths"].splitlines() if line.strip()]
    rounds, limit = int(settings["rounds"]), float(settings["limit_percent"])
    logger = task.get_logger()
    for number in numbers(rounds):
        rows, fullest = [["folder", "used", "free", "percent"]], (0.0, "")
        for path in paths:
            measured = measure(path)
            if measured is None:
                continue
            percent, usage = measured
            logger.report_scalar("Used", path, percent, number)
            rows.append([path, gibibytes(usage.used), gibibytes(usage.free), f"{percent:.1f}"])
            fullest = max(fullest, (percent, path))
            warning = "  above the limit" if percent > limit else ""
            print(f"{path}: {percent:.1f} % of {gibibytes(usage.total)}{warning}", flush=True)
        logger.report_table("Folders", "table", iteration=0, table_plot=rows)
        state = "above the limit" if fullest[0] > limit else "below the limit"
        found = f"{fullest[1]} {fullest[0]:.1f} %" if fullest[1] else "no folder found"
        task.update_parameters({"Results/fullest": found, "Results/state": state})
        if rounds == 0 or number + 1 < rounds:
            time.sleep(float(settings["every_seconds"]))
    print("all measurements are done", flush=True)


def numbers(rounds):
    """0, 1, 2 …; for ever where no number of rounds is given."""
    number = 0
    while rounds == 0 or number < rounds:
        yield number
        number += 1


if __name__ == "__main__":
    main()
