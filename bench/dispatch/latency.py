#!/usr/bin/python3
"""From the moment an event is sent to the moment its alert's row can be read: eight sites send so many events a second, and ten times a second
one of those opens an alert.

  latency.py STORE WORK RATE SECONDS       WORK: of the benchmark, with the sites' credentials. Prints samples for report.php.
"""
import hashlib
import hmac
import http.client
import pathlib
import sqlite3
import sys
import threading
import time
import uuid

store, work, rate, seconds = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
BATCH, SITES = 100, 8
LINE = '{"event_type":"%s","created_at":%d,"timestamp":%d,"event_id":"%s","labels":{%s}}'
VISIT = '"method":"GET","path":"/node/%d","status_code":200,"ip":"198.18.%d.%d","is_admin":false,"is_ajax":false,"actor_uid":"","ua":"Mozilla/5.0"'
GRANT = '"uid":"%s","roles_before":[],"roles_after":["administrator"],"roles_added":["administrator"],"roles_removed":[],"actor_uid":"boss"'
sent, seen, late, lock = {}, {}, [0], threading.Lock()


def sender(number):
    lines = dict(line.split('=', 1) for line in (work / ('site-%d.credentials' % number)).read_text().splitlines())
    token, key = lines['LOGYSTERA_ENTITY_TOKEN'], hmac.new(lines['LOGYSTERA_ENTITY_SECRET'].encode(), b'ingest-sign/v1', hashlib.sha256).digest()
    connection = http.client.HTTPConnection(lines['LOGYSTERA_GATEWAY_URL'].split('//')[1], timeout=30)
    batches = seconds * rate // BATCH // SITES
    began = time.monotonic() + number / SITES * BATCH * SITES / rate
    for n in range(batches):
        due = began + n * BATCH * SITES / rate
        if due > time.monotonic():
            time.sleep(due - time.monotonic())
        elif time.monotonic() - due > 1:
            late[0] += 1
        now, grant = int(time.time()), None
        body = []
        for i in range(BATCH):
            if i == 50 and n % (rate // BATCH // 10) == number:
                grant = 'u%dx%d' % (number, n)
                body.append(LINE % ('user.role_changed', now, now, uuid.uuid4(), GRANT % grant))
            else:
                body.append(LINE % ('http.request', now, now, uuid.uuid4(), VISIT % (i, number, n % 250)))
        body = ('\n'.join(body) + '\n').encode()
        batch = hashlib.sha256(token.encode() + b'\0' + body).hexdigest()[:32]
        text = 'v1\nPOST\n/v1/ingest\n%s\n%d\n%s\nidentity\n%s' % (token, now, batch, hashlib.sha256(body).hexdigest())
        signature = 'v1=' + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        if grant:
            with lock:
                sent['uid=' + grant] = time.monotonic()
        connection.request('POST', '/v1/ingest', body, {'Content-Type': 'application/x-ndjson', 'Logystera-Entity': token, 'Logystera-Timestamp': str(now),
                                                        'Logystera-Batch': batch, 'Logystera-Signature': signature, 'User-Agent': 'logystera/0.1.1'})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 202:
            raise SystemExit('refused: %d' % answer.status)


threads = [threading.Thread(target=sender, args=(number,), daemon=True) for number in range(SITES)]
for thread in threads:
    thread.start()
database, newest = sqlite3.connect('file:%s?mode=ro' % store, uri=True, timeout=10), 0
end = time.monotonic() + seconds + 20
while time.monotonic() < end and (any(thread.is_alive() for thread in threads) or len(seen) < len(sent)):
    for newest, label in database.execute("SELECT id, grp_label FROM alerts WHERE id > ? AND rule = 'SIGNAL_ADMIN_ROLE_GRANTED' ORDER BY id", (newest,)).fetchall():
        seen.setdefault(label, time.monotonic())
    time.sleep(0.004)
print('%d of %d alerts, %d batches a second late' % (len(seen), len(sent), late[0]), file=sys.stderr)
if not sent or len(seen) < len(sent):
    sys.exit(1)
took = sorted((seen[label] - sent[label]) * 1000 for label in sent)
print('alert_p50_ms %.1f' % took[len(took) // 2])
print('alert_p99_ms %.1f' % took[min(len(took) - 1, len(took) * 99 // 100)])
