"""Prompts as people type them: each is read as meant, or doubted before anything is spent; none gets another kind's text."""

from __future__ import annotations

import random
import re
from itertools import islice

import pytest
from few import few

from minigpt.corpus.prompt.describe import describe
from minigpt.corpus.prompt.understand import understand
from minigpt.corpus.templates import able, doubts, write_documents

# prompt; the category whose writer takes it, its first form, its topics and its audience
READ = [
    # kinds of text, with slips, in small letters, in several sentences
    ("i want a gpt that makes trivia questions about space", "subject", "quiz", ("space",), None),
    ("Flashcards for Spanish vocabulary", "subject", "quiz", ("spanish vocabulary",), None),
    ("geography quiz for kids", "subject", "quiz", ("geography",), "children"),
    ("A GPT that quizzes me on capitals", "subject", "quiz", ("capitals",), None),
    ("glossary of sailing terms", "subject", "glossary", ("sailing terms",), None),
    ("encyclopedia of dragons", "subject", "entry", ("dragons",), None),
    ("facts about the solar system", "subject", "answers", ("the solar system",), None),
    ("essays on climate change", "subject", "talk", ("climate change",), None),
    ("stroies abuot dargons", "poetry", "story", ("dragons",), None),
    ("bed time stories abuot dragons for my 4 yr old", "poetry", "story", ("dragons",), "children"),
    ("limmericks about the ocaen", "poetry", "limerick", ("the ocean",), None),
    ("cookng recipes wihtout nuts", "cooking", "soup", (), None),
    ("pythn tutorals", "technical", "function", (), None),
    ("I need funny poems for my coworkers. They should be short. No swearing please.", "poetry", "free_verse", ("coworkers",), None),
    ("pls make a bot that writes funny wedding speeches", "occasion", "toast", (), None),
    ("Can you make something that helps my kids learn multiplication?", "general", "lesson", ("multiplication",), "children"),
    ("Jokes for kids about dinosaurs", "occasion", "joke", ("dinosaurs",), "children"),
    ("brain teasers for adults", "occasion", "riddle", (), None),
    ("a podcast about gardening", "occasion", "podcast intro", ("gardening",), None),
    ("etsy descriptions for handmade candles", "occasion", "advertisement", ("handmade candles",), None),
    ("invitations to a birthday party", "occasion", "invitation", ("a birthday party",), None),
    ("email invitations to a wedding", "occasion", "invitation", ("a wedding",), None),
    ("court speeches", "occasion", "speech", ("court",), None),
    ("math puzzles", "general", "lesson", (), None),
    ("robot stories for kids", "poetry", "story", ("robot",), "children"),
    ("tweets about books", "occasion", "posts", ("books",), None),
    ("vows about cooking", "occasion", "vow", ("cooking",), None),
    ("songs about coming home", "poetry", "song", ("coming home",), None),
    ("stories where the dog survives", "poetry", "story", ("the dog",), None),
    ("dreams about flying", "occasion", "dream", ("flying",), None),
    ("compare cats and dogs", "subject", "comparison", ("cats", "dogs"), None),
    ("cell division explained", "subject", "entry", ("cell division",), None),
    ("math word problems for 3rd graders", "general", "lesson", ("math",), "children"),
    ("Q&A about cats", "subject", "entry", ("cats",), None),
    ("poems like a fairy tale", "poetry", "free_verse", (), None),
    ("stories by the sea", "poetry", "story", ("the sea",), None),
    ("screenplays about heists", "poetry", "scene", ("heists",), None),
    ("spells against rain", "occasion", "spell", ("rain",), None),
    ("stories about Peter", "poetry", "story", ("peter",), None),
    ("a song about my brother", "poetry", "song", ("a brother",), None),
    ("stories about a pier", "poetry", "story", ("a pier",), None),
    ("sea shanties about space pirates", "occasion", "shanty", ("space pirates",), None),
    ("excuses for not doing homework", "occasion", "excuse", ("homework",), None),
    ("obituaries for my houseplants", "occasion", "obituary", ("houseplants",), None),
    ("graduation invitations", "occasion", "invitation", ("graduation",), None),
    ("astronaut logs", "occasion", "log", (), None),
    ("git commit messages for a game engine", "occasion", "commits", ("a game engine",), None),
    ("error documentation", "technical", "error_guide", (), None),
    ("binary search", "technical", "algorithm", ("binary search",), None),
    ("Dijkstra's algorithm", "technical", "algorithm", ("dijkstra",), None),
    ("poems about barking dogs", "poetry", "free_verse", ("barking dogs",), None),
    ("songs about staying at home", "poetry", "song", ("staying at home",), None),
    ("poems about goulash", "poetry", "free_verse", ("goulash",), None),
    ("explain goulash", "subject", "entry", ("goulash",), None),
    ("potion recipes", "occasion", "spell", (), None),
    ("political slogans", "occasion", "slogan", ("politics",), None),
    ("bad puns", "occasion", "joke", (), None),
    ("optimistic fortune cookies only", "occasion", "fortune cookie", (), None),
    ("condolence messages", "greeting", "card", (), None),
    ("birthday wishes for my boss", "greeting", "card", ("boss",), None),
    ("get well cards", "greeting", "card", (), None),
    ("bedtime stories where nobody dies", "poetry", "story", (), "children"),
    ("a Shakespeare insult generator", "occasion", "insult", (), None),
    ("comedy sketches about plumbers", "poetry", "scene", ("plumbers",), None),
    ("new year's cards", "greeting", "card", (), None),
    ("dear diary", "occasion", "diary", (), None),
    ("cringe teenage poetry", "poetry", "free_verse", (), None),
    ("a knight's journal", "occasion", "diary", ("a knight",), None),
    ("chess openings", "subject", "entry", ("chess openings",), None),
    ("poems about fast food", "poetry", "free_verse", ("fast food",), None),
    ("human body", "subject", "entry", ("human body",), None),
    ("names for fantasy characters", "naming", "names", ("fantasy characters",), None),
    # what is explained, and to whom
    ("explain the moon", "subject", "entry", ("the moon",), None),
    ("graphs and trees", "technical", "concept", ("graphs", "trees"), None),
    ("stacks and queues", "technical", "concept", ("stacks", "queues"), None),
    ("forest trees", "subject", "entry", ("forest trees",), None),
    ("chess players", "subject", "entry", ("chess players",), None),
    ("explain photosynthesis to a 10 year old", "subject", "entry", ("photosynthesis",), "children"),
    ("explain the moon to my grandmother", "subject", "entry", ("the moon",), "beginners"),
    ("tell me about black holes in plain english", "subject", "entry", ("black holes",), "beginners"),
    ("explain recursion to kids", "technical", "concept", ("recursion",), "children"),
    ("explain recursion to my grandma", "technical", "concept", ("recursion",), "beginners"),
    ("explain loops to my little brother", "technical", "concept", ("loops",), "children"),
    ("python for managers", "technical", "function", (), "beginners"),
    ("python for software engineers", "technical", "function", (), "professionals"),
    ("python for people who are new to coding", "technical", "function", (), "beginners"),
    ("python for seniors", "technical", "function", (), "beginners"),
    ("You are a senior python developer", "technical", "function", (), None),
    ("limericks for seniors", "poetry", "limerick", (), None),
    ("stories about seniors", "poetry", "story", ("seniors",), None),
    ("beekeeping for retirees", "subject", "entry", ("beekeeping",), "beginners"),
    ("astronomy facts for 3rd graders", "subject", "answers", ("astronomy",), "children"),
    ("Volcanoes explained for second graders. Keep it short.", "subject", "entry", ("volcanoes",), "children"),
]  # fmt: skip

# Those of the subjects, which are looked up in WordNet, take a while: make test has a few of them, make slow all.
QUICK = [place for place, (_, category, *_) in enumerate(READ) if category != "subject" or place % 5 == 0]

# prompt; words that the doubt must have
DOUBTED = [
    ("a bot that writes rental contracts", "cannot write rental contracts"),
    ("contracts for freelancers", "cannot write contracts, only other texts about freelancers"),
    ("crossword clues about animals", "cannot write crossword clues, only other texts about animals"),
    ("explain the rules of card games", "cannot write rules of card games"),
    ("A GPT that generates knitting patterns", "cannot write knitting patterns"),
    ("fantasy file names", "cannot write fantasy file names"),
    ("legal documents", "cannot write legal documents"),
    ("business plans", "cannot write business plans"),
    ("book summaries", "cannot write book summaries"),
    ("truth or dare questions", "cannot write truth or dare questions"),
    ("A GPT for cocktails", "no recipes for cocktails"),
    ("pizza recipes", "no recipes for pizza"),
    ("korean recipes", "that place or time: korean"),
    ("recipes from the middle ages", "that place or time: middle ages"),
    ("recipes for my diabetic grandfather", "diabetic"),
    ("bash one-liners", "Python alone, none in Bash"),
    ("javascript for kids", "Python alone, none in JavaScript"),
    ("explain pointers in C", "Python alone, none in C"),
    ("docker tutorials", "nothing about docker and would explain programming"),
    ("a story told by a dog", "not as a dog would"),
    ("poems in the style of Hemingway", "do not know the style of Hemingway"),
    ("stories like Edgar Allan Poe", "do not know the style of Edgar Allan Poe"),
    ("kafkaesque stories", "do not know the style of kafkaesque"),
    ("a GPT that writes like Jane Austen", "do not know how Jane Austen writes"),
    ("SQL query examples", "none in SQL"),
    ("why is the sky blue", "do not say why"),
    ("a GPT that explains how engines work", "do not say how"),
    ("a GPT that translates poems into Spanish", "translate nothing"),
    ("a chatbot for my bakery's customers", "no conversations with customers"),
    ("medical advice for headaches", "give no advice"),
    ("rules of chess", "do not know the rules"),
    ("teach me spanish", "teach no Spanish"),
    ("sonnets about my dog", "only free verse and prose poems"),
    ("fan fiction about Harry Potter", "know nothing about Harry Potter but the name"),
    ("unit tests for python", "have no unit tests, only functions"),
    ("regex explained", "know no regular expressions"),
    ("text adventures", "cannot write text adventures"),
    ("vegan omelettes", "any vegan dish, not only omelettes"),
    ("pasta recipes for two", "for how many people"),
    ("postcards from grandma", "none from grandma"),
    ("system design of a parking app", "no design of parking"),
    ("dialogues at a market", "not at a market"),
    ("talk to me like i am a king", "no such conversations"),
    ("packing lists for a holiday", "only to-do lists of other kinds"),
    ("sports commentary on tennis", "no news reports about tennis"),
    ("dialogue between a doctor and a patient", "not talk of theirs"),
    ("interviews with historical figures", "not talk of theirs"),
    ("letters to santa", "none to santa"),
    ("breakup letters", "no breakup letters"),
    ("job descriptions for wizards", "no job descriptions"),
    ("cleaning tips", "no cleaning tips"),
    ("D&D monsters", "no fantasy monsters"),
    ("a model that knows all about Formula 1", "but what its words mean"),
    ("minecraft commands", "nothing about minecraft"),
    ("classified government documents", "cannot write classified government documents"),
    ("love poems without the word love", "cannot do without the word love"),
    ("lullabies in a made up language", "English alone"),
    ("recipe names", "cannot write recipe names"),
    ("postcards from Mars", "invented towns, with a word on Mars"),
    ("quotes by fake philosophers", "none by philosophers"),
    ("mad libs", "cannot write mad libs"),
    ("things to say to a crying baby", "give no advice"),
    ("bingo cards", "cannot write bingo cards"),
    ("lost and found notices", "cannot write lost and found notices"),
    ("vegan bbq", "no recipes for bbq"),
    ("recomendation leters for students", "only e-mails about work"),
    ("trail signs", "cannot write trail signs"),
    ("battle cries", "cannot write battle cries"),
    ("letters to my future self", "none to a future self"),
    ("parking lot notes", "cannot write parking lot notes"),
    ("dating app openers", "cannot write dating app openers"),
    ("restaurant complaints", "no restaurant complaints, only talk"),
    ("grammar exercises", "teach no grammar"),
    ("fake history facts", "invent nothing"),
    ("yelp reviews written by dogs", "not as dogs would"),
    ("recipes for disaster", "none for disaster"),
    ("murder mystery clues", "nothing about murder mystery clues"),
    ("song recommendations", "cannot write song recommendations"),
    ("poetry critique", "cannot write poetry critique"),
    ("cooking show commentary", "cannot write cooking show commentary"),
    ("D&D tavern menus", "cannot write fantasy tavern menus"),
    ("out of office replies", "cannot write office replies"),
    ("motivational morning messages for my team", "none for or about a team"),
    ("birthday cards about cats", "none for or about cats"),
    ("messages in a bottle", "cannot write messages"),
    ("roast my boss", "only old-fashioned insults"),
    ("stories in exactly fifty words", "count no words"),
    ("interpret my dreams", "interpret nothing"),
    ("courtroom dialogues", "not courtroom dialogues"),
    ("garden gnomes", "nothing about garden gnomes but what its words mean"),
    ("legal disclaimers", "cannot write legal disclaimers, only other texts about them"),
    ("Latin phrases", "cannot write latin phrases"),
    ("password generator", "cannot write passwords"),
    ("Sudoku for beginners", "cannot write sudoku"),
    ("text adventure rooms", "cannot write text adventure rooms"),
    ("nursing notes", "cannot write nursing notes"),
    ("shower thoughts", "cannot write shower thoughts"),
    ("dnd npc backstories", "cannot write fantasy npc backstories"),
    ("rules for a made up board game", "do not know the rules"),
    ("yo write me some sick burns", "only old-fashioned insults"),
    ("staying at home", "nothing about staying at home"),
    ("the meaning of life", "but what its words mean"),
    ("fried rice", "no recipes for fried rice"),
    ("goulash recipes", "no recipes for goulash"),
    ("fish and chips", "no recipes for fish and chips"),
    ("linked lists", "nothing about linked lists"),
    ("cease and desist e-mails", "no cease and desist e-mails"),
    ("math word problems about dinosaurs", "none with dinosaurs"),
    ("train announcements", "only news reports"),
    ("small talk about lifts", "only talk about what words mean"),
    ("perfume descriptions", "only entries on what words mean"),
    ("weather reports for Mars", "with a word on Mars"),
    ("prom invitations", "only to other feasts"),
    ("jokes about Harry Potter", "nothing about Harry Potter but the name"),
    ("explain blockchain to seniors", "nothing about blockchain"),
    ("study tips for students", "no kind of text and no subject"),
]

# prompt; who speaks, and in what manner
SPEAKERS = [
    ("as a Victorian butler, answer my questions", "a Victorian butler", None),
    ("Yoda explains cooking", "Yoda", None),
    ("Sherlock Holmes answers questions", "Sherlock Holmes", None),
    ("answers like a sleepy librarian", "a librarian", "sleepy"),
    ("talks like a surfer", "a surfer", None),
    ("a valley girl that gives relationship advice", "a valley girl", None),
    ("an overcaffeinated barista that recommends drinks", "a barista", "overcaffeinated"),
    ("be my hype man", "my hype man", None),
    ("a flat earther", "a flat earther", None),
    ("lonely lighthouse keeper writing letters", "a lighthouse keeper", "lonely"),
    ("responds like a disappointed father", "a father", "disappointed"),
    ("things a grandma would say", "a grandma", None),
    ("what would a pirate say", "a pirate", None),
    ("cat thoughts", "a cat", None),
    ("a therapist", "a therapist", None),
    ("talk like a 1920s gangster", "a 1920s gangster", None),
]


@pytest.mark.parametrize(("prompt", "category", "form", "topics", "audience"), few(READ, *QUICK))
def test_a_prompt_is_read_as_it_is_meant(prompt: str, category: str, form: str, topics: tuple[str, ...], audience: str | None) -> None:
    request = able(understand(prompt))
    assert (request.category, request.forms[0], request.topics, request.audience) == (category, form, topics, audience)
    assert doubts(understand(prompt)) == ()
    if category != "subject":  # whose documents have tests of their own
        assert next(write_documents(request, random.Random(1))).origin["form"] in request.forms


@pytest.mark.parametrize(("prompt", "said"), few(DOUBTED, *range(5, len(DOUBTED), 3)))
def test_what_no_writer_writes_is_doubted(prompt: str, said: str) -> None:
    clauses = doubts(understand(prompt))
    assert len(clauses) == 1 and said in clauses[0]


@pytest.mark.parametrize(("prompt", "who", "manner"), SPEAKERS)
def test_who_speaks(prompt: str, who: str, manner: str | None) -> None:
    request = understand(prompt)
    assert (request.category, request.persona, request.manner) == ("persona", who, manner)
    assert doubts(request) == ()


@pytest.mark.parametrize(
    ("prompt", "word"),
    [("cover letters", "appl"), ("resignation letters", "last day"), ("apology e-mails", "sorry"), ("recommendation letters", "applied")],
)  # fmt: skip
def test_letters_are_of_the_kind_asked_for(prompt: str, word: str) -> None:
    texts = [document.text for document in islice(write_documents(understand(prompt), random.Random(2)), 20)]
    assert sum(word in text for text in texts) >= 9, texts[:3]


@pytest.mark.parametrize("name", ["binary search", "bubble sort", "Dijkstra's algorithm", "Tower of Hanoi", "edit distance"])
def test_who_asks_for_one_algorithm_reads_of_no_other(name: str) -> None:
    for document in islice(write_documents(understand(name), random.Random(2)), 15):
        assert name.lower() in document.text.lower()


def test_an_invitation_to_somebody_is_to_a_feast_and_not_about_them() -> None:
    assert describe(understand("invitations to my grandmother")) == ["invitations to a grandmother"]
    for document in islice(write_documents(understand("invitations to my grandmother"), random.Random(2)), 20):
        assert re.search(r"^(?:Dear|Hello) Grandma[,!]$", document.text, re.MULTILINE) and "randmothers" not in document.text
        assert re.search(r"\b(?:by|until) [A-Z]\w+ \d+", document.text), document.text  # when an answer is wanted


def test_a_doubt_stands_in_the_plan_too() -> None:
    for prompt, said in DOUBTED[2:20:3]:
        assert any(said in line for line in describe(understand(prompt))), prompt


def test_what_is_left_out_is_said_in_the_plural_if_it_is_counted() -> None:
    assert describe(understand("cakes without egg, nuts or soy"))[0] == "cakes without eggs or nuts or soy"
    assert describe(understand("cookies without nuts"))[0] == "cookies without nuts"
    assert describe(understand("cakes without sugar"))[0] == "cakes without sugar"


USUAL, INVENTED = "sings staring complains chose parse grander", "zorblax naruto kubernetes quidditch frumples started hogwarts"


@pytest.mark.parametrize("word", f"{USUAL} {INVENTED}".split())
def test_a_usual_word_and_one_that_nobody_knows_stay_as_they_are(word: str) -> None:
    assert understand(f"stories about {word}").topics == (word,)
