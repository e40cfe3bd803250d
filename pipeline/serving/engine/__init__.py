"""The worker process: one model, answering OpenAI's requests on a Unix socket.

    python -m pipeline.serving.engine '<settings as JSON>'

    settings   what it is told            process    ends with its parent, and plainly
    server     the socket: HTTP in and out, on an event loop that only reads and writes
    requests   bodies → what is asked     replies    what was made → bodies, streams
    queue      first come, first served: one thread has the model, and nothing else does
    chat       messages → prompt          tools      functions offered, calls read
    generation prompt → text, token by token
    context    what the model has read; a prompt's known beginning is not read again
    sampling   which token comes next     text       tokens → characters, stops
    embeddings texts → vectors
    grammar/   what an answer may look like: GBNF checked, made from a JSON schema
    llama      the C functions that are used, with Python's types

A request that is left alone by its client stops at once, whether it waits, reads or
writes. llama.cpp is no safer than C: what would make it end the process (a grammar that
does not hold, a file cut short) is found before it gets it.
"""
