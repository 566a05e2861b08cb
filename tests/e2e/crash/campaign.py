#!/usr/bin/python3
"""A gateway that is killed at named points and at any moment, under load, against the same load undisturbed: events, findings, alerts and
messages must be the same.

  campaign.py PROGRAM WORK KILLS EVENTS [SEED]
    PROGRAM: logystera_killable    WORK: an empty directory on a disk    KILLS: at each point    EVENTS: in all
"""
import collections
import hashlib
import hmac
import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request

import load

program, work, kills_each, events = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve(), int(sys.argv[3]), int(sys.argv[4])
seed = int(sys.argv[5]) if len(sys.argv) > 5 else 1
chance = random.Random(seed)
work.mkdir(parents=True, exist_ok=True)
TOKEN = 'a-token-for-this-test-alone'
SITES = max(3, min(24, events // 4000))
CHANNELS = 6 if events > 100_000 else 2
SENDERS = 8
LIFE_SECONDS = 3       # after which a gateway that has not come to its point is killed all the same; longer, the more of them have not
LIFE_SECONDS_MOST = 30
SHARE_FOR_PASSES = 400  # events: below that the first passage is the deadly one
# Each with the passages from which the deadly one is chosen. The last three are between others: a quarter of the kills is for each.
POINTS = {'stored-before-published': 6, 'detect-step': 3, 'detect-effects-queued': 2, 'detect-before-acknowledged': 2, 'notify_after_success': 2,
          'group-before-commit': 4, 'group-before-told': 4, 'notify_before_send': 2}
WANTED = {point: kills_each if n < 5 else max(1, kills_each // 4) for n, point in enumerate(POINTS)}
ANY_MOMENT = 'any moment'
passed = failed = 0


def check(name, good, shown=''):
    global passed, failed
    if good:
        passed += 1
        print('ok      ' + name, flush=True)
    else:
        failed += 1
        print('FAILED  %s: %s' % (name, str(shown)[:3000]), flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


class Receiver:
    """Takes webhooks. What it has taken stays taken, whatever becomes of the sender."""

    def __init__(self):
        self.taken, self.lock, receiver = [], threading.Lock(), self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                with receiver.lock:
                    receiver.taken.append((self.path, self.headers['webhook-id'], json.loads(body)))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *words):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a sender that was killed

        self.server = Quiet(('127.0.0.1', 0), Handler)
        self.url = 'http://127.0.0.1:%d/' % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Run:
    """One gateway's store and everything that happens to it."""

    def __init__(self, name):
        self.place = work / name
        self.place.mkdir()
        self.store, self.port, self.receiver = self.place / 'gateway.db', free_port(), Receiver()
        self.process, self.sent, self.allowed, self.up = None, 0, 0, threading.Event()
        self.more = threading.Condition()
        self.log = open(self.place / 'gateway.log', 'ab')

    def configure(self):
        config = self.place / 'config.yaml'
        config.write_text('db_path: %s\napi_token: %s\nrule_cache: true\n' % (self.store, TOKEN))
        config.chmod(0o600)

    def command(self, *words):
        return [program, '--config', str(self.place / 'config.yaml'), *words]

    def start(self, kill_at=None):
        environment = {**os.environ, 'XDG_CACHE_HOME': str(work / 'cache')}
        if kill_at:
            environment['LOGYSTERA_KILL_AT'] = kill_at
        self.process = subprocess.Popen(self.command('serve', '--port', str(self.port), '--rate-limit', '0'), stdout=subprocess.PIPE, stderr=self.log,
                                        cwd=self.place, env=environment)
        listening = self.process.stdout.readline() != b''
        if listening:
            self.up.set()
        return listening

    def ended(self, seconds):
        """Whether it dies by itself within that time."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        self.up.clear()
        return True

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.up.clear()

    def ask(self, method, path, body):
        request = urllib.request.Request('http://127.0.0.1:%d/api/v1%s' % (self.port, path), method=method, data=json.dumps(body).encode(),
                                         headers={'Authorization': 'Bearer ' + TOKEN, 'Content-Type': 'application/json'})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def allow(self, more):
        with self.more:
            self.allowed += more
            self.more.notify_all()

    def send(self, share, sites):
        """One sender's sites, in turns; a batch is sent until it is answered."""
        connection = None
        for turn in range(max(len(bodies) for _, _, bodies in share)):
            for token, key, bodies in share:
                if turn >= len(bodies):
                    continue
                body = bodies[turn]
                with self.more:
                    self.more.wait_for(lambda: self.sent < self.allowed)
                    self.sent += body.count(b'\n')
                while True:
                    self.up.wait()
                    now = int(time.time())
                    batch = hashlib.sha256(token.encode() + b'\0' + body).hexdigest()[:32]
                    text = 'v1\nPOST\n/v1/ingest\n%s\n%d\n%s\nidentity\n%s' % (token, now, batch, hashlib.sha256(body).hexdigest())
                    headers = {'Content-Type': 'application/x-ndjson', 'Logystera-Entity': token, 'Logystera-Timestamp': str(now), 'Logystera-Batch': batch,
                               'Logystera-Signature': 'v1=' + hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), 'User-Agent': 'logystera/0.1.1'}
                    try:
                        connection = connection or http.client.HTTPConnection('127.0.0.1', self.port, timeout=30)
                        connection.request('POST', '/v1/ingest', body, headers)
                        answer = connection.getresponse()
                        said = answer.read()
                        if answer.status in (200, 202):
                            break
                        sites.append('%d %s' % (answer.status, said[:200]))
                        time.sleep(0.05)
                    except (OSError, http.client.HTTPException):
                        connection = None
                        time.sleep(0.01)

    def begin(self, sites, bodies):
        self.refusals, whole = [], []
        for (token, secret), its in zip(sites, bodies):
            whole.append((token, hmac.new(secret.encode(), b'ingest-sign/v1', hashlib.sha256).digest(), its))
        self.threads = [threading.Thread(target=self.send, args=(whole[n::SENDERS], self.refusals), daemon=True) for n in range(min(SENDERS, len(whole)))]
        for thread in self.threads:
            thread.start()

    def sending(self):
        return any(thread.is_alive() for thread in self.threads)

    def rows(self, sql, *values):
        database = sqlite3.connect('file:%s?mode=ro' % self.store, uri=True, timeout=30)
        try:
            return database.execute(sql, values).fetchall()
        finally:
            database.close()

    def messages_wait(self):
        return self.rows('SELECT count(*) FROM outbox WHERE state IN (0, 1, 3) AND next_at <= ?', int(time.time()))[0][0]

    def settle(self, seconds=600):
        """Everything is looked at, late events too, and everything is told."""
        end, quiet = time.time() + seconds, None
        while time.time() < end:
            newest, position = self.rows('SELECT (SELECT max(seq) FROM events), (SELECT cast(text AS TEXT) FROM positions WHERE target LIKE ?)', '%detect%')[0]
            waits = self.rows('SELECT count(*) FROM outbox WHERE state NOT IN (2, 5)')[0][0]
            done = position and int(position.split()[0].split(':')[0].split(',')[0]) == newest and waits == 0
            quiet = (quiet or time.time()) if done else None
            if quiet and time.time() - quiet > 3:
                return True
            time.sleep(0.2)
        return False


# --- what came of it, without the numbers rows happened to get -----------------------------------------------------------------

def facts(run):
    events_of = {seq: (entity, event_id.hex()) for seq, entity, event_id in run.rows('SELECT seq, entity, event_id FROM events')}
    evidence = collections.defaultdict(list)
    for finding, seq in run.rows('SELECT finding, seq FROM evidence'):
        evidence[finding].append(events_of[seq])
    findings, finding_of = collections.Counter(), {}
    for number, *what in run.rows('SELECT id, key, rule, title, level, source, time, message, entity, grp, grp_label, hits, first_time FROM findings'):
        finding_of[number] = (what[0], what[1])
        findings[(tuple(what), tuple(sorted(evidence[number])))] += 1
    keys = dict(run.rows('SELECT id, key FROM alerts'))
    members, log = collections.defaultdict(list), collections.defaultdict(list)
    for alert, finding in run.rows('SELECT alert, finding FROM alert_findings'):
        members[alert].append(finding_of.get(finding))
    for alert, actor, what, before, after in run.rows('SELECT alert, actor, what, before, after FROM alert_log ORDER BY id'):
        log[alert].append((actor, what, before, after))
    alerts = collections.Counter()
    for number, parent, *what in run.rows('SELECT id, parent, key, rule, title, level, site, grp, grp_label, state, kind, first_time, last_time, hits, findings, suppressed, '
                                          'times_opened FROM alerts'):
        alerts[(tuple(what), keys.get(parent), tuple(sorted(members[number])), tuple(log[number]))] += 1
    outbox = collections.Counter((keys.get(alert), *what) for alert, *what in run.rows('SELECT alert, channel, target, site, route, kind, bundle, state FROM outbox'))
    return {'events': collections.Counter(events_of.values()), 'findings': findings, 'alerts': alerts, 'outbox': outbox}


def told(run):
    """By their webhook-id, what was taken and how often; what it says is named by the alert's own identity."""
    keys = dict(run.rows('SELECT id, key FROM alerts'))
    by_id, differing = collections.Counter(), []
    said = {}
    for path, number, body in run.receiver.taken:
        one = (path, body['type'], keys.get(body['data']['alert_id']))
        by_id[number] += 1
        if said.setdefault(number, one) != one:
            differing.append((number, said[number], one))
    return said, by_id, differing


def difference(wanted, got):
    lost, added = wanted - got, got - wanted
    return '%d lost, %d added; first lost %s; first added %s' % (sum(lost.values()), sum(added.values()), next(iter(lost), None), next(iter(added), None))


# --- both runs -----------------------------------------------------------------------------------------------------------------

print('%d sites, %d events, %d kills at %d points' % (SITES, events, sum(WANTED.values()), len(POINTS)), flush=True)
began = time.time()
bodies = load.batches(SITES, events, int(began) - load.HOURS * 3600 - 900, seed)
count = sum(body.count(b'\n') for its in bodies for body in its)
first = Run('undisturbed')
first.configure()
sites = []
for number in range(SITES):
    made = json.loads(subprocess.run(first.command('--json', 'entity', 'add', 'site %d' % number), check=True, capture_output=True, cwd=first.place).stdout)
    sites.append((made['token'], made['secret']))
first.start()
for number in range(CHANNELS):
    first.ask('POST', '/channels', {'name': 'hook %d' % number, 'kind': 'webhook', 'url': '%s%d' % (first.receiver.url, number), 'allow_private': True})
first.ask('PUT', '/routes', {'routes': [{'name': 'everything', 'min_severity': 'low', 'every_channel': True}]})
first.process.terminate()
first.process.wait(timeout=60)
first.up.clear()
second = Run('killed')
second.configure()
for file in first.place.glob('gateway.db*'):
    shutil.copy2(file, second.place / file.name)
second.receiver = first.receiver  # the channels lead there; it is emptied between the runs

first.start()
started = time.time()
first.allow(count)
first.begin(sites, bodies)
for thread in first.threads:
    thread.join()
took = time.time() - started
check('the undisturbed run comes to rest', first.settle(), first.rows('SELECT state, count(*) FROM outbox GROUP BY state'))
first.process.terminate()
check('and ends well', first.process.wait(timeout=60) == 0)
want, (want_said, want_by_id, _) = facts(first), told(first)
print('undisturbed: %d events in %.0f s, %d findings, %d alerts, %d messages' % (sum(want['events'].values()), took, sum(want['findings'].values()),
                                                                              sum(want['alerts'].values()), sum(want['outbox'].values())), flush=True)
check('there is something to lose', len(want['findings']) >= 10 * SITES // 3 and len(want['alerts']) >= SITES and len(want['outbox']) >= SITES * CHANNELS)
check('undisturbed, each message goes once', set(want_by_id.values()) == {1})

second.receiver.taken = []
killed, missed, lives = collections.Counter(), collections.Counter(), 0
planned = sum(WANTED.values())
second.begin(sites, bodies)
while any(killed[point] < WANTED[point] for point in POINTS):
    open_points = [point for point in POINTS if killed[point] < WANTED[point]]
    notifying = [point for point in open_points if point.startswith('notify')]
    others = [point for point in open_points if not point.startswith('notify')]
    point = chance.choice(notifying if notifying and (not others or (second.messages_wait() > 2 and chance.random() < 0.5)) else others or [ANY_MOMENT])
    lives += 1
    remaining = sum(max(0, WANTED[one] - killed[one]) for one in POINTS)
    # Of what is left each kill that is wanted has its share, so that there is something to send for the last one too. A life that ended
    # before its own was sent leaves it to the next.
    share = max(1, (count - second.allowed) // (remaining + 1))
    if second.sent >= second.allowed:
        second.allow(share)
    # A busy machine needs longer to come to a point: the more have been missed, the more time each has.
    patience = min(LIFE_SECONDS_MOST, LIFE_SECONDS * (1 + sum(missed.values()) // 8))
    # Where little is left, nothing passes often.
    second.start('%s:%d' % (point, chance.randint(1, POINTS[point]) if share >= SHARE_FOR_PASSES else 1))
    if chance.random() < 0.05:
        point = ANY_MOMENT
        died = second.ended(chance.random() / 2)
    else:
        died = False
        for _ in range(patience * 4):
            died = second.ended(0.25)
            if died:
                break
            if count - second.allowed > share * remaining:
                second.allow(share // 4)
    if died and second.process.returncode != -9:
        check('a gateway that was not killed goes on', False, second.process.returncode)
        break
    if not died:
        second.kill()
        if point != ANY_MOMENT:
            missed[point] += 1
    killed[point if died or point == ANY_MOMENT else ANY_MOMENT] += 1
    if lives % 100 == 0:
        print('  %d lives, %d events sent, %.0f s' % (lives, second.sent, time.time() - started - took), flush=True)
    if sum(missed.values()) > 3 * planned:
        break
sent_under_kills = second.sent
second.start()
second.allow(count)
for thread in second.threads:
    thread.join()
check('the killed run comes to rest', second.settle(), second.rows('SELECT state, count(*) FROM outbox GROUP BY state'))
second.process.terminate()
check('and ends well', second.process.wait(timeout=60) == 0)

print('%-28s %s' % ('killed at', 'times'))
for point in [*POINTS, ANY_MOMENT]:
    print('%-28s %5d' % (point, killed[point]))
print('not come to within its time: %s' % (dict(missed) or 'none'))
print('%d lives, %d of %d events sent while they lasted' % (lives, sent_under_kills, count), flush=True)
got, (got_said, got_by_id, differing) = facts(second), told(second)
check('each point was met as often as wanted', all(killed[point] >= WANTED[point] for point in POINTS), dict(killed))
check('every event is stored, once', got['events'] == want['events'] and sum(got['events'].values()) == count, difference(want['events'], got['events']))
for kind in ('findings', 'alerts', 'outbox'):
    check('%s are the same: %d' % (kind, sum(want[kind].values())), got[kind] == want[kind], difference(want[kind], got[kind]))
check('every message arrives, and none that is not of the undisturbed run', sorted(map(str, got_said.values())) == sorted(map(str, want_said.values())),
      difference(collections.Counter(want_said.values()), collections.Counter(got_said.values())))
check('one that comes again is the same', not differing, differing[:3])
again = sum(got_by_id.values()) - len(got_by_id)
print('%d messages came, %d of them again under the same id' % (sum(got_by_id.values()), again))
check('one comes again only where it was killed after the answer or at any moment', again <= lives * CHANNELS, again)
check('nothing was refused', not second.refusals and not first.refusals, (first.refusals + second.refusals)[:3])
check('the database is whole', second.rows('PRAGMA integrity_check') == [('ok',)])
print('%.0f s' % (time.time() - began))
print('%d passed, %d failed, 0 skipped' % (passed, failed))
sys.stdout.flush()
os._exit(1 if failed else 0)
