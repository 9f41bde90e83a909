"""The address, the connection and the protocol: each behaviour of a server ends as the client promises, over real sockets."""

from __future__ import annotations

import json
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ollama_server import OllamaServer, Reply, lines, model, serve, words

from minigpt.corpus.ollama.client import Client, _answer, _parse, join_text, positive
from minigpt.corpus.ollama.host import is_loopback, resolve_host
from minigpt.corpus.ollama.limits import Away, Cancelled, Limits, Missing, OllamaError, Refused, Slow, Unknown, Unusable, plain
from minigpt.corpus.ollama.models import _model, choose, describe, full_name, installed, load, place, unload
from minigpt.errors import MinigptError

QUICK = Limits(connection=1, first_byte=2, between_chunks=0.5, backoff=(0.01, 0.02), patience=0.3)
BODY = {"model": "teacher:latest", "prompt": "Write.", "options": {"num_predict": 50}}


def ask(server: OllamaServer, limits: Limits = QUICK, seconds: float = 5.0):
    return Client(server.url, limits).generate(BODY, seconds)


def once(**reply):
    return lambda body, number: Reply(**reply)


@pytest.mark.parametrize(
    ("value", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        (' "1.2.3.4" ', "http://1.2.3.4:11434"),
        ("example.com", "http://example.com:11434"),
        ("example.com:56789", "http://example.com:56789"),
        (":1234", "http://127.0.0.1:1234"),
        ("http://h", "http://h:80"),
        ("https://h", "https://h:443"),
        ("HTTPS://h", "https://h:443"),
        ("https://h:8000/some/path/", "https://h:8000/some/path"),
        ("example.com/path", "http://example.com:11434/path"),
        ("::1", "http://[::1]:11434"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:1337", "http://[::1]:1337"),
        ("h:66000", "http://h:11434"),
        (":-1", "http://127.0.0.1:11434"),
        ("https://h:abc", "https://h:443"),
        ("ollama.com", "https://ollama.com:443"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:9", "http://[::1]:9"),
        ("::", "http://[::1]:11434"),
    ],
)
def test_a_host_is_read_as_ollama_reads_it(value, url):
    assert resolve_host(value) == url


@pytest.mark.parametrize("value", ["ftp://h", "http://user:pw@h", "two words", "h\x1b[31m", "?"])
def test_what_is_no_address_is_refused_in_a_printable_line(value):
    with pytest.raises(MinigptError) as caught:
        resolve_host(value)
    assert str(caught.value).isprintable()


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_an_error(value):
    try:
        url = resolve_host(value)
    except MinigptError as error:
        assert str(error).isprintable()
    else:
        assert url.startswith(("http://", "https://"))


def test_proxies_are_passed_by_on_this_machine_alone(monkeypatch):
    assert is_loopback("http://127.0.0.1:1") and is_loopback("http://[::1]:1") and is_loopback("http://localhost:1")
    assert not is_loopback("http://127.0.0.1.example.com:1") and not is_loopback("http://10.0.0.1:1")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serve(once(pieces=["Hello."])) as server:
        assert ask(server).text == "Hello."


def test_an_answer_has_its_text_and_how_it_ended():
    with serve(once(pieces=words("One two three."), done_reason="length")) as server:
        answer = ask(server)
        assert (answer.text, answer.finished, answer.done_reason, answer.eval_count) == ("One two three.", True, "length", 3)
        assert server.bodies()[0]["headers"]["Accept-Encoding"] == "identity"


ABSURD = [10**400, -(10**30), -1, 0, True, "7", None, [1], 1e-320, float("nan"), float("inf")]


@pytest.mark.parametrize("value", ABSURD, ids=str)
@pytest.mark.parametrize("name", ["size", "size_vram", "context_length", "eval_count", "eval_duration"])
def test_a_number_that_cannot_be_counts_as_not_told(value, name):
    """Wherever it is: nothing breaks, and nothing is concluded from it."""
    text = json.dumps({name: value}) if value != 10**400 else f'{{"{name}": 1{"0" * 400}}}'
    told = _parse(text.encode(), "")
    entry = {"name": "a:latest", **told}
    if name == "size":
        assert _model(entry).size == 0
    elif name in ("size_vram", "context_length"):
        assert positive(told[name]) == 0
    else:
        answer = _answer("text", False, {"eval_count": 10, "eval_duration": 10**9, **told}, (0.0, 1.0, 2.0))
        assert 0 <= answer.speed() <= 10


@pytest.mark.parametrize(("count", "nanoseconds"), [(1, 10**18), (10**18, 1), (10**18, 10**18)])
def test_a_speed_is_within_reason(count, nanoseconds):
    """Time limits follow from it, and no timer takes a million years."""
    answer = _answer("text", False, {"eval_count": count, "eval_duration": nanoseconds}, (0.0, 1.0, 2.0))
    assert 0.01 <= answer.speed() <= 1e5


def test_slow_tokens_are_waited_for():
    with serve(once(pieces=list("abcdef"), delay=0.1)) as server:  # longer than between_chunks in all
        assert ask(server).text == "abcdef"


def test_a_load_may_be_slow_without_a_header():
    with serve(once(pieces=["Hello."])) as server:
        server.load_seconds = 0.6
        client = Client(server.url, QUICK)
        teacher = installed(client)[0]
        assert load(client, teacher, {"num_ctx": 2048}, "30m") >= 0.6
        assert server.bodies()[-1]["keep_alive"] == "30m"
        assert place(client, teacher) == "CPU, 2.0 GB"
        assert unload(client, teacher)
        assert place(client, teacher) is None and server.bodies()[-1]["keep_alive"] == 0


@pytest.mark.parametrize(
    ("reply", "limits", "complaint"),
    [
        ({"pieces": ["Hello"], "end": "stall"}, QUICK, "stalled"),
        ({"pieces": ["Hello"], "wait": 1.0}, Limits(first_byte=0.2), "no answer within"),
        ({"pieces": ["x "] * 100, "delay": 0.05}, QUICK, "not finished"),
        ({"raw": [b"1\r\n \r\n"] * 400}, Limits(first_byte=0.3), "no answer within"),
        ({"raw": [b"5"] * 400}, Limits(first_byte=0.3), "no answer within"),  # a chunk's length that never ends
    ],
)
def test_each_time_limit_cuts(reply, limits, complaint):
    with serve(once(**reply)) as server:
        began = time.monotonic()
        with pytest.raises(Slow, match=complaint):
            ask(server, limits, seconds=0.5)
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("reply", "error", "words_in_it"),
    [
        ({"status": 503, "body": '{"error": "server busy, please try again.  maximum pending requests exceeded"}'}, Away, "busy"),
        ({"status": 500, "body": '{"error": "llama-server process has terminated: exit status 2"}'}, Away, "terminated"),
        ({"status": 429, "body": "{}"}, Away, "429"),
        ({"status": 502, "body": "<html><h1>Bad\x1b[2J Gateway</h1></html>", "kind": "text/html"}, Away, "Bad"),
        ({"status": 500, "body": '{"error": "option \\"temperature\\" must be of type float32"}'}, Refused, "float32"),
        ({"status": 400, "body": '{"error": "no"}'}, Unknown, "no"),
        ({"status": 401, "body": '{"error": "unauthorized", "signin_url": "https://x"}'}, Refused, "ollama signin"),
        ({"status": 403}, Refused, "OLLAMA_ORIGINS"),
        ({"status": 404, "body": '{"error": "model \'teacher:latest\' not found"}'}, Missing, "ollama pull teacher:latest"),
        ({"status": 404, "body": '{"error": "model \\"t\\" not found, try pulling it first"}'}, Missing, "ollama pull"),
        ({"status": 302, "body": ""}, Refused, "302"),
        ({"end": "reset"}, Away, "dropped the connection"),
        ({"pieces": ["Hello "], "end": "reset"}, Away, "dropped the connection"),
        ({"pieces": ["Hello "], "end": "error"}, Unusable, "terminated"),
        ({"raw": [b"5\r\nhello\r\n", b"0\r\n\r\n"]}, Unusable, "not answer with JSON"),
        ({"raw": [lines([1])], "chunked": False}, Unusable, "not with a JSON object"),
        ({"raw": [b'{"response": 5}\n'], "chunked": False}, Unusable, "is not text"),
        ({"raw": [b"[" * 100000 + b"\n"], "chunked": False}, Unusable, "not answer with JSON"),
        ({"raw": [b'{"response": "\xf0\x9f"}\n'], "chunked": False}, Unusable, "not valid UTF-8"),
    ],
)
def test_each_error_is_its_kind_in_one_printable_line(reply, error, words_in_it):
    with serve(once(**reply)) as server, pytest.raises(OllamaError) as caught:
        ask(server)
    assert type(caught.value) is error
    assert words_in_it in str(caught.value) and str(caught.value).isprintable()


def test_a_connection_that_is_refused_is_worth_another_attempt():
    with serve(once(pieces=["x"])) as server:
        pass
    with pytest.raises(Away, match="no server is running there"):
        ask(server)


def test_an_answer_without_its_final_object_is_marked():
    with serve(once(pieces=["Hello."], end="none")) as server:
        assert not ask(server).finished
    with serve(once(raw=[lines({"response": "whole", "done": False})], chunked=False)) as server:  # not streamed, and not done
        assert not ask(server).finished


def test_thinking_is_no_text():
    with serve(once(thinking=["hm"] * 5, done_reason="length")) as server:
        answer = ask(server)
    assert (answer.text, answer.thinking, answer.eval_count) == ("", True, 5)


def test_an_old_server_gives_no_reason():
    with serve(once(pieces=["Hello."])) as server:
        server.old = True
        assert ask(server).done_reason is None


def test_answers_and_lines_are_bounded():
    small = Limits(line_bytes=1000, answer_bytes=5000)
    with (
        serve(once(raw=[b'{"response": "' + b"x" * 2000], chunked=False)) as server,
        pytest.raises(Unusable, match="a line is longer than"),
    ):
        ask(server, small)
    with serve(once(pieces=["x" * 500] * 20)) as server, pytest.raises(Unusable, match="an answer is longer than"):
        ask(server, small)
    with serve(once(pieces=["x" * 500_000])) as server:  # a very long line within the limits
        assert len(ask(server).text) == 500_000


@settings(max_examples=40)
@given(st.lists(st.text(), max_size=6), st.lists(st.integers(1, 40), min_size=1, max_size=5), st.booleans())
def test_text_arrives_as_it_was_sent_however_it_is_cut(server_for_cuts, pieces, cuts, blank):
    """Objects meet packets and chunks at any byte: several in one, one in several, characters of four bytes halved; blank lines between."""
    server, packets = server_for_cuts
    good = ["".join(c for c in piece if not "\ud800" <= c <= "\udfff") for piece in pieces]
    stream = lines(*[{"response": piece, "done": False} for piece in good], {"response": "", "done": True, "done_reason": "stop"})
    stream = stream.replace(b"\n", b"\n\n \n") if blank else stream
    packets.clear()
    at = 0
    for i in range(len(stream)):
        if at >= len(stream):
            break
        size = cuts[i % len(cuts)] if i < 8 else len(stream)
        piece = stream[at : at + size]
        packets.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        at += size
    packets.append(b"0\r\n\r\n")
    answer = Client(server.url, QUICK).generate(BODY, 5)
    assert answer.text == "".join(good) and answer.finished


@pytest.fixture(scope="module")
def server_for_cuts():
    packets: list[bytes] = []
    with serve(lambda body, number: Reply(raw=list(packets))) as server:
        yield server, packets


@given(st.text(alphabet=st.characters(codec="utf-8")), st.integers(0, 100))
def test_halves_of_characters_are_joined_across_objects(text, at):
    """A server may cut a character between two objects, as bytes or as two escapes of half a surrogate pair each."""
    data = text.encode()
    cut = at % (len(data) + 1)
    assert join_text([data[:cut].decode("utf-8", "surrogateescape"), data[cut:].decode("utf-8", "surrogateescape")]) == text
    units = json.dumps(text)[1:-1]
    at = units.find("\\ud83", at)
    if at >= 0:
        assert join_text([json.loads(f'"{units[: at + 6]}"'), json.loads(f'"{units[at + 6 :]}"')]) == text


def test_a_request_can_be_cut_from_another_thread_at_any_time():
    for reply in (Reply(pieces=["x"], wait=5), Reply(pieces=["x"], end="stall")):
        with serve(lambda body, number, reply=reply: reply) as server:
            client = Client(server.url, Limits())
            threading.Timer(0.1, client.abort_all).start()
            began = time.monotonic()
            with pytest.raises(Cancelled):
                client.generate(BODY, 60)
            assert time.monotonic() - began < 1
            assert client.get("/api/version") == {"version": "0.12.0"}


def test_a_key_is_sent_where_there_is_one():
    with serve(once(pieces=["x"])) as server:
        Client(server.url, QUICK, "secret").generate(BODY, 5)
        assert server.bodies()[-1]["headers"]["Authorization"] == "Bearer secret"


MODELS = [
    model("llama3.2:latest", 2_000_000_000),
    model("big:70b", 40_000_000_000),
    model("qwen-coder:7b", 4_700_000_000),
    model("nomic-embed-text:latest", 270_000_000, capabilities=["embedding"]),
    model("all-minilm:latest", 46_000_000, capabilities=[]),
    model("gpt-oss:120b-cloud", 400, remote_host="https://ollama.com:443"),
]


def test_what_writes_no_text_or_runs_elsewhere_is_not_offered_and_nothing_is_substituted():
    with serve(once(pieces=["x"]), models=MODELS) as server:
        client = Client(server.url, QUICK)
        models = installed(client)
        assert [m.name for m in models if m.writes] == ["llama3.2:latest", "big:70b", "qwen-coder:7b"]
        assert choose(models, None, server.url, memory=16_000_000_000).name == "llama3.2:latest"
        assert choose(models, "LLAMA3.2", server.url).name == "llama3.2:latest"
        assert choose(models, "big:70b", server.url, memory=1).name == "big:70b"
        for name, why in (("mistral", "ollama pull mistral"), ("all-minilm", "embeddings"), ("gpt-oss:120b-cloud", "ollama.com")):
            with pytest.raises(Missing, match=why) as caught:
                choose(models, name, server.url)
            assert "llama3.2:latest (3.2B, 2.0 GB)" in str(caught.value)
        with pytest.raises(Missing, match="ollama pull"):
            choose(models[3:], None, server.url)
        described = describe(client, models[0])
        assert (described.context, described.licence, described.capabilities) == (8192, "Apache License 2.0", ("completion",))


def test_names_have_tags():
    assert full_name("mistral") == "mistral:latest" and full_name("a:1b") == "a:1b"
    assert full_name("host:5000/me/model") == "host:5000/me/model:latest"


def test_a_foreign_text_is_one_printable_bounded_line():
    assert plain("a\n\x1b[31mb" + "c" * 1000) == "a [31mb" + "c" * 192 + "…"


@pytest.mark.slow
def test_no_thread_stays_once_the_answers_are_there():
    """A program that makes many runs keeps nothing of them: neither after an answer nor after a request that was cut."""

    def watching() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "ollama-watchdog"]

    with serve(reply=once(pieces=["a"], end="stall")) as server:
        client = Client(server.url, QUICK)
        for _ in range(2):
            with pytest.raises(Slow):
                client.generate(BODY, 5)
            client.get("/api/version")
            for thread in watching():
                thread.join(2)
            assert watching() == []
