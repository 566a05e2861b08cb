#!/usr/bin/env python3
"""The pollers people write first, held to the world the program is held to. Each has to lose or repeat some of its entries.

pollers.py PRODUCT PORT EXPECTED SECONDS   polls twice a second; prints one line a poller: "NAME lost N twice N"
"""
import collections
import json
import sys
import threading
import time
import urllib.parse
import urllib.request

PAGE = 500
MS = 1_000_000


def get(port, path, body=None, headers=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers or {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def ask_loki(port, start):
    query = {"query": '{job="app"}', "start": start, "end": time.time_ns() + 60_000 * MS, "limit": PAGE, "direction": "forward"}
    answer = get(port, "/loki/api/v1/query_range?" + urllib.parse.urlencode(query))
    found = [(int(v[0]), v[1], str(s["stream"])) for s in answer["data"]["result"] for v in s["values"]]
    return sorted(found)


def ask_graylog(port, start):
    import model

    query = {"query": "*", "from": model.iso(start, 3), "to": model.iso(time.time_ns() + 60_000 * MS, 3), "limit": PAGE,
             "sort": "timestamp:asc"}
    answer = get(port, "/api/search/universal/absolute?" + urllib.parse.urlencode(query), headers={"Accept": "application/json"})
    return [(model.ns_of(m["message"]["timestamp"]), m["message"]["message"], m["message"]["_id"]) for m in answer["messages"]]


def text_of(source):
    return source.get("message") or source.get("body") or source["event"]["original"]


def ask_opensearch(port, start):
    import model

    body = {"size": PAGE, "sort": [{"@timestamp": {"order": "asc"}}],
            "query": {"bool": {"filter": [{"range": {"@timestamp": {"gte": model.iso(start)}}}]}}}
    answer = get(port, "/logs/_search", json.dumps(body).encode(), {"Content-Type": "application/json"})
    return [(model.ns_of(h["_source"]["@timestamp"]), text_of(h["_source"]), h["_id"]) for h in answer["hits"]["hits"]]


ASK = {"loki": (ask_loki, 1), "graylog": (ask_graylog, MS), "opensearch": (ask_opensearch, MS)}


def behind_the_newest(found, state, tick):
    for at, text, _ in found:
        state["got"][text] += 1
        state["from"] = max(state["from"], at + tick)


def at_the_newest(found, state, _tick):
    for at, text, _ in found:
        state["got"][text] += 1
        state["from"] = max(state["from"], at)


def at_the_newest_without_ties(found, state, _tick):
    for at, text, identity in found:
        if (at, text, identity) in state["ties"]:
            continue
        state["got"][text] += 1
        state["from"] = max(state["from"], at)
    state["ties"] = {one for one in found if one[0] == state["from"]} | {one for one in state["ties"] if one[0] == state["from"]}


def run(product, port, poll, begin, end, state):
    ask, tick = ASK[product]
    state.update(got=collections.Counter(), ties=set())
    state["from"] = begin
    while time.time() < end:
        try:
            poll(ask(port, state["from"]), state, tick)
        except OSError:
            pass  # the server is being restarted
        time.sleep(0.5)


def main():
    product, port, expected_file, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    begin, end = time.time_ns(), time.time() + seconds
    polls = {poll.__name__: poll for poll in (behind_the_newest, at_the_newest, at_the_newest_without_ties)}
    states = {name: {} for name in polls}
    threads = [threading.Thread(target=run, args=(product, port, poll, begin, end, states[name])) for name, poll in polls.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with open(expected_file, encoding="utf-8") as lines:
        expected = collections.Counter(line.rstrip("\n") for line in lines)
    for name, state in states.items():
        lost, twice = sum((expected - state["got"]).values()), sum((state["got"] - expected).values())
        print(f"{name} lost {lost} twice {twice}")


if __name__ == "__main__":
    main()
