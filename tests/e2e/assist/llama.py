#!/usr/bin/env python3
"""llama.py PROGRAM DIRECTORY COMMAND...: the assistant against llama-server, a real server with a made model (made_model.py).

COMMAND... is what llama-server is called by; its options are put behind it. Three of them run on loopback: one that chats and wants a key,
one with a window that is too small, one that makes vectors. Prints a line for each check, and the sum.
"""
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

PROGRAM, DIRECTORY, COMMAND = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]
KEY, MODEL = "sk-key-of-the-tests-0123456789", "made-model"
DIMENSIONS = 64
passed = failed = 0


def check(name, fine, detail=""):
    global passed, failed
    passed, failed = passed + bool(fine), failed + (not fine)
    print("ok     " if fine else "FAILED ", name, "" if fine else detail, flush=True)


class Server:
    def __init__(self, *options):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = open(os.path.join(DIRECTORY, f"llama-{self.port}.log"), "wb")
        command = [*COMMAND, "--host", "127.0.0.1", "--port", str(self.port), "--alias", MODEL, "--api-key", KEY, "--threads", "1",
                   "--parallel", "1", *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)

    def ready(self):
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                    return True
            except (OSError, urllib.error.URLError):
                if self.process.poll() is not None:
                    return False
                time.sleep(0.1)
        return False

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.log.close()


def run(*arguments, key=KEY):
    environment = {"PATH": os.environ["PATH"], "HOME": DIRECTORY, "LLM_API_KEY": key, "LOGYSTERA_PII_SALT": "salt of the tests", "TZ": "UTC"}
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, cwd=DIRECTORY, env=environment, timeout=900, check=False)
    # What is printed is text, however the server has cut it.
    return done.returncode, done.stdout.decode("utf-8", "strict"), done.stderr.decode("utf-8", "strict")


def config(name, server, provider="openai", **more):
    endpoint = f"http://127.0.0.1:{server.port}" + ("/v1" if provider == "openai" else "")
    keys = {"provider": provider, "model": MODEL, "endpoint": endpoint, "timeout_seconds": 600, "max_context_tokens": 8192, **more}
    lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in keys.items())
    path = os.path.join(DIRECTORY, name + ".yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"db_path: llama.db\nrules_dir: rules.yml\nllm:\n{lines}")
    os.chmod(path, 0o600)
    return path


def fill():
    """Errors and findings to speak of."""
    with open(os.path.join(DIRECTORY, "rules.yml"), "w", encoding="utf-8") as file:
        file.write("id: NEEDLE\ntitle: A needle\nlevel: critical\ndetection:\n  match:\n    - {field: message, op: contains, value: needle}\n")
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 60))
    with open(os.path.join(DIRECTORY, "app.log"), "w", encoding="utf-8") as file:
        file.writelines(f"{now} ERROR needle of kind {chr(97 + kind) * 5} für die Wörter ☃\n" for kind in range(20))


def pieces_are_cut_in_characters(server):
    """That the server does send characters in pieces is seen, not supposed: its answer holds the mark for one that was cut, or none is whole."""
    body = {"model": MODEL, "stream": True, "max_tokens": 400, "messages": [{"role": "user", "content": "words"}]}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/v1/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json", "Authorization": "Bearer " + KEY})
    with urllib.request.urlopen(request, timeout=600) as reply:
        said = reply.read()
    deltas = [json.loads(line[6:]) for line in said.split(b"\n") if line.startswith(b"data: {")]
    return [d["choices"][0]["delta"].get("content") or "" for d in deltas if d.get("choices")]


def chats(server):
    settings = config("chat", server)
    code, said, wrong = run("scan", "app.log", "--track-errors", "--config", settings)
    check("there is something to speak of", code == 0, wrong)
    code, said, wrong = run("llm", "info", "--config", settings)
    check("the server's models are listed", code == 0 and MODEL in said, said + wrong)
    # What the model says is chance, and so is when it stops.
    for _ in range(20):
        pieces = pieces_are_cut_in_characters(server)
        if len(pieces) > 50:
            break
    check("the server streams, beyond ASCII too", len(pieces) > 50 and any(not piece.isascii() for piece in pieces), str(pieces[:20]))
    code, said, wrong = run("llm", "explain", "NEEDLE", "--config", settings)
    check("an answer is streamed to its end, as text", code == 0 and "Written by a model" in said, said[-400:] + wrong)
    code, said, wrong = run("--json", "llm", "explain", "NEEDLE", "--config", settings)
    check("as one object too, whatever its characters", code == 0 and json.loads(said)["answer"], said[:300] + wrong)
    code, said, wrong = run("llm", "summarize", "--since", "7d", "--config", settings)
    check("a day is summed up", code == 0 and "Written by a model" in said, said[-300:] + wrong)
    code, said, wrong = run("llm", "explain", "NEEDLE", "--config", config("claude", server, "claude"))
    check("the same by the way of Claude", code == 0 and "Written by a model" in said, said[-300:] + wrong)
    code, said, wrong = run("llm", "explain", "NEEDLE", "--config", settings, key="sk-wrong-key-of-somebody")
    check("a wrong key is said, and not shown", code == 2 and "LLM_API_KEY" in wrong and "sk-wrong" not in said + wrong, said + wrong)
    code, said, wrong = run("llm", "index", "--config", config("no-vectors", server, embedding_model=MODEL))
    check("that it makes no vectors is said", code == 2 and "127.0.0.1" in wrong, said + wrong)


def overflows(server):
    code, said, wrong = run("llm", "explain", "NEEDLE", "--config", config("small", server))
    check("a question beyond the server's window is an error", code == 2, said + wrong)
    check("with its own words for it", "context" in wrong, wrong)


def embeds(server):
    settings = config("vectors", server, embedding_model=MODEL)
    code, said, wrong = run("llm", "index", "--config", settings)
    check("vectors are made", code == 0 and "vectors made" in said and "0 vectors" not in said, said + wrong)
    with sqlite3.connect(os.path.join(DIRECTORY, "llama.db")) as store:
        sizes = [size for (size,) in store.execute("SELECT length(vector) FROM passage_vectors")]
    check("of the model's dimensions", sizes and set(sizes) == {4 * DIMENSIONS}, str(sizes[:5]))
    code, said, wrong = run("llm", "index", "--config", settings)
    check("once each", code == 0 and "0 vectors made" in said, said + wrong)


def main():
    os.makedirs(DIRECTORY, exist_ok=True)
    fill()
    servers = []
    try:
        for options in (["--ctx-size", "16384"], ["--ctx-size", "512"], ["--ctx-size", "4096", "--batch-size", "4096", "--ubatch-size", "4096", "--embeddings", "--pooling", "mean"]):
            servers.append(Server(*options))
        for server in servers:
            if not server.ready():
                check("llama-server starts", False, open(server.log.name, encoding="utf-8", errors="replace").read()[-2000:])
                return
        chats(servers[0])
        overflows(servers[1])
        embeds(servers[2])
    finally:
        for server in servers:
            server.end()


main()
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(1 if failed else 0)
