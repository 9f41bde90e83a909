"""Writing with a teacher: whatever the server does, the writing ends as promised, and nothing that was accepted is lost or doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ollama_server import PLAN, OllamaServer, Reply, model, serve, words

from minigpt.corpus.ollama.journal import Journal
from minigpt.corpus.ollama.limits import Limits, OllamaError, TeacherGone
from minigpt.corpus.ollama.teacher import Teacher, TeacherSettings, find_teacher
from minigpt.corpus.ollama.writer import write_with_ollama
from minigpt.corpus.request import Request
from minigpt.errors import MinigptError

QUICK = Limits(
    connection=1,
    first_byte=3,
    between_chunks=0.5,
    evaluation=0.5,
    generation=5,
    backoff=(0.01, 0.02, 0.04),
    patience=0.4,
    slow_in_a_row=3,
    useless_in_a_row=6,
)
REQUEST = Request("general", ("news",))
NOUNS = "river lamp stone coat bell road salt tower wheel winter light song boat field glass hill iron moon"


def document(number: int) -> str:
    """A text of its own for each number."""
    rng = random.Random(number)
    return " ".join(f"{rng.choice(NOUNS.split())}{rng.randrange(100)}" for _ in range(20)) + "."


def fresh(body, number, **more):
    return Reply(words(document(number)), **more)


def count(text: str) -> int:
    return len(text.split())


def write(
    server: OllamaServer | list[OllamaServer],
    journal: Path,
    tokens: int = 200,
    limits: Limits = QUICK,
    said: list[str] | None = None,
    **more,
):
    """The documents, with everything that a run does around them."""
    servers = server if isinstance(server, list) else [server]
    say = (said if said is not None else []).append
    settings = TeacherSettings(hosts=tuple(s.url for s in servers), limits=limits, **more)
    with Teacher.connect(settings, say, environment={}) as teacher:
        found = []
        for entry in write_with_ollama(teacher, "A GPT about rivers", REQUEST, tokens, 1, journal, count, say):
            found.append(entry)
        write.record = teacher.record
    return found


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "corpus.jsonl"


def saved(journal: Path) -> list[dict]:
    return [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()] if journal.exists() else []


def test_documents_come_with_where_they_are_from(journal):
    with serve(fresh) as server:
        documents = write(server, journal)
        requests = server.writing()
        assert server.loaded == set() and server.bodies()[-1]["keep_alive"] == 0  # the teacher has left
    assert sum(count(d.text) for d in documents) >= 200
    assert [d.text for d in documents] == [line["text"] for line in saved(journal)]
    origin = documents[0].origin
    assert (documents[0].source, origin["model"], origin["digest"], origin["done_reason"]) == ("ollama", "teacher:latest", "a" * 64, "stop")
    assert float(origin["judge"]) == 0.9 and origin["topic"] in PLAN["topics"] and origin["form"] in PLAN["forms"]
    assert write.record["plan"] == "schema" and write.record["licence"] == "Apache License 2.0"
    assert (
        len({r["options"]["num_ctx"] for r in server.bodies() if r.get("keep_alive") == "30m"}) == 1
    )  # another one would reload the model
    assert all(r["think"] is False and r["stream"] for r in requests)
    assert len({r["options"]["seed"] for r in requests}) == len(requests) and len({r["prompt"] for r in requests}) > len(requests) / 2


def test_the_same_seed_asks_the_same_questions(tmp_path):
    with serve(fresh, slots=1) as server:
        write(server, tmp_path / "a.jsonl", limits=Limits(in_flight=1))
        first = [(r["prompt"], r["options"]) for r in server.writing()]
        server.written = 0
        write(server, tmp_path / "b.jsonl", limits=Limits(in_flight=1))
        assert [(r["prompt"], r["options"]) for r in server.writing()][len(first) :] == first


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ({"pieces": ["Half a text without"], "end": "none"}, "unfinished"),
        ({"pieces": []}, "empty"),
        ({"thinking": ["hm "] * 9}, "thinking"),
        ({"pieces": words("it goes on and on and on and never comes to"), "done_reason": "length"}, "cut off"),
        ({"pieces": words("It is so. " * 40)}, "circling"),
        ({"pieces": ["Hello"], "end": "error"}, "terminated"),
        ({"pieces": ["Hello"], "end": "stall"}, "stalled"),
        ({"raw": [b"7\r\n<html>\n\r\n", b"0\r\n\r\n"]}, "not answer with JSON"),
    ],
)
def test_a_teacher_that_only_fails_pauses_the_run_and_nothing_stands_in(journal, reply, reason):
    said: list[str] = []
    with serve(lambda body, number: Reply(**reply)) as server:
        began = time.monotonic()
        with pytest.raises(TeacherGone, match=reason):
            write(server, journal, said=said, limits=replace(QUICK, in_flight=8))  # those in flight at the end are answers too
        assert time.monotonic() - began < 3
        assert server.written < 30
    assert saved(journal) == []
    if reason == "thinking":
        assert any("reasoning model" in line for line in said)
        sizes = {r["options"]["num_predict"] for r in server.writing()}
        assert max(sizes) > 1.5 * min(sizes)


@pytest.mark.parametrize(
    "bad",
    [
        {"pieces": ["Half"], "end": "none"}, {"pieces": []}, {"status": 500, "body": '{"error": "llama-server process has terminated"}'},
        {"status": 502, "body": "<html>", "kind": "text/html"}, {"end": "reset"}, {"pieces": ["a "], "end": "reset"},
        {"pieces": ["a "], "end": "error"}, {"status": 503, "body": '{"error": "server busy, please try again.  maximum"}'},
        {"status": 429, "body": "{}"}, {"pieces": words("so it ends in the"), "done_reason": "length"},
    ],
)  # fmt: skip
def test_a_failure_now_and_then_costs_a_sample_at_most(journal, bad):
    with serve(lambda body, number: Reply(**bad) if number % 3 == 1 else fresh(body, number)) as server:
        documents = write(server, journal)
    texts = [d.text for d in documents]
    assert sum(map(count, texts)) >= 200 and set(texts) <= {document(n) for n in range(200)} and len(set(texts)) == len(texts)


def test_a_cut_answer_is_kept_up_to_its_last_sentence(journal):
    with serve(lambda body, number: Reply(words(document(number) + " And then it"), done_reason="length")) as server:
        documents = write(server, journal)
    assert documents
    assert all(d.text.endswith(".") and "And then" not in d.text for d in documents)
    with serve(lambda body, number: Reply(words(document(number) + " " + document(number + 500) + " So"))) as server:
        server.old = True  # no reason is given: the count of tokens tells
        server.reply = lambda body, number: Reply(words(document(number)) + ["So "] * body["options"]["num_predict"])
        with pytest.raises(TeacherGone, match=r"cut off|circling"):
            write(server, journal.with_name("old.jsonl"))


def test_characters_of_four_bytes_cut_anywhere_arrive(journal):
    text = "🦊 der Fuchs 狐 läuft 🏃🏽 über die Brücke 𝄞 und singt. " * 1 + "Ende 🎉."

    def reply(body, number):
        lines = b"".join(
            json.dumps({"response": c, "done": False}, ensure_ascii=False).encode() + b"\n" for c in f"{number} {text} {document(number)}"
        )
        lines += b'{"response": "", "done": true, "done_reason": "stop"}\n'
        packets = [b"%x\r\n%s\r\n" % (len(p), p) for p in (lines[i : i + 211] for i in range(0, len(lines), 211))]
        return Reply(raw=[*packets, b"0\r\n\r\n"])

    with serve(reply) as server:
        documents = write(server, journal, tokens=200)
    assert {d.text for d in documents} <= {f"{n} {text} {document(n)}" for n in range(100)}


@pytest.mark.slow
def test_a_server_that_is_away_for_a_while_is_waited_for_and_for_too_long_pauses(journal):
    away = time.monotonic() + 1e9

    def reply(body, number):
        nonlocal away
        if number == 4:
            away = time.monotonic()
        return Reply(end="reset") if away <= time.monotonic() < away + 0.2 else fresh(body, number)

    with serve(reply) as server:
        assert sum(count(d.text) for d in write(server, journal)) >= 200
    with serve(lambda body, number: fresh(body, number) if number < 4 else Reply(end="reset")) as server:
        other = journal.with_name("other.jsonl")
        with pytest.raises(TeacherGone, match="has not answered for"):
            write(server, other)
        assert len(saved(other)) == 4
        server.reply = fresh
        assert {line["text"] for line in saved(other)} < {d.text for d in write(server, other)}


def test_a_model_that_vanishes_pauses_at_once_with_the_line_that_brings_it_back(journal):
    def reply(body, number):
        if number >= 5:
            server.models = []
            return Reply(status=404, body='{"error": "model \'teacher:latest\' not found"}')
        return fresh(body, number)

    with serve(reply) as server, pytest.raises(TeacherGone, match="ollama pull teacher:latest"):
        write(server, journal)
    assert 0 < len(saved(journal)) <= 5


@pytest.mark.slow
def test_a_teacher_that_repeats_itself_is_told_so_and_ends(journal):
    """70 % of the answers come from a handful of texts, each with a word or two changed."""

    def reply(body, number):
        rng = random.Random(number)
        text = document(number) if rng.random() < 0.3 else document(10_000 + rng.randrange(3)) * 2 + f" {number}"
        return Reply(words(text + "."))

    said: list[str] = []
    with serve(reply) as server:
        documents = write(server, journal, tokens=900, said=said)
        assert server.written < 400
        assert max(r["options"]["temperature"] for r in server.writing()) > 0.8
    spoken = [d.text.split() for d in documents]
    grams = [{tuple(words[i : i + 5]) for i in range(len(words) - 4)} for words in spoken]
    pairs = [(a, b) for i, a in enumerate(grams) for b in grams[:i]]
    assert max(len(a & b) / len(a | b) for a, b in pairs) < 0.8
    assert any("the teacher repeats itself" in line for line in said)


def test_a_teacher_with_one_thing_to_say_ends_in_bounded_time(journal):
    said: list[str] = []
    with serve(lambda body, number: Reply(words(document(1)))) as server:
        documents = write(server, journal, tokens=10_000, said=said)
        assert len(documents) == 1 and server.written < 150
    assert any("only repeats itself" in line for line in said)


def test_the_time_for_writing_is_a_limit(journal):
    said: list[str] = []
    with serve(lambda body, number: fresh(body, number, delay=0.02)) as server:
        began = time.monotonic()
        documents = write(server, journal, 10**6, Limits(budget=0.8, between_chunks=1), said)
        assert time.monotonic() - began < 2.5
    assert 0 < len(documents) == len(saved(journal)) and any("for writing are up" in line for line in said)


@pytest.mark.slow
def test_requests_overlap_as_many_as_the_server_serves(journal):
    """40 ms a chunk, 8 places, found out while writing: at least 3 times one at a time, on a busy machine, its ramp included."""
    with serve(lambda body, number: fresh(body, number, delay=0.04), slots=8) as server:
        server.judge = lambda text: "?"  # no judge
        began = time.monotonic()
        documents = write(server, journal, tokens=30 * 20, limits=Limits())
        seconds = time.monotonic() - began
        assert server.most_at_once == 8
    assert write.record["in_flight"][0] in (8, 9)
    assert len(documents) * 20 * 0.04 / seconds > 3


@pytest.mark.slow
def test_a_server_with_one_place_gets_two_requests_at_most_after_a_while(journal):
    with serve(lambda body, number: fresh(body, number, delay=0.003), slots=1) as server:
        write(server, journal, tokens=300, limits=Limits())
    assert write.record["in_flight"] == [2]


@pytest.mark.slow
def test_several_hosts_share_the_work_and_one_that_fails_is_left_out(journal):
    said: list[str] = []
    with (
        serve(lambda body, number: fresh(body, number, delay=0.005)) as one,
        serve(lambda body, number: fresh(body, number + 1000, delay=0.005) if number < 6 else Reply(end="reset")) as two,
        serve(fresh, models=[model("other:latest")]) as three,
    ):
        documents = write([one, two, three], journal, tokens=3000, said=said)
        assert one.written > 6 and two.written > 6 and three.written == 0
    assert len({d.text for d in documents}) == len(documents) and sum(count(d.text) for d in documents) >= 3000
    assert any("skipped" in line and "other:latest" in line for line in said) and any("continuing without" in line for line in said)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "listed", "made_by"),
    [
        (lambda number: PLAN, "", "schema"),
        (
            lambda number: "no JSON",
            "Here are the topics:\n1. Rapids\n2. **Deltas**: where they end\n- Springs\n* Bridges\nFerries\n6) Mills",
            "lines",
        ),
        (lambda number: Reply(status=500, body='{"error": "invalid format"}'), "Rapids\nDeltas\nSprings\nBridges\nFerries", "lines"),
        (
            lambda number: {"topics": ["a story", "topics", "words", "a story"]},
            "I would be happy to help you with that, and here is a long line.",
            "tables",
        ),
        (lambda number: Reply(end="stall", pieces=["{"]), "", "tables"),
    ],
)
def test_a_plan_by_schema_or_lines_or_tables_and_the_record_says_which(journal, plan, listed, made_by):
    with serve(lambda body, number: fresh(body, number)) as server:
        answer = server.reply
        server.reply = lambda body, number: Reply([listed]) if body["prompt"].startswith("List ") else answer(body, number)
        server.plan = plan
        documents = write(server, journal, tokens=100)
    assert write.record["plan"] == made_by
    assert documents
    if made_by == "lines":
        assert {d.origin["topic"] for d in documents} <= {"Rapids", "Deltas", "Springs", "Bridges", "Ferries", "Mills"}
    if made_by == "tables":
        assert all("rivers" in d.origin["topic"] for d in documents)


@pytest.mark.slow
@pytest.mark.parametrize(
    "judge", [lambda text: "ten of ten", lambda text: {"on_topic": 8, "fluent": 8, "complete": 8}, lambda text: Reply(["{"], end="stall")]
)
def test_a_judge_that_cannot_tell_good_from_bad_is_not_listened_to(journal, judge):
    said: list[str] = []
    with serve(fresh) as server:
        server.judge = judge
        documents = write(server, journal, said=said)
    assert documents and all("judge" not in d.origin for d in documents)
    assert any("ranked without it" in line for line in said) and write.record["judged"] is False


def test_auto_takes_ollama_only_where_a_model_can_write(journal):
    with serve(fresh) as server:
        settings, reason = find_teacher(TeacherSettings(), {"OLLAMA_HOST": server.url})
        assert settings is not None and settings.gen_model == "teacher:latest" and server.url in reason
        assert server.loaded == set()
        server.models = [model("nomic-embed-text:latest", capabilities=["embedding"])]
        settings, reason = find_teacher(TeacherSettings(), {"OLLAMA_HOST": server.url})
        assert settings is None and "ollama pull" in reason
        with pytest.raises(OllamaError, match="ollama pull mistral"):
            find_teacher(TeacherSettings(gen_model="mistral"), {"OLLAMA_HOST": server.url})
    settings, reason = find_teacher(TeacherSettings(), {"OLLAMA_HOST": server.url})
    assert settings is None and "ollama serve" in reason


@pytest.mark.slow
def test_the_iterator_may_be_closed_and_continued(journal):
    with serve(lambda body, number: fresh(body, number, delay=0.01)) as server:
        settings = TeacherSettings(hosts=(server.url,), limits=QUICK)
        with Teacher.connect(settings, lambda line: None) as teacher:
            documents = write_with_ollama(teacher, "p", REQUEST, 10**6, 1, journal, count, lambda line: None)
            some = [next(documents) for _ in range(10)]
            documents.close()
        first = saved(journal)
        assert [line["text"] for line in first][:10] == [d.text for d in some]
        deadline = time.monotonic() + 5  # a busy machine may need a while to close its connections
        while server.at_once:  # nobody listens, nobody writes
            assert time.monotonic() < deadline
            time.sleep(0.01)
        more = write(server, journal, tokens=600)
    assert [d.text for d in more][: len(first)] == [line["text"] for line in first]
    assert len({d.text for d in more}) == len(more) and len({d.origin["request"] for d in more}) == len(more)


RUN = """
import sys
from pathlib import Path
from minigpt.corpus.ollama.limits import Limits
from minigpt.corpus.ollama.teacher import Teacher, TeacherSettings
from minigpt.corpus.ollama.writer import write_with_ollama
from minigpt.corpus.request import Request
with Teacher.connect(TeacherSettings(hosts=(sys.argv[1],)), lambda line: None) as teacher:
    path, tokens = Path(sys.argv[2]), int(sys.argv[3])
    for d in write_with_ollama(teacher, "p", Request("general", ("news",)), tokens, 1, path, lambda t: len(t.split()), print):
        print("got", d.origin["request"], flush=True)
"""


def killed_runs(journal: Path, kills: int, tokens: int, seed: int = 0) -> None:
    """Kill -9 a writing process at random moments, over and over; then let it end."""
    rng = random.Random(seed)
    with serve(lambda body, number: fresh(body, number, delay=0.002), slots=4) as server:
        before: list[dict] = []
        for left in range(kills, -1, -1):
            process = subprocess.Popen(
                [sys.executable, "-c", RUN, server.url, str(journal), str(tokens)], stdout=subprocess.PIPE, text=True
            )
            with process:
                if left:
                    process.stdout.readline()
                    time.sleep(rng.random() * 0.25)
                    process.send_signal(signal.SIGKILL)
                got = {line.split()[1] for line in process.stdout if line.startswith("got ")}
            assert process.returncode == (-signal.SIGKILL if left else 0)
            data = journal.read_bytes()
            after = [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]
            assert after[: len(before)] == before  # nothing lost, nothing changed
            assert got <= {str(line["request"]) for line in after}  # what was handed out is on the disk
            before = after
    texts = [line["text"] for line in before]
    assert len(set(texts)) == len(texts) and len({line["request"] for line in before}) == len(before)
    assert sum(map(count, texts)) >= tokens and data.endswith(b"\n")


@pytest.mark.slow
def test_kill_at_random_moments_loses_and_doubles_nothing(journal):
    killed_runs(journal, kills=4, tokens=1500)


def test_a_half_last_line_is_cut_off_and_named_and_a_damaged_one_is_an_error(journal):
    with serve(fresh) as server:
        documents = write(server, journal)
        whole = journal.read_bytes()
        said: list[str] = []
        journal.write_bytes(whole + b'{"text": "half')
        assert write(server, journal, said=said) == documents
        assert any("half" in line for line in said) and journal.read_bytes() == whole
    changed = whole.replace(b'"request": 1,', b'"request": 7,')
    place = 1 + whole[: whole.index(b'"request": 1,')].count(b"\n")
    for damaged, line in ((b'{"text": 5}\n' + whole, 1), (b'{"text"\n' + whole, 1), (b"\xff\n" + whole, 1), (changed, place)):
        journal.write_bytes(damaged)
        with pytest.raises(MinigptError, match=f"line {line}.*remove that line to continue"):
            Journal(journal, print)
