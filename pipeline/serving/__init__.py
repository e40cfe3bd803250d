"""Language models on this machine: packaged, stored, moved, run, and asked.

    artifact       a model as an OCI artifact: its names, manifest, config, GGUF header
    store          a folder of artifacts, in Docker Model Runner's layout
    distribution   between a store and any registry
    engine         one model behind OpenAI's API, in a process of its own
    runner         which engines run when, within the memory that there is
    api            all of it over HTTP: Docker's API and OpenAI's

    service        finds the service that runs, or starts one
    embedded       brings the model that comes with the program into the store
    chat           asks a chat server one question, ours or another
    places         where store and service are
    shapes         a model as Docker shows it
    durations      times as Docker writes them

Each of the first six imports only those above it, and could be lifted out with them.
"""
