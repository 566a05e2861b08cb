"""What the models of log stores have in common: a world of entries, a server on loopback, faults, and a log of what was asked.

A model is no product. It answers as the product's documents and tests say it does, refuses what those refuse, and shows entries late
and in any order within a time. The files each behaviour was taken from are named where it is modelled.

A world follows from its seed: entries in order of time, a fifth at the time of the one before, every other of those its equal. With
lateness an entry can be seen up to two seconds after its time, one in fifty up to eight seconds more.
"""
import argparse
import bisect
import itertools
import json
import os
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

MS = 1_000_000
SECOND = 1000 * MS


class Entry:
    __slots__ = ("time", "visible", "text", "stream", "id", "number")

    def __init__(self, at, visible, text, stream, number):
        self.time, self.visible, self.text, self.stream, self.number = at, visible, text, stream, number
        self.id = f"id{number:08d}"


def world(seed, count, begin, seconds, late, crowd=0, tick=1, streams=4):
    """`count` entries from `begin` on (ns), over `seconds`; in the middle `crowd` at one time."""
    choose = random.Random(seed)
    step = max(int(seconds * SECOND / count / tick), 1)
    entries, at = [], begin // tick * tick
    for number in range(count):
        tie = bool(entries) and choose.random() < 0.2
        if not tie:
            at += choose.randrange(1, 2 * step) * tick
        delay = 0
        if late:
            delay = choose.randrange(2 * SECOND)
            if choose.randrange(50) == 0:
                delay += choose.randrange(8 * SECOND)
        stream, text = choose.randrange(streams), f"ERROR sequence {number:06d} of the model"
        if tie and entries[-1].time == at and choose.randrange(2):
            stream, text = entries[-1].stream, entries[-1].text
        entries.append(Entry(at, at + delay, text, stream, number))
        if number == count // 2:
            for extra in range(crowd):
                entries.append(Entry(at, at + delay, f"ERROR crowd {extra:06d} of the model", extra % streams, count + extra))
    return entries


class Model:
    """State of a server; `visible` is what can be found now."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.lock = threading.Lock()
        self.faults = []
        self.entries = []
        self.sorted, self.times = [], None
        self.shuffle = random.Random(arguments.seed + 1)

    def visible(self, first, last, most=None, wanted=None):
        """Entries with first <= time < last that can be seen (and are `wanted`), oldest first, ties in any order; at most so many."""
        now = time.time_ns()
        if self.times is None or len(self.times) != len(self.entries):
            # Those of logs (Loki's --lines) stand behind the others.
            self.sorted = sorted(self.entries, key=lambda e: e.time)
            self.times = [e.time for e in self.sorted]
        found = []
        for entry in itertools.islice(self.sorted, bisect.bisect_left(self.times, first), bisect.bisect_left(self.times, last)):
            if most is not None and len(found) >= most and entry.time != found[-1].time:
                break
            if entry.visible <= now and (wanted is None or wanted(entry)):
                found.append(entry)
        self.shuffle.shuffle(found)
        found.sort(key=lambda e: e.time)
        return found if most is None else found[:most]


def iso(ns, digits=9):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ns // SECOND)) + f".{ns % SECOND:09d}"[: digits + 1] + "Z"


def ns_of(text):
    """An ISO time with any fraction, or milliseconds."""
    if isinstance(text, (int, float)) or text.isdigit():
        return int(text) * MS
    date, _, fraction = text.rstrip("Z").partition(".")
    import calendar

    return calendar.timegm(time.strptime(date, "%Y-%m-%dT%H:%M:%S")) * SECOND + int((fraction + "0" * 9)[:9])


class Refused(Exception):
    def __init__(self, status, body, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model = None

    def log_message(self, *_):
        pass

    def answer(self, status, body, headers=None, kind="application/json"):
        data = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def fault(self, fault):
        """One planned mishap in the place of an answer; true if there is to be no other."""
        kind = fault["fault"]
        if kind == "status":
            said = fault.get("body", "planned").replace("AUTHORIZATION", self.headers.get("Authorization", ""))
            self.answer(fault["status"], said, fault.get("headers"), "text/plain")
        elif kind == "body":
            self.answer(200, fault["body"].replace("AUTHORIZATION", self.headers.get("Authorization", "")))
        elif kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"status":"success","data":{"resultType":"str')
            self.close_connection = True
        elif kind == "deep":
            self.answer(200, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}")
        elif kind == "huge":
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            try:
                for _ in range(80):
                    self.wfile.write(b" " * (1 << 20))
            except OSError:
                pass
            self.close_connection = True
        elif kind == "die":
            os._exit(1)
        else:
            return False
        return True

    def serve(self):
        url = urlsplit(self.path)
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size)
        model = self.model
        if url.path == "/_model/faults":
            with model.lock:
                model.faults = json.loads(body)
            return self.answer(200, {})
        if url.path == "/_model/state":
            return self.answer(200, model.state() if hasattr(model, "state") else {})
        with open(model.arguments.log, "a") as log:
            log.write(json.dumps([self.command, self.path, dict(self.headers), body.decode("utf-8", "replace")]) + "\n")
        with model.lock:
            fault = model.faults.pop(0) if model.faults else None
        if fault and self.fault(fault):
            return None
        try:
            with model.lock:
                status, answer = model.ask(self.command, url.path, parse_qs(url.query), self.headers, body, fault)
            return self.answer(status, answer)
        except Refused as refused:
            return self.answer(refused.status, refused.body, refused.headers, "text/plain")

    do_GET = do_POST = do_DELETE = do_PUT = serve


def arguments_of(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port-file", required=True, help="the port is written there when it listens")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", required=True, help="requests are appended there")
    parser.add_argument("--expected", help="texts of all entries are written there")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--begin", type=float, default=0, help="seconds from now on; negative: ago")
    parser.add_argument("--seconds", type=float, default=20, help="the world's length")
    parser.add_argument("--late", action="store_true")
    parser.add_argument("--crowd", type=int, default=0, help="entries at one time")
    parser.add_argument("--now", type=int, default=0, help="Unix time in ns that --begin counts from")
    parser.add_argument("--cert", help="PEM with certificate and key: speak TLS")
    parser.add_argument("--client-cert", help="PEM: clients have to show this certificate")
    return parser


def serve(model, arguments):
    if arguments.expected:
        with open(arguments.expected, "w") as out:
            for entry in model.entries:
                out.write(entry.text + "\n")
    handler = type("ModelHandler", (Handler,), {"model": model})
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), handler)
    server.daemon_threads = True
    if arguments.cert:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.cert)
        if arguments.client_cert:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(arguments.client_cert)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with open(arguments.port_file + ".part", "w") as out:
        out.write(str(server.server_address[1]))
    os.rename(arguments.port_file + ".part", arguments.port_file)
    server.serve_forever()
