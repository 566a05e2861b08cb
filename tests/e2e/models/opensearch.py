#!/usr/bin/env python3
"""A model of OpenSearch and Elasticsearch: search by time, points in time, search_after, _shard_doc.

Of elastic/elasticsearch: rest-api-spec/.../test/search/90_search_after.yml (sort values of dates with numeric_type and format, _shard_doc
without a point in time is refused), 350_point_in_time.yml (POST /IDX/_pit, DELETE /_pit {"id"}), 240_date_nanos.yml.
Of opensearch-project/OpenSearch: rest-api-spec/.../test/pit/10_basic.yml (POST /IDX/_search/point_in_time, DELETE {"pit_id": []}),
server/.../search/sort/FieldSortBuilder.java (numeric_type, no format); _shard_doc from 3.3 on (pull request 18924).
"""
import base64
import bisect
import json

import model
from model import MS, SECOND, Refused

WINDOW = 10_000


def refused(status, kind, reason):
    return Refused(status, json.dumps({"error": {"type": kind, "reason": reason, "root_cause": []}, "status": status}))


class Opensearch(model.Model):
    def __init__(self, arguments):
        super().__init__(arguments)
        begin = (arguments.now or model.time.time_ns()) + int(arguments.begin * SECOND)
        tick = 1 if arguments.nanos else MS
        self.entries = model.world(arguments.seed, arguments.count, begin, arguments.seconds, arguments.late, arguments.crowd, tick)
        self.numbers = {id(e): number for number, e in enumerate(self.entries)}
        self.points, self.opened, self.time_field = {}, 0, arguments.time_field
        self.version = tuple(int(part) for part in arguments.version.split("."))
        self.opensearch = arguments.distribution == "opensearch"
        self.shard_doc = self.version >= ((3, 3) if self.opensearch else (7, 12))

    def place(self, entry):
        return entry.time, self.numbers[id(entry)]

    def state(self):
        return {"open": len(self.points), "opened": self.opened}

    def source(self, entry):
        # Shippers differ: nested, dotted, in another field, in another precision.
        at = model.iso(entry.time, 9 if self.arguments.nanos else 3)
        shape = entry.number % 4
        if shape == 0:
            return {self.time_field: at, "message": entry.text, "level": "error", "host": {"name": "web01", "ip": ["192.0.2.77"]}}
        if shape == 1:
            return {self.time_field: at, "message": entry.text, "level": "error", "host.name": "web02", "http": {"status": 500}}
        if shape == 2:
            return {self.time_field: at, "event": {"original": entry.text}, "log": {"level": "error"}}
        return {self.time_field: at, "body": entry.text, "severity": "error", "password": "12345678", "big": 10**400}

    def authorized(self, headers):
        wanted = self.arguments.authorization
        if wanted and headers.get("Authorization") != wanted:
            raise refused(401, "security_exception", "missing authentication credentials")

    def ask(self, method, path, _query, headers, body, fault):
        self.authorized(headers)
        if body and headers.get("Content-Type") != "application/json":
            raise refused(406, "content_type", "Content-Type header is not supported")
        asked = json.loads(body) if body else {}
        if path == "/":
            version = {"number": self.arguments.version}
            if self.opensearch:
                version["distribution"] = "opensearch"
            return 200, {"name": "node-1", "cluster_name": "logs", "version": version, "tagline": "model"}
        if path == "/_cluster/health":
            return 200, {"status": "yellow"}
        if path == "/logs/_count":
            return 200, {"count": len(self.entries), "_shards": {"total": 2, "failed": 0}}
        point_path = "/logs/_search/point_in_time" if self.opensearch else "/logs/_pit"
        if path == point_path and method == "POST":
            self.opened += 1
            name = base64.b64encode(f"point{self.opened}".encode()).decode()
            self.points[name] = sorted(self.visible(0, 1 << 62), key=self.place)
            return 200, {"pit_id" if self.opensearch else "id": name}
        if path == point_path.replace("/logs", "", 1) and method == "DELETE":
            for name in asked["pit_id"] if self.opensearch else [asked["id"]]:
                if not self.arguments.keep_points:
                    self.points.pop(name, None)
            return 200, {"succeeded": True}
        if path.endswith("/_search") and method == "POST":
            return 200, self.search(path[: -len("/_search")].strip("/"), asked, fault)
        raise refused(404, "index_not_found_exception", "no such index")

    def search(self, index, asked, fault):
        point = asked.get("pit")
        if fault and fault["fault"] == "forget":
            self.points.clear()
        if point:
            if index:
                raise refused(400, "action_request_validation_exception", "[indices] cannot be used with point in time")
            if point["id"] not in self.points:
                raise refused(404, "search_phase_execution_exception", "search_context_missing_exception")
        elif index == "nothing-*":
            return {"timed_out": False, "_shards": {"total": 0, "failed": 0}, "hits": {"hits": []}}
        elif index != "logs":
            raise refused(404, "index_not_found_exception", f"no such index [{index}]")
        size = asked.get("size", 10)
        if size > WINDOW:
            raise refused(400, "illegal_argument_exception", "Result window is too large, from + size must be less than or equal to: "
                          f"[{WINDOW}] but was [{size}]")
        if self.time_field not in asked["sort"][0]:
            raise refused(400, "query_shard_exception", "the model knows one time alone")
        sorts = [dict(one) for one in asked["sort"]]
        order = sorts[0][self.time_field]
        if self.opensearch and "format" in order:
            raise refused(400, "x_content_parse_exception", "[field_sort] unknown field [format]")
        tie_breaker = len(sorts) > 1 and "_shard_doc" in sorts[1]
        if tie_breaker and not point:
            raise refused(400, "illegal_argument_exception", "[_shard_doc] sort field cannot be used without [point in time]")
        if tie_breaker and not self.shard_doc:
            raise refused(400, "query_shard_exception", "No mapping found for [_shard_doc] in order to sort on")
        span = next(f["range"][self.time_field] for f in asked["query"]["bool"]["filter"] if "range" in f)
        # A field of type date knows milliseconds, and bounds are cut to them.
        unit = 1 if self.arguments.nanos else MS
        first = model.ns_of(span["gte"]) // unit * unit
        last = model.ns_of(span["lt"]) if "lt" in span else 1 << 62
        numbers = self.numbers
        after = asked.get("search_after")
        if after:
            after = (model.ns_of(after[0]) if isinstance(after[0], str) else after[0], after[1])
        if point:
            # In the order of a tie-breaker; without one, ties have none.
            entries = self.points[point["id"]]
            begin = bisect.bisect_left(entries, first, key=lambda e: e.time)
            if after:
                begin = max(begin, bisect.bisect_right(entries, after, key=self.place))
            end = bisect.bisect_left(entries, last, key=lambda e: e.time)
            found = entries[begin : min(end, begin + size) if tie_breaker else end]
            if not tie_breaker:
                self.shuffle.shuffle(found)
                found.sort(key=lambda e: e.time)
        else:
            found = self.visible(first, last, None if tie_breaker or after else size)
        nanos = order.get("numeric_type") == "date_nanos"

        def sort_value(entry):
            if "format" in order:
                return model.iso(entry.time)
            return entry.time if nanos or self.arguments.nanos else entry.time // MS

        if after and not point:
            found = [e for e in found if self.place(e) > after]
        hits = []
        for entry in found[:size]:
            sort = [sort_value(entry)] + ([numbers[id(entry)]] if tie_breaker else [])
            hits.append({"_index": f"logs-{entry.number % 2}", "_id": entry.id, "_source": self.source(entry), "sort": sort})
        answer = {"timed_out": False, "_shards": {"total": 2, "successful": 2, "failed": 0}, "hits": {"hits": hits}}
        if fault and fault["fault"] == "shards":
            answer["_shards"] = {"total": 2, "successful": 1, "failed": 1}
            answer["hits"]["hits"] = hits[::2]
        if point:
            answer["pit_id"] = point["id"]
        return answer


def main():
    parser = model.arguments_of(__doc__)
    parser.add_argument("--distribution", choices=["opensearch", "elasticsearch"], default="opensearch")
    parser.add_argument("--version", default="3.3.0")
    parser.add_argument("--nanos", action="store_true", help="@timestamp is of type date_nanos")
    parser.add_argument("--time-field", default="@timestamp")
    parser.add_argument("--keep-points", action="store_true", help="a point in time that was closed can be asked again")
    parser.add_argument("--authorization", default="", help="the header that is wanted")
    arguments = parser.parse_args()
    model.serve(Opensearch(arguments), arguments)


if __name__ == "__main__":
    main()
