"""A real HTTP server with the interface of OpenAI's chat completions, which misbehaves as told.

Run as a program it prints its port, and answers until its standard input is closed. `GET /stats` gives
what it counted: `generated` (replies made, by the SHA-256 of the question), `replayed` (answered again
for the same Idempotency-Key at no cost), and how often it failed in which way.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections import Counter
from typing import Any

CORRECT, WRONG = '{"Correct": True, "Reason": "It agrees."}', '{"Correct": False, "Reason": "It does not."}'


class Server:
    def __init__(self, options: dict[str, Any]) -> None:
        self.key = options.get("key", "")
        self.models = options.get("models", ["tiny-judge"])
        self.delay = options.get("delay", 0.0)
        self.faults = options.get("faults", [])  # each in the order of attempts of a question: a kind, or "" for none
        self.share = options.get("share", 100)  # the percentage of questions that meet the faults
        self.always = options.get("always", "")
        self.fixed = options.get("reply")
        self.echo_key = options.get("echo_key", False)
        self.idempotent = options.get("idempotent", True)
        self.no_usage = options.get("no_usage", False)
        self.generated: Counter[str] = Counter()
        self.replayed: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.keys: set[str] = set()
        self.open = self.most_open = 0
        self.last: object = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self.one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path = head[0].split(" ")[:2]
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if ": " in line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if path == "/stats":
            self.send(
                writer,
                200,
                {
                    "generated": self.generated,
                    "replayed": self.replayed,
                    "counts": self.counts,
                    "most_open": self.most_open,
                    "keys": len(self.keys),
                    "last": self.last,
                },
            )
            return True
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            said = f"Incorrect API key provided: {headers.get('authorization', '')[7:]}"
            self.counts["unauthorised"] += 1
            self.send(writer, 401, {"error": {"message": said, "code": "invalid_api_key"}})
            return True
        if path.endswith("/models"):
            data = [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in self.models]
            self.send(writer, 200, {"object": "list", "data": data})
            return True
        if method != "POST" or not path.endswith("/chat/completions"):
            self.send(writer, 404, {"error": {"message": f"no route {path}"}})
            return True
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            return await self.complete(json.loads(body), headers, writer)
        finally:
            self.open -= 1

    async def complete(self, body: dict[str, Any], headers: dict[str, str], writer: asyncio.StreamWriter) -> bool:
        question = hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()
        self.last = body
        if body["model"] not in self.models:
            self.send(writer, 404, {"error": {"message": f"The model `{body['model']}` does not exist."}})
            return True
        if self.delay:
            await asyncio.sleep(self.delay)
        number = self.seen[question]
        self.seen[question] += 1
        faulty = int(question[:4], 16) % 100 < self.share
        fault = self.always or (self.faults[number] if faulty and number < len(self.faults) else "")
        idempotency = headers.get("idempotency-key", "")
        text = self.fixed if self.fixed is not None else (CORRECT if int(question[-1], 16) % 2 else WRONG)
        if self.echo_key:
            text += f" ({headers.get('authorization', '')})"
        usage = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
        reply = {
            "id": "x",
            "object": "chat.completion",
            "created": 0,
            "model": body["model"] + "-2026",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            **({} if self.no_usage else {"usage": usage}),
        }
        if fault:
            self.counts[fault] += 1
        if fault.isdigit():
            self.send(writer, int(fault), {"error": {"message": f"fault {fault}"}}, {"Retry-After": "0"})
            return True
        if fault == "detail":
            self.send(writer, 400, {"detail": [{"loc": ["body", "temperature"], "msg": "not allowed"}]})
            return True
        if fault == "quota":
            self.send(writer, 429, {"error": {"message": "none left", "code": "insufficient_quota"}})
            return True
        if fault == "close":
            return False
        if fault == "garbage":
            self.raw(writer, 200, b'{"choices": [{"mess')
            return True
        if fault == "no-choices":
            self.send(writer, 200, {"object": "chat.completion", "choices": []})
            return True
        raw = json.dumps(reply).encode()
        if fault == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(raw))
            writer.write(raw[: len(raw) // 2])
            await writer.drain()
            return False
        if fault == "hang":
            await asyncio.sleep(30)
            return False
        if body.get("stream") or fault == "stream":
            return await self.stream(reply, question, idempotency, writer, broken=fault == "stream-cut")
        self.send(writer, 200, reply)
        await writer.drain()
        self.paid(question, idempotency)
        return True

    async def stream(
        self,
        reply: dict[str, Any],
        question: str,
        idempotency: str,
        writer: asyncio.StreamWriter,
        *,
        broken: bool,
    ) -> bool:
        text = reply["choices"][0]["message"]["content"]
        half = len(text) // 2
        deltas: list[tuple[dict[str, Any], str | None]] = [
            ({"role": "assistant", "content": ""}, None),
            ({"content": text[:half]}, None),
        ]
        if not broken:
            deltas += [({"content": text[half:]}, None), ({}, "stop")]
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for delta, finish in deltas:
            chunk = {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": reply["model"],
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
            }
            writer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            await writer.drain()
        if not broken:
            usage = {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": reply["model"],
                "choices": [],
                "usage": reply.get("usage"),
            }
            writer.write(b"data: " + json.dumps(usage).encode() + b"\n\ndata: [DONE]\n\n")
            await writer.drain()
            self.paid(question, idempotency)
        return False

    def paid(self, question: str, idempotency: str) -> None:
        if self.idempotent and idempotency and idempotency in self.keys:
            self.replayed[question] += 1
            return
        self.keys.add(idempotency)
        self.generated[question] += 1
        self.counts["ok"] += 1

    def send(
        self, writer: asyncio.StreamWriter, status: int, value: object, extra: dict[str, str] | None = None
    ) -> None:
        self.raw(writer, status, json.dumps(value).encode(), extra)

    def raw(self, writer: asyncio.StreamWriter, status: int, body: bytes, extra: dict[str, str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in (extra or {}).items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


async def main() -> None:
    state = Server(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})
    server = await asyncio.start_server(state.serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)  # open connections are of no interest any more


if __name__ == "__main__":
    asyncio.run(main())
