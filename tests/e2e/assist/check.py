#!/usr/bin/env python3
"""check.py PROGRAM DIRECTORY: the assistant as people use it, against models of the three providers (providers.py).

One planted value of every kind of personal data stands in every field there is: messages, user agents, the name of the log, the title and
id of a rule, the question. Whatever is sent by any command, and by the web's button, must hold none of them: as it is, in base64, in
percent or JSON escapes, or with something between its characters. Prints a line for each check, and the sum.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import providers

PROGRAM, DIRECTORY = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
PLANTED = {
    "own": ("EMP-4711990", "badge EMP-4711990 opened"),
    "jwt": ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJlLW9mLXRoaXM", "token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0NzExIn0.c2lnbmF0dXJlLW9mLXRoaXM used"),
    "token": ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "push with ghp_16C7e42F292c6912E7710c838347Ae178B4a refused"),
    "password": ("Hunter2Hunter2", "https://admin:Hunter2Hunter2@db.internal/ is down"),
    "email": ("planted.person@example.com", "mail from planted.person@example.com bounced"),
    "uuid": ("3f2504e0-4f89-41d3-9a0c-0305e82c3301", "session 3f2504e0-4f89-41d3-9a0c-0305e82c3301 ended"),
    "iban": ("DE89370400440532013000", "debit of DE89370400440532013000 failed"),
    "card": ("4111111111111111", "charge to 4111111111111111 declined"),
    "ipv4": ("203.0.113.77", "connection from 203.0.113.77 closed"),
    "ipv6": ("2001:db8:4711::99", "connection from 2001:db8:4711::99 closed"),
    "phone": ("+49 30 901820", "called +49 30 901820 in vain"),
}
passed = failed = 0


def check(name, fine, detail=""):
    global passed, failed
    if fine:
        passed += 1
        print("ok     ", name)
    else:
        failed += 1
        print("FAILED ", name, detail)
    sys.stdout.flush()


def bare(data):
    return re.sub(rb"[^0-9A-Za-z]", b"", data)


def leaks(data, value):
    raw = value.encode()
    forms = [raw, json.dumps(value)[1:-1].encode(), urllib.parse.quote(value, safe="").encode(), b"".join(b"%%%02X" % c for c in raw),
             b"".join(b"\\u%04x" % c for c in raw)]
    for shift in range(3):
        padded = b"x" * shift + raw
        forms.append(base64.b64encode(padded[:len(padded) // 3 * 3])[4 if shift else 0:])
    return any(form in data for form in forms) or bare(raw) in bare(data)


def run(*arguments, stdin="", env=()):
    environment = {"PATH": os.environ["PATH"], "HOME": DIRECTORY, "LLM_API_KEY": providers.KEY, "LOGYSTERA_PII_SALT": "salt of the tests", "TZ": "UTC"}
    environment.update(dict(env))
    done = subprocess.run([PROGRAM, *arguments], input=stdin.encode(), capture_output=True, cwd=DIRECTORY, env=environment, timeout=120)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def write(name, text, mode=0o600):
    path = os.path.join(DIRECTORY, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


def config(server, **more):
    keys = {"provider": server.provider, "model": providers.MODEL, "endpoint": server.endpoint, "timeout_seconds": 30}
    if server.provider != "claude":
        keys["embedding_model"] = providers.EMBEDDING
    keys.update(more)
    lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in keys.items())
    return write(f"{server.provider}.yaml", f"db_path: {server.provider}.db\nrules_dir: rules.yml\nllm:\n{lines}")


def plant(kind):
    """A log, its name, and a rule, with the value in each of their parts."""
    value, text = PLANTED[kind]
    write("pii_rules.yaml", "patterns:\n  - {name: employee_id, pattern: '\\bEMP-\\d{4,8}\\b', prefix: employee}\n")
    write("rules.yml", "id: PLANTED_RULE\ntitle: " + json.dumps("Title " + text) + "\ndescription: " + json.dumps("Looks for " + text) +
          "\nlevel: critical\ndetection:\n  match:\n    - {field: message, op: contains, value: needle}\n")
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 60))
    lines = [f"{now} ERROR needle {text}", f"{now} ERROR needle again: user_agent=\"{text}\" path=/x?{'password' if kind == 'password' else 'q'}={urllib.parse.quote(value)}"]
    name = "app" if kind == "password" else value  # a password alone is a word like others
    return write(name + ".log", "\n".join(lines) + "\n")


def every_command(server, kind):
    """What each command prints; all of it is what the model said."""
    log, value = plant(kind), PLANTED[kind][0]
    settings = config(server)
    database = os.path.join(DIRECTORY, f"{server.provider}.db")
    for ending in ("", "-wal", "-shm"):
        if os.path.exists(database + ending):
            os.remove(database + ending)
    common = ("--config", settings)
    outputs = [run("scan", log, "--track-errors", "--explain-findings", "--classify", "-n", "0", *common)]
    fingerprint = json.loads(run("--json", "errors", "list", *common)[1].splitlines()[0])["fingerprint"]
    outputs += [run("llm", "info", *common), run("llm", "explain", fingerprint, *common), run("llm", "explain", "PLANTED_RULE", *common),
                run("llm", "summarize", "--since", "7d", *common), run("llm", "index", *common),
                run("llm", "ask", f"What of {PLANTED[kind][1]} in the past week?", *common)]
    return outputs, value


def nothing_leaves():
    for name in ("ollama", "claude", "openai"):
        server = providers.Provider(name)
        for kind in PLANTED:
            server.kept.clear()
            outputs, value = every_command(server, kind)
            broken = [output for output in outputs if output[0] != 0]
            requests = len([kept for kept in server.kept if kept.startswith(b"POST")])
            # Findings (one rule), classify, two explanations, summary, question; an index and a question have vectors as well. Claude's
            # temperature is refused once each time.
            least = {"ollama": 8, "openai": 8, "claude": 12}[name]
            check(f"every command asks {name} ({kind})", not broken and requests >= least, f"{requests} requests, {broken[:1]}")
            leaked = [kept for kept in server.kept if leaks(kept, value)]
            check(f"none of them sends {name} the planted {kind}", not leaked, str(leaked[:1]))
        server.shutdown()


def answers_are_shown_as_text():
    server = providers.Provider("ollama")
    outputs, _ = every_command(server, "email")
    explained = outputs[2][1]
    check("an answer is streamed to its end", "Because of passage [1]" in explained and "[2" in explained, explained)
    check("a passage that was not sent is struck out", "[99: no such passage]" in explained, explained)
    check("an answer steers no terminal", "\x1b" not in explained and "\\x1b[31m" in explained, explained)
    check("an answer says what it is", "Written by a model" in explained, explained)
    check("--classify shows what the model says beside what the log says", "MODEL SAYS" in outputs[0][1] and "warning" in outputs[0][1], outputs[0][1][-600:])
    asked = len(server.kept)
    code, text, _ = run("llm", "explain", "PLANTED_RULE", "--show-prompt", "--config", config(server))
    check("--show-prompt prints what would be sent, and sends nothing", code == 0 and len(server.kept) == asked and "<<<EVIDENCE" in text and
          "PLANTED_RULE" in text and not leaks(text.encode(), PLANTED["email"][0]), text)
    code, text, _ = run("--json", "llm", "explain", "PLANTED_RULE", "--config", config(server))
    check("--json is one object", code == 0 and "answer" in json.loads(text))
    check("nothing that was stored has changed by it", "critical" in run("--json", "findings", "list", "--config", config(server))[1])
    code, _, said = run("llm", "ask", "anything?", "--config", config(server), "--store", "sqlite:empty.db")
    check("without an index the question says what to run", code == 2 and "llm index" in said, said)
    code, _, said = run("scan", "-", "--redact", "dry-run", "--classify", "--config", config(server), stdin="x\n")
    check("dry-run and a model do not go together", code == 2 and "dry-run" in said, said)
    server.shutdown()


def faults_are_said():
    for name in ("ollama", "claude", "openai"):
        server = providers.Provider(name)
        every_command(server, "email")
        settings = config(server)
        server.error_after_200 = True
        code, _, said = run("llm", "explain", "PLANTED_RULE", "--config", settings)
        check(f"{name}: an error after 200 is an error", code == 2 and "ended with an error" in said, said)
        server.error_after_200 = False
        server.planned = [providers.Refusal(429, "slow down", {"Retry-After": "1"}), providers.Refusal(503, "busy", {"Retry-After": "0"})]
        code, _, said = run("llm", "explain", "PLANTED_RULE", "--config", settings)
        check(f"{name}: 429 and 503 are tried again", code == 0 and not server.planned, said)
        code, _, said = run("llm", "explain", "PLANTED_RULE", "--config", config(server, model="no-such-model"))
        check(f"{name}: an unknown model is answered with those there are", code == 2 and providers.MODEL in said, said)
        if name != "ollama":
            code, out, said = run("llm", "info", "--config", config(server), env={"LLM_API_KEY": "sk-wrong-key-of-somebody"}.items())
            check(f"{name}: a refused key is said, and never shown", code == 2 and "LLM_API_KEY" in said and "sk-wrong" not in said + out, said)
        server.shutdown()
        server.server_close()
        code, _, said = run("llm", "info", "--config", config(server))
        check(f"{name}: nobody there is said", code == 2 and "cannot be asked" in said, said)
    write("away.yaml", "llm: {endpoint: 'http://ollama.invalid:11434'}\n")
    code, _, said = run("llm", "info", "--config", "away.yaml")
    check("another machine is asked only where somebody has said so", code == 2 and "remote_allowed" in said, said)
    write("open.yaml", "llm: {provider: openai, api_key: sk-in-a-file, model: m, endpoint: 'http://127.0.0.1:9/v1'}\n", 0o644)
    said = run("llm", "info", "--config", "open.yaml")[2]
    check("a key in a file others may read is warned of, and not shown", "chmod 600" in said and "sk-in-a-file" not in said, said)
    for wrong in ("provider: gemini", "temperature: 3", "max_context_tokens: 5", "model: [a]", "timeout_seconds: 0", "remote_allowed: 1"):
        write("wrong.yaml", f"llm:\n  {wrong}\n")
        code, _, said = run("llm", "info", "--config", "wrong.yaml")
        check(f"llm.{wrong} is refused with its place", code == 2 and "wrong.yaml:2:" in said, said)


class Kept(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def the_web_explains():
    for name in ("ollama", "claude", "openai"):
        server = providers.Provider(name)
        for kind in ("email", "own", "card"):
            every_command(server, kind)
            server.kept.clear()
            explain_in_the_browser(server, kind)
        server.shutdown()


def open_alert(url, server, kind):
    """The number of an alert that came of a signal with the value in its labels, from a site with it in its name."""
    text = PLANTED[kind][1]
    made = json.loads(run("--json", "entity", "add", "site " + text, "--config", f"{server.provider}.yaml")[1])
    now = int(time.time())
    line = {"event_type": "module.install", "created_at": now, "timestamp": now, "event_id": str(uuid.uuid4()),
            "labels": {"module": text, "is_syncing": False, "actor_uid": text, "unknown": text}}
    body = json.dumps(line).encode() + b"\n"
    batch = hashlib.sha256(made["token"].encode() + b"\0" + body).hexdigest()[:32]
    key = hmac.new(made["secret"].encode(), b"ingest-sign/v1", hashlib.sha256).digest()
    signed = "v1\nPOST\n/v1/ingest\n%s\n%d\n%s\nidentity\n%s" % (made["token"], now, batch, hashlib.sha256(body).hexdigest())
    request = urllib.request.Request(url + "/v1/ingest", body, {
        "Content-Type": "application/x-ndjson", "Logystera-Entity": made["token"], "Logystera-Timestamp": str(now), "Logystera-Batch": batch,
        "Logystera-Signature": "v1=" + hmac.new(key, signed.encode(), hashlib.sha256).hexdigest(), "User-Agent": "logystera/0.1.1"})
    urllib.request.urlopen(request, timeout=20).close()
    for _ in range(600):
        alerts = json.loads(urllib.request.urlopen(f"{url}/api/v1/alerts?site={made['token']}&rule=SIGNAL_MODULE_CHANGED_LIVE").read())
        if alerts:
            return alerts[0]["id"]
        time.sleep(0.1)
    raise SystemExit("no alert came of the signal")


def explain_in_the_browser(server, kind):
    environment = {"PATH": os.environ["PATH"], "HOME": DIRECTORY, "LLM_API_KEY": providers.KEY, "LOGYSTERA_PII_SALT": "salt of the tests"}
    serve = subprocess.Popen([PROGRAM, "serve", "--port", "0", "--config", os.path.join(DIRECTORY, f"{server.provider}.yaml")], cwd=DIRECTORY,
                             env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        url = ""
        for line in serve.stdout:
            found = re.search(rb"http://127\.0\.0\.1:\d+", line)
            if found:
                url = found.group().decode()
                break
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(), Kept())
        fingerprint = json.loads(run("--json", "errors", "list", "--config", f"{server.provider}.yaml")[1].splitlines()[0])["fingerprint"]
        number = json.loads(opener.open(url + "/api/v1/findings").read())[0]["id"]
        shown = run("llm", "explain", f"alert:{open_alert(url, server, kind)}", "--show-prompt", "--config", f"{server.provider}.yaml")
        check(f"{server.provider}: an alert's prompt is shown ({kind})", shown[0] == 0 and "SIGNAL_MODULE_CHANGED_LIVE" in shown[1] and
              not leaks(shown[1].encode(), PLANTED[kind][0]), shown)
        alert = json.loads(opener.open(url + "/api/v1/alerts").read())[0]["id"]
        for path in (f"/findings/{number}", f"/errors/{fingerprint}", f"/alerts/{alert}"):
            page = opener.open(url + path).read().decode()
            token = re.search(r'name="csrf" value="([^"]+)"', page[page.index("data-explain"):]).group(1)
            form = urllib.parse.urlencode({"csrf": token}).encode()
            whole = opener.open(url + path + "/explain", form).read().decode()
            check(f"{server.provider}: {path.split('/')[1]} are explained on a page ({kind})", "Because of passage [1]" in whole and "<b>bold" not in whole)
            request = urllib.request.Request(url + path + "/explain", form, {"Accept": "text/plain"})
            with opener.open(request) as reply:
                text = reply.read().decode()
                check(f"{server.provider}: and as text for a script ({kind})",
                      reply.headers["Content-Type"].startswith("text/plain") and "Because of passage [1]" in text and "[99: no such passage]" in text)
            try:
                opener.open(url + path + "/explain", b"csrf=wrong")
                check("without its token the form does nothing", False)
            except urllib.error.HTTPError as error:
                check("without its token the form does nothing", error.code == 403)
        leaked = [kept for kept in server.kept if leaks(kept, PLANTED[kind][0])]
        check(f"the browser's button sends {server.provider} no planted {kind}", not leaked and len(server.kept) >= 6, str(leaked[:1]))
    finally:
        serve.send_signal(signal.SIGTERM)
        serve.stdout.close()
        serve.wait(30)


os.makedirs(DIRECTORY, exist_ok=True)
nothing_leaves()
answers_are_shown_as_text()
faults_are_said()
if "--without-web" not in sys.argv:
    the_web_explains()
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(1 if failed else 0)
