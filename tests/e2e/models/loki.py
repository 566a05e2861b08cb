#!/usr/bin/env python3
"""A model of Grafana Loki's query_range.

Of grafana/loki: docs/sources/reference/loki-http-api.md (start is included, end is not; direction; the limit is across streams),
pkg/querier/queryrange/limits.go and pkg/querier/http.go (texts beyond limits), pkg/loghttp/query_test.go (the shape of an answer).
"""
import re

import model
from model import SECOND, Refused

LIMIT = 5000
STREAMS = [
    {"job": "app", "service_name": "shop", "host": "web01"},
    {"job": "app", "service_name": "shop", "host": "web02"},
    {"job": "app", "service_name": "till", "host": "web01"},
    {"job": "app", "service_name": "till", "host": "192.0.2.77", "level": "error"},
]
SELECTOR = re.compile(r'^\s*\{\s*(\w+)\s*=\s*"([^"]*)"\s*\}')


class Loki(model.Model):
    def __init__(self, arguments):
        super().__init__(arguments)
        begin = (arguments.now or model.time.time_ns()) + int(arguments.begin * SECOND)
        self.entries = model.world(arguments.seed, arguments.count, begin, arguments.seconds, arguments.late, arguments.crowd)
        self.streams = list(STREAMS)
        if arguments.lines:
            # Streams of other formats: a file's lines each.
            for name in arguments.lines:
                self.streams.append({"job": "files", "filename": name.rsplit("/", 1)[-1], "host": "web01"})
                with open(name, encoding="utf-8") as lines:
                    for line in lines:
                        at = begin + len(self.entries) * SECOND
                        self.entries.append(model.Entry(at, 0, line.rstrip("\n"), len(self.streams) - 1, len(self.entries)))

    def ask(self, method, path, query, headers, _body, _fault):
        if path != "/loki/api/v1/query_range" or method != "GET":
            raise Refused(404, "404 page not found\n")
        if self.arguments.token and headers.get("Authorization") != "Bearer " + self.arguments.token:
            raise Refused(401, "unauthorized")
        if self.arguments.tenant and headers.get("X-Scope-OrgID") != self.arguments.tenant:
            raise Refused(401, "no org id\n")
        one = {name: values[0] for name, values in query.items()}
        selector = SELECTOR.match(one.get("query", ""))
        if one.get("query", "").startswith("rate("):
            return 200, {"status": "success", "data": {"resultType": "matrix", "result": []}}
        if not selector:
            raise Refused(400, "parse error at line 1, col 1: syntax error: unexpected IDENTIFIER")
        start, end, limit = int(one["start"]), int(one["end"]), int(one.get("limit", "100"))
        if limit > self.arguments.limit:
            raise Refused(
                400,
                "max entries limit per query exceeded, limit > max_entries_limit_per_query "
                f"({limit} > {self.arguments.limit})\n",
            )
        if self.arguments.range and end - start > self.arguments.range * SECOND:
            raise Refused(
                400,
                "the query time range exceeds the limit "
                f"(query length: {(end - start) // SECOND}s, limit: {self.arguments.range}s)\n",
            )
        if one.get("direction", "backward") != "forward":
            raise Refused(400, "the model reads forward alone")
        name, value = selector.groups()
        found = self.visible(start, end, limit, lambda e: self.streams[e.stream].get(name) == value)
        result = {}
        for entry in found:
            values = result.setdefault(entry.stream, [])
            values.append([str(entry.time), entry.text] + ([{"trace_id": "t1"}] if entry.stream == 1 else []))
        order = list(result)
        self.shuffle.shuffle(order)
        streams = [{"stream": self.streams[stream], "values": result[stream]} for stream in order]
        return 200, {"status": "success", "data": {"resultType": "streams", "result": streams, "stats": {}}}


def main():
    parser = model.arguments_of(__doc__)
    parser.add_argument("--limit", type=int, default=LIMIT, help="max_entries_limit_per_query")
    parser.add_argument("--range", type=int, default=0, help="max_query_length in seconds")
    parser.add_argument("--token", default="")
    parser.add_argument("--tenant", default="")
    parser.add_argument("--lines", nargs="*", default=[], help="logs whose lines are streams of their own")
    arguments = parser.parse_args()
    model.serve(Loki(arguments), arguments)


if __name__ == "__main__":
    main()
