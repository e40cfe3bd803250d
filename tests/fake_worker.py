"""A worker without a model, which does what a test tells it to.

usage: fake_worker.py CONTROL SETTINGS

It speaks the workers' protocol on the socket that SETTINGS names. On the socket CONTROL
it says who it is, then each request that asks to be held, and it obeys these lines:
ready, answer, stubborn (no end when asked), mortal (an end when asked for its health),
and exit STATUS LAST WORDS.
"""

import asyncio
import json
import os
import signal
import sys

ready, mortal = asyncio.Event(), asyncio.Event()
answers: asyncio.Queue[None] = asyncio.Queue()
served = 0


async def main(control: str, settings: dict[str, object]) -> None:
    reader, writer = await asyncio.open_unix_connection(control)

    def say(**facts: object) -> None:
        writer.write(json.dumps(facts).encode() + b"\n")

    async def connected(
        client: asyncio.StreamReader, answer: asyncio.StreamWriter
    ) -> None:
        while start := await client.readline():
            length = 0
            while (line := await client.readline()).strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = await client.readexactly(length)
            status, text = await respond(start.split()[1].decode(), body, say)
            head = f"HTTP/1.1 {status} -\r\ncontent-length: {len(text)}\r\n\r\n"
            answer.write((head + text).encode())
            await answer.drain()
        answer.close()

    server = await asyncio.start_unix_server(connected, str(settings["socket"]))
    say(pid=os.getpid(), settings=settings, secrets=secrets())
    async with server:
        while order := (await reader.readline()).decode().strip():
            obey(order)
            say(obeyed=order)
    os._exit(0)  # the test has ended


def secrets() -> list[str]:
    return [name for name in os.environ if name.endswith("_API_KEY")]


def obey(order: str) -> None:
    word, _, rest = order.partition(" ")
    if word == "ready":
        ready.set()
    elif word == "answer":
        answers.put_nowait(None)
    elif word == "mortal":
        mortal.set()
    elif word == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif word == "exit":
        status, _, words = rest.partition(" ")
        print("many words\n" + words, file=sys.stderr, flush=True)
        os._exit(int(status))


async def respond(path: str, body: bytes, say) -> tuple[int, str]:
    global served
    if path == "/health" and mortal.is_set():
        os._exit(0)
    if path == "/health":
        return (200, '{"status":"ok"}') if ready.is_set() else (503, "{}")
    if path == "/metrics":
        return 200, f"requests_total {served}\n"
    asked = json.loads(body)
    if asked.get("hold"):
        say(asked=asked)
        await answers.get()
    served += 1
    return 200, json.dumps({"pid": os.getpid(), "served": served, "path": path})


asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
