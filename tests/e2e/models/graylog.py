#!/usr/bin/env python3
"""A model of Graylog's search for messages.

Of Graylog2/graylog2-server: rest/resources/search/AbsoluteSearchResource.java (query, from, to, limit, filter, sort; offset is taken and not
passed on), plugins/views/search/rest/scriptingapi (POST /search/messages: MessagesRequestSpec.java, ResponseSchemaEntry.java; "-" for
what a message has not). Beyond 10,000 messages a search fails (issue 2306). POST needs X-Requested-By.
"""
import base64
import json

import model
from model import MS, SECOND, Refused

WINDOW = 10_000


def refused(status, message):
    return Refused(status, json.dumps({"type": "ApiError", "message": message}))


class Graylog(model.Model):
    def __init__(self, arguments):
        super().__init__(arguments)
        begin = (arguments.now or model.time.time_ns()) + int(arguments.begin * SECOND)
        self.entries = model.world(arguments.seed, arguments.count, begin, arguments.seconds, arguments.late, arguments.crowd, MS)

    def message(self, entry):
        fields = {
            "_id": entry.id, "timestamp": model.iso(entry.time, 3), "message": entry.text, "level": 3,
            "source": "192.0.2.77" if entry.number % 4 == 3 else f"web0{entry.number % 4}", "streams": ["000000000000000000000001"],
            "gl2_source_node": "node", "gl2_message_id": "01", "facility": "app", "http_status": 500,
        }
        if entry.number % 5 == 0:
            fields["full_message"] = entry.text + "\n  at main.c:7"
        return fields

    def found(self, query, streams, first, last, limit):
        if query == "((":
            raise refused(400, "Failed to parse query ((")
        if limit > WINDOW:
            raise refused(500, "Result window is too large")
        if streams not in ("", "000000000000000000000001"):
            raise refused(403, "Not allowed to search with filter")
        # Both ends are included.
        return self.visible(model.ns_of(first), model.ns_of(last) + MS, limit)

    def ask(self, method, path, query, headers, body, _fault):
        credentials = self.arguments.credentials
        if credentials and headers.get("Authorization") != "Basic " + base64.b64encode(credentials.encode()).decode():
            raise refused(401, "HTTP 401 Unauthorized")
        if method != "GET" and not headers.get("X-Requested-By"):
            raise refused(400, "CSRF protection header is missing. Please add a \"X-Requested-By\" header to your request.")
        one = {name: values[0] for name, values in query.items()}
        if path == "/api/search/universal/absolute" and method == "GET" and not self.arguments.scripting:
            if headers.get("Accept") != "application/json":
                raise refused(400, "Missing required parameter `fields`")
            if one.get("sort") != "timestamp:asc":
                raise refused(400, "the model sorts one way alone")
            streams = one.get("filter", "").removeprefix("streams:")
            found = self.found(one["query"], streams, one["from"], one["to"], int(one.get("limit") or 150))
            messages = [{"message": self.message(e), "index": "graylog_0", "highlight_ranges": {}} for e in found]
            return 200, {"query": one["query"], "messages": messages, "total_results": len(found), "fields": []}
        if path == "/api/search/messages" and method == "POST" and self.arguments.scripting:
            asked = json.loads(body)
            if asked["sort"] != "timestamp" or not asked["sort_order"].lower().startswith("asc"):
                raise refused(400, "the model sorts one way alone")
            span = asked["timerange"]
            found = self.found(asked["query"], ",".join(asked.get("streams", [])), span["from"], span["to"], asked.get("size", 10))
            fields = asked["fields"]
            schema = [{"column_type": "field", "type": "string", "field": name, "name": "field: " + name} for name in fields]
            rows = [[self.message(e).get(name, "-") for name in fields] for e in found]
            return 200, {"schema": schema, "datarows": rows, "metadata": {"effective_timerange": span}}
        raise refused(404, "HTTP 404 Not Found")


def main():
    parser = model.arguments_of(__doc__)
    parser.add_argument("--credentials", default="", help="USER:PASSWORD that are wanted")
    parser.add_argument("--scripting", action="store_true", help="the universal search is not there, POST /search/messages is")
    arguments = parser.parse_args()
    model.serve(Graylog(arguments), arguments)


if __name__ == "__main__":
    main()
