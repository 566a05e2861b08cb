"""Models of the three providers the assistant speaks to, which keep every byte they are sent.

They refuse what the real ones refuse and stream as the real ones do. What they know is taken from:
  Ollama      docs/api.md, docs/api/errors.mdx, api/types.go (ollama/ollama)
  Anthropic   tests/lib/streaming/fixtures/*.txt (anthropics/anthropic-sdk-python): order and names of events, errors under status 200
  OpenAI      the answers of llama.cpp's llama-server to /v1/chat/completions, /v1/embeddings and /v1/models
Tested against these, not against the products.
"""
import http.server
import json
import threading

KEY = "sk-key-of-the-tests-0123456789"
MODEL, EMBEDDING = "model-of-the-tests", "embedding-of-the-tests"
ANSWER = "Because of passage [1], and not of [99]. \x1b[31mRed\x1b[0m <b>bold</b> [2]"


class Refusal(Exception):
    def __init__(self, status, message, headers=()):
        super().__init__(message)
        self.status, self.message, self.headers = status, message, dict(headers)


def pieces(text):
    data = text
    return [data[i:i + 7] for i in range(0, len(data), 7)]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, body, headers=()):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, kind, parts):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in parts:
            data = part.encode()
            for at in range(0, len(data), 11):  # cut anywhere, characters too
                cut = data[at:at + 11]
                self.wfile.write(b"%x\r\n%s\r\n" % (len(cut), cut))
                self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def refuse(self, refusal):
        style = self.server.provider
        body = {"error": refusal.message} if style == "ollama" else {"type": "error", "error": {"type": "error", "message": refusal.message}}
        self.reply(refusal.status, body, refusal.headers)

    def do_GET(self):
        self.server.keep(self, b"")
        try:
            self.server.check_key(self)
            if self.server.provider == "ollama" and self.path == "/api/tags":
                return self.reply(200, {"models": [{"name": MODEL, "size": 1}, {"name": EMBEDDING}]})
            if self.server.provider != "ollama" and self.path.split("?")[0] == "/v1/models":
                return self.reply(200, {"object": "list", "data": [{"id": MODEL}, {"id": EMBEDDING}], "has_more": False})
            raise Refusal(404, "404 page not found")
        except Refusal as refusal:
            self.refuse(refusal)

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.keep(self, raw)
        try:
            self.server.check_key(self)
            if self.server.planned:
                raise self.server.planned.pop(0)
            getattr(self, "post_" + self.server.provider)(json.loads(raw))
        except Refusal as refusal:
            self.refuse(refusal)

    def answer(self, body):
        said = "".join(m["content"] for m in body["messages"])
        if "[1] info" in said:  # classify
            return "\n".join(f"[{n}] warning" for n in range(1, 21))
        return ANSWER

    def post_ollama(self, body):
        if self.path == "/api/embed":
            return self.reply(200, {"model": EMBEDDING, "embeddings": vectors(body)})
        if self.path != "/api/chat":
            raise Refusal(404, "404 page not found")
        if body["model"] != MODEL:
            raise Refusal(404, f"model '{body['model']}' not found")
        if "num_ctx" not in body.get("options", {}):
            raise Refusal(400, "the window would be cut silently")
        parts = [json.dumps({"model": MODEL, "message": {"role": "assistant", "content": p}, "done": False}) + "\n" for p in pieces(self.answer(body))]
        end = {"model": MODEL, "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop", "prompt_eval_count": 900}
        if self.server.error_after_200:
            end = {"error": "model runner has unexpectedly stopped"}
        self.stream("application/x-ndjson", parts + [json.dumps(end) + "\n"])

    def post_claude(self, body):
        if self.path != "/v1/messages":
            raise Refusal(404, "Not found")
        for needed in ("max_tokens", "model", "messages"):
            if needed not in body:
                raise Refusal(400, f"{needed}: Field required")
        if any(m["role"] == "system" for m in body["messages"]):
            raise Refusal(400, "messages: Unexpected role \"system\"")
        if "temperature" in body:
            raise Refusal(400, "temperature: this model takes no temperature")
        if body["model"] != MODEL:
            raise Refusal(404, f"model: {body['model']}")

        def event(name, **data):
            return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"
        parts = [event("message_start", message={"id": "m", "role": "assistant", "content": [], "usage": {"input_tokens": 900, "output_tokens": 1}}),
                 event("content_block_start", index=0, content_block={"type": "text", "text": ""}), event("ping")]
        parts += [event("content_block_delta", index=0, delta={"type": "text_delta", "text": p}) for p in pieces(self.answer(body))]
        if self.server.error_after_200:
            parts.append(event("error", error={"type": "overloaded_error", "message": "Overloaded"}))
        else:
            parts += [event("content_block_stop", index=0), event("of_the_future", x=1),
                      event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 6}), event("message_stop")]
        self.stream("text/event-stream; charset=utf-8", parts)

    def post_openai(self, body):
        if self.path == "/v1/embeddings":
            return self.reply(200, {"object": "list", "data": [{"index": i, "embedding": v} for i, v in reversed(list(enumerate(vectors(body))))]})
        if self.path != "/v1/chat/completions":
            raise Refusal(404, "Not found")
        if body["model"] != MODEL:
            raise Refusal(404, f"The model `{body['model']}` does not exist")

        def chunk(delta, reason=None):
            return "data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}) + "\n\n"
        parts = [chunk({"role": "assistant", "content": None})] + [chunk({"content": p}) for p in pieces(self.answer(body))]
        if self.server.error_after_200:
            parts.append("data: " + json.dumps({"error": {"message": "The server had an error", "type": "server_error"}}) + "\n\n")
        else:
            parts += [chunk({}, "stop"), "data: " + json.dumps({"choices": [], "usage": {"prompt_tokens": 900}}) + "\n\n", "data: [DONE]\n\n"]
        self.stream("text/event-stream", parts)


def vectors(body):
    if body["model"] != EMBEDDING:
        raise Refusal(404, "no such model")
    return [[float(len(text) % 7 + 1), 1.0, float(sum(text.encode()) % 5)] for text in body["input"]]


class Provider(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, provider):
        super().__init__(("127.0.0.1", 0), Handler)
        self.provider, self.kept, self.planned, self.error_after_200 = provider, [], [], False
        self.lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def keep(self, handler, raw):
        with self.lock:
            self.kept.append(f"{handler.command} {handler.path}\n{handler.headers}\n".encode() + raw)

    def check_key(self, handler):
        if self.provider == "claude" and (handler.headers.get("x-api-key") != KEY or handler.headers.get("anthropic-version") != "2023-06-01"):
            raise Refusal(401, "invalid x-api-key")
        if self.provider == "openai" and handler.headers.get("Authorization") != "Bearer " + KEY:
            raise Refusal(401, f"Incorrect API key provided: {handler.headers.get('Authorization')}")

    @property
    def endpoint(self):
        base = f"http://127.0.0.1:{self.server_address[1]}"
        return base + "/v1" if self.provider == "openai" else base
