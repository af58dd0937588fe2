/** What the runner of an image is to do; it reads this beside itself. */
export interface RunnerPlan {
  /** Id of the task. */
  task: string;
  /** Run a copy of the task, created at each start, instead of the task itself. */
  clone: boolean;
  argv: readonly string[];
  cwd: string;
  /** Laid over the environment of the container. */
  env: Readonly<Record<string, string>>;
}

export const RUNNER_FILE = 'run-task.py';
export const PLAN_FILE = 'run-task.json';

/**
 * Runs a task inside its image, where no agent is: starts it on the server, runs its command, sends its console,
 * ends it when the server says so, and sets its final status. Needs Python 3.6 and nothing else. Whom to talk to
 * comes from the container's environment or from a clearml.conf that is mounted.
 */
export const RUNNER = String.raw`"""Runs the task of this image for a ClearML server."""
import base64, codecs, json, os, re, signal, socket, ssl, subprocess, sys, threading, time
from urllib import error, request

HERE = os.path.dirname(os.path.abspath(__file__))
GRACE_SECONDS = 7
POLL_SECONDS = 5
LONGEST_MESSAGE = 60000
MOST_HELD = 16 * 1024 * 1024


class Problem(Exception):
    code = ""


def variable(name):
    return os.environ.get("CLEARML_" + name) or os.environ.get("TRAINS_" + name) or ""


def config_text():
    name = variable("CONFIG_FILE") or os.path.expanduser("~/clearml.conf")
    try:
        with open(name, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return ""
    text = re.sub(r"(?m)^\s*(#|//).*$", "", text)
    section = re.search(r'(?:^|[\s,{"])api"?\s*[:=]?\s*\{', text)
    return text[section.end():] if section else text


def configured(text, key):
    found = re.search(r'(?:^|[\s,{".])%s"?\s*[:=]\s*(?:"([^"]*)"|((?:\$\{[^}]*\}|[^\s,}#])+))' % key, text)
    value = (found.group(1) if found.group(1) is not None else found.group(2)) if found else ""
    return re.sub(r"\$\{\??(\w+)\}", lambda name: os.environ.get(name.group(1), ""), value)


class Server:
    def __init__(self):
        text = config_text()
        self.host = (variable("API_HOST") or configured(text, "api_server")).rstrip("/")
        self.key = variable("API_ACCESS_KEY") or configured(text, "access_key")
        self.secret = variable("API_SECRET_KEY") or configured(text, "secret_key")
        self.token = os.environ.get("CLEARML_AUTH_TOKEN", "")
        if not self.host or not (self.token or (self.key and self.secret)):
            raise Problem(
                "no server or no credentials: give CLEARML_API_HOST, CLEARML_API_ACCESS_KEY and "
                "CLEARML_API_SECRET_KEY to the container, or mount a clearml.conf in its home folder"
            )
        self.context = trust(variable("API_HOST_VERIFY_CERT") or configured(text, "verify_certificate"))
        self.login = not self.token

    def call(self, endpoint, body, tries=4):
        for left in reversed(range(tries)):
            try:
                if self.login and not self.token:
                    pair = "%s:%s" % (self.key, self.secret)
                    basic = "Basic " + base64.b64encode(pair.encode()).decode()
                    self.token = self.send("auth.login", {}, basic)["token"]
                return self.send(endpoint, body, "Bearer " + self.token)
            except error.HTTPError as failure:
                said, code = words_of(failure)
                if failure.code == 401 and self.login and self.token:
                    self.token = ""
                    if left:
                        continue
                if failure.code < 500 and failure.code != 429 or not left:
                    problem = Problem("%s refused %s: %s" % (self.host, endpoint, said))
                    problem.code = code
                    raise problem
            except (OSError, ValueError, KeyError) as failure:
                if not left:
                    raise Problem("%s does not answer %s: %s" % (self.host, endpoint, failure))
            time.sleep(2 ** (tries - left - 1))

    def send(self, endpoint, body, authorization):
        lines = isinstance(body, list)
        text = "\n".join(json.dumps(one) for one in body) if lines else json.dumps(body)
        kind = "application/json-lines" if lines else "application/json"
        headers = {"Authorization": authorization, "Content-Type": kind}
        asked = request.Request("%s/%s" % (self.host, endpoint), text.encode(), headers)
        with request.urlopen(asked, timeout=60, context=self.context) as answer:
            return json.loads(answer.read().decode())["data"]


def trust(word):
    if word.lower() in ("0", "false", "no", "off"):
        return ssl._create_unverified_context()
    bundle = word if os.path.exists(word) else os.environ.get("REQUESTS_CA_BUNDLE")
    return ssl.create_default_context(cafile=bundle if bundle and os.path.isfile(bundle) else None)


def words_of(failure):
    try:
        meta = json.loads(failure.read().decode())["meta"]
        return meta["result_msg"], "%s/%s" % (meta["result_code"], meta["result_subcode"])
    except (OSError, ValueError, KeyError):
        return "%s %s" % (failure.code, failure.reason), ""


class Console:
    """Passes on what the task prints, and sends it in batches."""

    def __init__(self, server, task):
        self.server, self.task = server, task
        self.worker = variable("WORKER_ID") or socket.gethostname()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.lock = threading.Lock()
        self.text, self.last = "", 0

    def take(self, data, final=False):
        if data:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        with self.lock:
            self.text += self.decoder.decode(data, final)
            if len(self.text) > MOST_HELD:
                self.text = "(console lines were left out here)\n" + self.text[-MOST_HELD // 2:]

    def send(self, final=False):
        with self.lock:
            end = len(self.text) if final else self.text.rfind("\n") + 1
            if not end and len(self.text) > LONGEST_MESSAGE:
                end = len(self.text)
            whole, self.text = self.text[:end], self.text[end:]
        if self.server.secret:
            whole = whole.replace(self.server.secret, "********")
        events = []
        for at in range(0, len(whole), LONGEST_MESSAGE):
            self.last = max(int(time.time() * 1000), self.last + 1)
            events.append({
                "type": "log", "task": self.task, "worker": self.worker, "level": "debug",
                "timestamp": self.last, "msg": whole[at:at + LONGEST_MESSAGE],
            })
        if events:
            try:
                self.server.call("events.add_batch", events)
            except Problem as problem:
                say("some lines of the console were not sent: %s" % problem)


class Run:
    def __init__(self, server, task, child):
        self.server, self.task, self.child = server, task, child
        self.reason = ""
        self.killer = None

    def end(self, reason):
        if self.reason:
            return
        self.reason = reason
        self.signal(signal.SIGTERM)
        self.killer = threading.Timer(GRACE_SECONDS, self.signal, [signal.SIGKILL])
        self.killer.daemon = True
        self.killer.start()

    def signal(self, number):
        try:
            os.killpg(self.child.pid, number)
        except OSError:
            pass

    def look(self):
        """Ends the task when a user has ended it on the server."""
        query = {"id": [self.task], "only_fields": ["id", "status", "status_message"], "search_hidden": True}
        try:
            found = self.server.call("tasks.get_all", query, tries=1).get("tasks")
            if not found:
                found = [self.server.call("tasks.get_by_id", {"task": self.task}, tries=1).get("task") or {}]
            found = found[0]
        except Problem as problem:
            if problem.code != "400/101":
                return
            found = {"status": "deleted"}
        status = found.get("status")
        stopping = "stopping" in (found.get("status_message") or "")
        if status == "in_progress" and stopping:
            self.end("stopped")
        elif status in ("stopped", "failed", "closed", "published", "queued", "deleted"):
            self.end("changed")


def settle(server, run, code):
    if run.reason == "changed":
        return
    if run.reason:
        call, why = "tasks.stopped", "user abort" if run.reason == "signal" else "task was stopped by tasks.stop"
    elif code == 0:
        call, why = "tasks.completed", "worker execution done"
    else:
        call, why = "tasks.failed", "worker execution exit code %s" % code
    try:
        server.call(call, {"task": run.task, "status_reason": why, "status_message": ""}, tries=6)
    except Problem as problem:
        say(problem)


def chosen_task(server, plan):
    task = plan["task"]
    if plan["clone"]:
        name = server.call("tasks.get_by_id", {"task": task})["task"].get("name") or task
        task = server.call("tasks.clone", {"task": task, "new_task_name": "Clone of " + name})["id"]
        say("task %s was cloned; running %s" % (plan["task"], task))
    server.call("tasks.started", {"task": task, "force": True, "status_reason": "started by its image"})
    return task


def environment(plan, task):
    env = dict(os.environ)
    env.update(plan["env"])
    for prefix in ("CLEARML_", "TRAINS_"):
        env[prefix + "TASK_ID"] = task
        env[prefix + "LOG_TASK_TO_BACKEND"] = "0"
    return env


def say(text):
    sys.stderr.write("clearml_agent: %s\n" % text)
    sys.stderr.flush()


def main():
    with open(os.path.join(HERE, "run-task.json"), encoding="utf-8") as file:
        plan = json.load(file)
    server = Server()
    task = chosen_task(server, plan)
    try:
        child = subprocess.Popen(
            plan["argv"] + sys.argv[1:], cwd=plan["cwd"], env=environment(plan, task),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )
    except OSError as failure:
        reason = {"task": task, "status_reason": "cannot start the command: %s" % failure}
        server.call("tasks.failed", reason)
        raise Problem(reason["status_reason"])
    run, console = Run(server, task, child), Console(server, task)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: run.end("signal"))
    return watch(run, console)


def watch(run, console):
    def read():
        while True:
            data = os.read(run.child.stdout.fileno(), 65536)
            if not data:
                return
            console.take(data)

    reader = threading.Thread(target=read)
    reader.daemon = True
    reader.start()
    looked = time.time()
    while run.child.poll() is None:
        reader.join(1) if reader.is_alive() else time.sleep(0.1)
        console.send()
        if time.time() - looked > POLL_SECONDS:
            run.look()
            looked = time.time()
    reader.join(3)
    if run.killer:
        run.killer.cancel()
    run.signal(signal.SIGKILL)
    console.take(b"", True)
    console.send(True)
    code = run.child.returncode
    settle(run.server, run, code)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Problem as problem:
        say("ERROR: %s" % problem)
        sys.exit(1)
`;
