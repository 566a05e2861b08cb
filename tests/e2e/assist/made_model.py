#!/usr/bin/env python3
"""made_model.py FILE: a language model of half a megabyte that knows nothing, for a real server to serve.

Its weights are random and its tokens are bytes, so it answers nonsense, over the server's own protocol, and characters beyond ASCII come
in pieces that are none by themselves. The format is GGUF 3 (ggml-org/ggml, docs/gguf.md).
"""
import random
import struct
import sys

EMBEDDING, HEADS, BLOCKS, FORWARD, CONTEXT = 64, 4, 2, 128, 32768
U32, F32, BOOL, STRING, ARRAY = 4, 6, 7, 8, 9
UNKNOWN, CONTROL, BYTE = 2, 3, 6  # types of tokens
TOKENS = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
ALIGNMENT = 32


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(name, kind, data):
    return text(name) + struct.pack("<I", kind) + data


def word(name, value):
    return entry(name, STRING, text(value))


def number(name, value):
    return entry(name, U32, struct.pack("<I", value))


def array(name, kind, count, data):
    return entry(name, ARRAY, struct.pack("<IQ", kind, count) + data)


def header():
    count = len(TOKENS)
    kinds = [UNKNOWN, CONTROL, CONTROL] + [BYTE] * 256
    return [
        word("general.architecture", "llama"),
        word("general.name", "made by the tests of logystera"),
        number("general.file_type", 0),
        number("llama.context_length", CONTEXT),
        number("llama.embedding_length", EMBEDDING),
        number("llama.block_count", BLOCKS),
        number("llama.feed_forward_length", FORWARD),
        number("llama.attention.head_count", HEADS),
        number("llama.attention.head_count_kv", HEADS),
        number("llama.rope.dimension_count", EMBEDDING // HEADS),
        entry("llama.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", 1e-5)),
        number("llama.vocab_size", count),
        word("tokenizer.ggml.model", "llama"),
        array("tokenizer.ggml.tokens", STRING, count, b"".join(text(token) for token in TOKENS)),
        array("tokenizer.ggml.scores", F32, count, struct.pack(f"<{count}f", *[0.0] * count)),
        array("tokenizer.ggml.token_type", 5, count, struct.pack(f"<{count}i", *kinds)),
        number("tokenizer.ggml.unknown_token_id", 0),
        number("tokenizer.ggml.bos_token_id", 1),
        number("tokenizer.ggml.eos_token_id", 2),
        entry("tokenizer.ggml.add_bos_token", BOOL, struct.pack("<?", True)),
        entry("tokenizer.ggml.add_space_prefix", BOOL, struct.pack("<?", False)),
        word("tokenizer.chat_template", "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"),
    ]


def tensors():
    count = len(TOKENS)
    yield "token_embd.weight", (EMBEDDING, count)
    yield "output_norm.weight", (EMBEDDING,)
    yield "output.weight", (EMBEDDING, count)
    for block in range(BLOCKS):
        yield f"blk.{block}.attn_norm.weight", (EMBEDDING,)
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{block}.{part}.weight", (EMBEDDING, EMBEDDING)
        yield f"blk.{block}.ffn_norm.weight", (EMBEDDING,)
        yield f"blk.{block}.ffn_gate.weight", (EMBEDDING, FORWARD)
        yield f"blk.{block}.ffn_up.weight", (EMBEDDING, FORWARD)
        yield f"blk.{block}.ffn_down.weight", (FORWARD, EMBEDDING)


def main():
    choose = random.Random(1)
    table, data, named = b"", b"", 0
    for name, shape in tensors():
        size = 1
        for length in shape:
            size *= length
        values = [1.0] * size if "norm" in name else [choose.gauss(0, 0.3) for _ in range(size)]
        table += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", length) for length in shape)
        table += struct.pack("<IQ", 0, len(data))
        data += struct.pack(f"<{size}f", *values)
        data += b"\0" * (-len(data) % ALIGNMENT)
        named += 1
    pairs = header()
    out = b"GGUF" + struct.pack("<IQQ", 3, named, len(pairs)) + b"".join(pairs) + table
    out += b"\0" * (-len(out) % ALIGNMENT) + data
    with open(sys.argv[1], "wb") as file:
        file.write(out)


if __name__ == "__main__":
    main()
