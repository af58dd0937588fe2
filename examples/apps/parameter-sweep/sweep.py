"""Runs copies of a task with other parameters, and reports the trials and the best one."""

import itertools
import json
import random
import time

from clearml import Task

ENDED = ("completed", "published", "closed", "failed", "stopped")
GOOD = ("completed", "published", "closed")
POLL_SECONDS = 2


def values_of(parameter):
    """The values of a parameter on the grid."""
    if parameter.get("kind") == "range":
        low, high = float(parameter["from"]), float(parameter["to"])
        steps = max(int(parameter.get("steps", 5)), 1)
        return [low + (high - low) * step / max(steps - 1, 1) for step in range(steps)]
    return [word.strip() for word in parameter["values"].split(",") if word.strip()]


def draw(parameter, source):
    """A value of a parameter at random."""
    if parameter.get("kind") == "range":
        return source.uniform(float(parameter["from"]), float(parameter["to"]))
    return source.choice(values_of(parameter))


def plan(settings):
    """The parameters of all trials, always in the same order, so that a resumed sweep has the same ones."""
    parameters = json.loads(settings["parameters"])
    names = [parameter["name"] for parameter in parameters]
    most = int(settings["trials"])
    if settings["strategy"] == "random":
        source = random.Random(int(settings.get("seed") or 0))
        rows = [[draw(parameter, source) for parameter in parameters] for _ in range(most)]
    else:
        rows = list(itertools.islice(itertools.product(*map(values_of, parameters)), most))
    return [dict(zip(names, row)) for row in rows]


class Sweep:
    def __init__(self, task):
        self.task = task
        self.settings = task.get_parameters_as_dict(cast=False)["General"]
        self.trials = plan(self.settings)
        self.sign = 1 if self.settings["goal"] == "minimize" else -1
        self.tasks = {}
        self.reported = set()
        self.adopt()

    def adopt(self):
        """Takes over the copies that this sweep made before it was stopped."""
        for copy in Task.get_tasks(task_filter={"parent": self.task.id}):
            number = copy.name.rpartition(" ")[2]
            if number.isdigit() and int(number) < len(self.trials):
                self.tasks[int(number)] = copy
        if self.tasks:
            print(f"takes over {len(self.tasks)} trials")

    def start(self, number):
        copy = Task.clone(
            source_task=self.settings["template"], name=f"{self.task.name} trial {number}", parent=self.task.id
        )
        for name, value in self.trials[number].items():
            copy.set_parameter(name, value)
        Task.enqueue(copy, queue_id=self.settings["queue"])
        self.tasks[number] = copy
        print(f"trial {number}: {self.trials[number]}", flush=True)

    def objective(self, number):
        metrics = self.tasks[number].get_last_scalar_metrics()
        return metrics.get(self.settings["metric"], {}).get(self.settings["variant"], {}).get("last")

    def step(self):
        """Starts what may run and looks at what runs; whether trials are left."""
        states = {number: copy.get_status() for number, copy in self.tasks.items()}
        running = sum(state not in ENDED for state in states.values())
        for number in range(len(self.trials)):
            if number not in self.tasks and running < max(int(self.settings["at_once"]), 1):
                self.start(number)
                states[number] = "queued"
                running += 1
        self.report(states)
        return running > 0 or len(self.tasks) < len(self.trials)

    def report(self, states):
        ended = {number for number, state in states.items() if state in ENDED}
        if ended == self.reported and ended:
            return
        found = {}
        for number in sorted(ended):
            self.tasks[number].reload()
            found[number] = self.objective(number) if states[number] in GOOD else None
        logger = self.task.get_logger()
        for number in sorted(ended - self.reported):
            print(f"trial {number}: {states[number]}, objective {found[number]}", flush=True)
            if found[number] is not None:
                logger.report_scalar("Objective", self.settings["variant"], found[number], number)
        self.reported = ended
        logger.report_table("Trials", "table", iteration=0, table_plot=self.table(states, found))
        self.note_best({number: value for number, value in found.items() if value is not None})

    def table(self, states, found):
        names = list(self.trials[0]) if self.trials else []
        rows = [
            [number, *self.trials[number].values(), states[number], found.get(number)] for number in sorted(states)
        ]
        return [["trial", *names, "status", "objective"], *rows]

    def note_best(self, found):
        results = {"finished": len(self.reported), "planned": len(self.trials)}
        if found:
            best = min(found, key=lambda number: self.sign * found[number])
            results["best"] = self.tasks[best].name
            results["best_value"] = found[best]
            results["best_parameters"] = ", ".join(f"{name} = {value}" for name, value in self.trials[best].items())
        self.task.update_parameters({f"Results/{name}": value for name, value in results.items()})


def main():
    task = Task.init(auto_connect_frameworks=False, auto_resource_monitoring=False)
    sweep = Sweep(task)
    print(f"{len(sweep.trials)} trials", flush=True)
    while sweep.step():
        time.sleep(POLL_SECONDS)
    print("the sweep ends", flush=True)


if __name__ == "__main__":
    main()
