"""A server on this machine: requests of other programs -> a model's answers, by OpenAI's protocol and Ollama's.

Reading order:

    bounds    what a request may ask for, and for how long
    refusal   a request that cannot be honoured -> a status and one line, in the protocol's form
    fields    the body of a request -> its fields, checked
    witness   the tokens of an answer -> how likely the model took them to be
    engine    texts to write -> a queue before each model, and pieces of text
    turns     the messages of a chat -> what the model reads
    shelf     the models, by name
    visit     one request: what it had written, and who is still there to read it
    logprobs  log probabilities, as OpenAI's protocol has them
    openai    OpenAI's protocol
    ollama    Ollama's protocol
    door      who may come in, and what is said of each request
    server    a socket, the models and Ctrl-C
"""
