"""What a prompt is understood as."""
# ruff: noqa: RUF001  (Cyrillic and Turkish letters are meant)

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt.corpus.english import gerund, inflections, plurals
from minigpt.corpus.prompt.describe import describe, named
from minigpt.corpus.prompt.language import NAMES, glossaries, language_of
from minigpt.corpus.prompt.lexicon import TABLES, keys
from minigpt.corpus.prompt.understand import PRESETS, understand
from minigpt.corpus.request import Request
from minigpt.corpus.templates import FORMS, able
from minigpt.errors import MinigptError

OPEN = {field.name: field.default for field in dataclasses.fields(Request) if field.name not in ("category", "forms")}
SINGULAR = ("advice", "free verse", "haibun", "haiku", "news", "pasta", "poached fruit", "pseudocode")  # or with no other plural
NOT_COMPARED = ("matched", "confidence", "names", "kind", "doubts")

# prompt, category, and every constraint that is to be read from it: what is not named here must be empty
COOKING: list[tuple[str, dict[str, Any]]] = [
    ("A fun GPT that generates cooking recipes", {"tone": "fun"}),
    ("Vegan Italian dinners for kids", {"cuisines": ("italian",), "diets": ("vegan",), "audience": "children"}),
    ("recipes with mushrooms", {"ingredients": ("mushroom",)}),
    ("chicken recipes", {"ingredients": ("chicken",)}),
    ("pumpkin soup", {"ingredients": ("pumpkin",)}),
    ("summer salads with strawberries and feta", {"ingredients": ("strawberry", "feta"), "season": "summer"}),
    ("fall recipes with pumpkin and apples", {"ingredients": ("pumpkin", "apple"), "season": "autumn"}),
    ("cookies without nuts", {"without": ("nut",)}),
    ("desserts with no sugar", {"without": ("sugar",)}),
    ("sugar-free cakes", {"without": ("sugar",)}),
    ("nut-free cookies", {"diets": ("nut-free",)}),
    ("gluten free, dairy-free cakes without eggs", {"diets": ("gluten-free", "dairy-free"), "without": ("egg",)}),
    ("recipes without gluten, dairy or peanuts", {"diets": ("gluten-free", "dairy-free"), "without": ("peanut",)}),
    ("recipes without meat", {"diets": ("vegetarian",)}),
    ("recipes with no meat or fish, for beginners", {"diets": ("vegetarian",), "without": ("fish",), "audience": "beginners"}),
    ("no meat, but fish is fine: healthy dinners", {"diets": ("pescatarian",)}),
    ("Recipes for people who don't eat pork", {"without": ("pork",)}),
    ("Desserts my toddler can help with (no nuts please, he is allergic)", {"without": ("nut",), "audience": "children"}),
    ("no meat recipes with eggs", {"diets": ("vegetarian",), "ingredients": ("egg",)}),
    ("no-bake desserts with cocoa", {"ingredients": ("cocoa",)}),
    ("Recipes with chicken but no cream", {"ingredients": ("chicken",), "without": ("cream",)}),
    ("Halal Moroccan dishes", {"cuisines": ("moroccan",), "diets": ("halal",)}),
    ("Thai curry, not too long", {"cuisines": ("thai",), "length": "short"}),
    ("quick pescatarian lunches", {"diets": ("pescatarian",), "length": "short"}),
    ("Christmas cookies", {"season": "winter"}),
    ("soups for a cold evening in December", {"season": "winter"}),
    ("Mediterranean food, detailed", {"cuisines": ("italian", "spanish", "greek"), "length": "long"}),
    ("meals for professional cooks, but not Italian", {"audience": "professionals"}),
    ("cakes, not for children", {}),
    ("not only recipes", {}),
    ("recipes for programmers", {"topics": ("programmers",)}),
    ("a chatbot that writes recipes", {}),
    ("pizza recipes", {"topics": ("pizza",)}),
    ("Rezepte ohne Fleisch für Anfänger", {"language": "de", "diets": ("vegetarian",), "audience": "beginners"}),
    ("Kürbissuppe und Pilzsuppe", {"language": "de", "ingredients": ("pumpkin", "mushroom")}),
    ("des recettes sans gluten ni lactose", {"language": "fr", "diets": ("gluten-free", "dairy-free")}),
    ("recettes végétaliennes pour enfants", {"language": "fr", "diets": ("vegan",), "audience": "children"}),
    ("recetas mexicanas sin queso", {"language": "es", "cuisines": ("mexican",), "without": ("cheese",)}),
    ("sopas con pollo", {"language": "es", "ingredients": ("chicken",)}),
    ("Ricette vegane senza zucchero", {"language": "it", "diets": ("vegan",), "without": ("sugar",)}),
    ("receitas vegetarianas rápidas", {"language": "pt", "diets": ("vegetarian",), "length": "short"}),
    ("ナッツと卵を使わないケーキのレシピ", {"language": "ja", "without": ("nut", "egg")}),
    ("子供向けのヴィーガンイタリア料理", {"language": "ja", "diets": ("vegan",), "cuisines": ("italian",), "audience": "children"}),
    ("肉も魚も使わない料理", {"language": "ja", "diets": ("vegetarian",), "without": ("fish",)}),
    ("不含坚果的素食菜谱", {"language": "zh", "diets": ("vegetarian",), "without": ("nut",)}),
    ("рецепты без сахара для детей", {"language": "ru", "without": ("sugar",), "audience": "children"}),
    ("vegetarische recepten zonder noten", {"language": "nl", "diets": ("vegetarian",), "without": ("nut",)}),
    ("przepisy wegańskie bez orzechów", {"language": "pl", "diets": ("vegan",), "without": ("nut",)}),
    ("şekersiz tatlı tarifleri", {"language": "tr", "without": ("sugar",)}),
    ("비건 파스타 레시피", {"language": "ko", "diets": ("vegan",)}),
    ("وصفات نباتية بدون بيض", {"language": "ar", "diets": ("vegetarian",), "without": ("egg",)}),
    ("สูตรอาหารมังสวิรัติ", {"language": "th", "diets": ("vegetarian",)}),
]  # fmt: skip
POETRY: list[tuple[str, dict[str, Any]]] = [
    ("haiku about autumn rain", {"season": "autumn", "topics": ("rain",)}),
    ("haiku in winter and spring", {"topics": ("winter", "spring")}),
    ("poems about the sea", {"topics": ("the sea",)}),
    ("A poem about a tiny mouse", {"topics": ("a tiny mouse",)}),
    ("a story about a chef", {"topics": ("a chef",)}),
    ("stories about a serious child", {"topics": ("a serious child",)}),
    ("a poem about code", {"topics": ("code",)}),
    ("programming songs", {"topics": ("programming",)}),
    ("funny limericks about cats", {"tone": "fun", "topics": ("cats",)}),
    ("serious stories, nothing funny", {"tone": "formal"}),
    ("love songs, short", {"length": "short", "topics": ("love",)}),
    ("songs for my grandmother", {"topics": ("a grandmother",)}),
    ("bedtime stories for toddlers", {"audience": "children"}),
    ("not for children: horror stories", {"topics": ("horror",)}),
    ("stories without violence", {"without": ("violence",)}),
    ("stories, no poems", {}),
    ("not recipes but poems", {}),
    ("poems in French", {"language": "fr"}),
    ("stories in the style of Edgar Allan Poe", {"topics": (), "doubts": ("do not know the style of Edgar Allan Poe",)}),
    ("Gedichte über das Meer", {"language": "de", "topics": ("meer",)}),
    ("Weihnachtsgeschichten für Kinder", {"language": "de", "season": "winter", "audience": "children"}),
    ("Poèmes d'amour", {"language": "fr", "topics": ("amour",)}),
    ("Histoires drôles pour enfants", {"language": "fr", "tone": "fun", "audience": "children"}),
    ("cuentos infantiles sobre dragones", {"language": "es", "audience": "children", "topics": ("dragones",)}),
    ("poesie sulla luna", {"language": "it", "topics": ("luna",)}),
    ("俳句を書くGPT", {"language": "ja"}),
    ("猫についての俳句", {"language": "ja", "topics": ("猫",)}),
    ("写关于春天的诗", {"language": "zh", "season": "spring"}),
    ("стихи о зиме", {"language": "ru", "season": "winter"}),
    ("korta dikter om havet", {"language": "sv", "length": "short", "topics": ("havet",)}),
    ("סיפורים לילדים", {"language": "he", "audience": "children"}),
    ("बच्चों के लिए कहानी", {"language": "hi", "audience": "children"}),
]
TECHNICAL: list[tuple[str, dict[str, Any]]] = [
    ("recipe for a good API", {}),
    ("Python cookbook", {}),
    ("Explain sorting algorithms to beginners", {"audience": "beginners", "topics": ("sorting algorithms",)}),
    ("JavaScript tutorials for professionals", {"audience": "professionals", "topics": ("javascript",)}),
    ("SQL queries explained with humor", {"tone": "fun", "topics": ("sql", "queries")}),
    ("Haskell functions and PHP", {"topics": ("haskell", "php")}),
    ("Explain recursion to kids", {"audience": "children", "topics": ("recursion",)}),
    ("Spring Boot microservices", {"topics": ("spring boot microservices",)}),
    ("um GPT que escreve código em Python", {"language": "pt"}),
    ("PythonのコードとAPIを説明するGPT", {"language": "ja"}),
    ("适合初学者的Python代码", {"language": "zh", "audience": "beginners"}),
]
GENERAL: list[tuple[str, dict[str, Any]]] = [
    ("formal e-mails to customers", {"tone": "formal", "topics": ("customers",)}),
    ("professional e-mails", {"tone": "formal"}),
    ("business letters, nothing formal", {}),
    ("news about technology", {"topics": ("technology",)}),
    ("small-talk about the weather", {"topics": ("the weather",)}),
    ("conversations about food", {"topics": ("food",)}),
    ("lessons on fractions", {"topics": ("fractions",)}),
    ("Schreibe höfliche E-Mails auf Deutsch", {"language": "de", "tone": "formal"}),
    ("Noticias breves de deportes", {"language": "es", "length": "short", "topics": ("deportes",)}),
    ("ビジネスメールを丁寧に書く", {"language": "ja", "tone": "formal"}),
]
TOPIC: list[tuple[str, dict[str, Any]]] = [
    ("a GPT about medieval falconry", {"topics": ("medieval falconry",)}),
    ("purple elephants", {"topics": ("purple elephants",)}),
    ("tropical fish care", {"topics": ("tropical fish care",)}),
    ("a GPT that predicts horse races", {"topics": ("horse races",)}),
    ("how to train a dog", {"topics": ("training a dog",)}),
    ("interior design", {"topics": ("interior design",)}),
    ("rust prevention on old cars", {"topics": ("rust prevention on old cars",)}),
    ("the moon landing", {"topics": ("the moon landing",)}),
    ("chess openings explained for kids", {"topics": ("chess openings",), "audience": "children"}),
    ("Ein GPT über mittelalterliche Falknerei", {"language": "de", "topics": ("mittelalterliche falknerei",)}),
    ("中世の鷹狩りについてのGPT", {"language": "ja", "topics": ("中世の鷹狩り",)}),
]
TABLE = [
    (prompt, category, fields)
    for category, rows in {"cooking": COOKING, "poetry": POETRY, "technical": TECHNICAL, "general": GENERAL, "topic": TOPIC}.items()
    for prompt, fields in rows
]


@pytest.mark.parametrize(("prompt", "category", "fields"), TABLE)
def test_what_is_read_from_a_prompt(prompt: str, category: str, fields: dict[str, Any]) -> None:
    request = understand(prompt)
    found = {name: value for name, value in dataclasses.asdict(request).items() if name in OPEN and name not in NOT_COMPARED}
    assert request.category == category
    assert found == {name: value for name, value in (OPEN | fields).items() if name not in NOT_COMPARED}
    assert (request.confidence == 0) == (category == "topic") and request.forms


@pytest.mark.parametrize(
    "prompt",
    [
        "cakes without eggs and nuts", "cakes with neither eggs nor nuts", "no eggs, no nuts: cakes", "cakes free of eggs and nuts",
        "cakes that contain no eggs or nuts", "my kids can't eat eggs or nuts, cakes please", "cakes avoiding eggs, nuts",
        "nut and egg allergy friendly cakes", "cakes, eggs and nuts not allowed", "eggless, nutless cakes", "egg and nut free cakes",
        "I'm allergic to eggs and nuts, cakes please", "cakes that don’t use eggs or nuts", "EGG-FREE NUT-FREE CAKES",
        "Kuchen ohne Eier und Nüsse", "gâteaux sans œufs et sans noix", "gâteaux sans œufs ni noix", "pasteles sin huevos ni nueces",
        "pasteles sin huevo y nueces", "torte senza uova e noci", "bolos sem ovos nem nozes", "taart zonder eieren en noten",
        "kakor utan ägg och nötter", "ciasta bez jajek i orzechów", "торты без яиц и орехов", "卵とナッツを使わないケーキ",
        "卵やナッツなしのケーキ", "不含鸡蛋和坚果的蛋糕", "没有鸡蛋、坚果的蛋糕", "계란과 견과류 없는 케이크",
        "kager, opskrifter uden æg og nødder",
        "rețete fără ouă și nuci", "resep tanpa telur dan kacang", "وصفات بدون بيض و مكسرات", "מתכונים ללא ביצים או אגוזים",
    ],
)  # fmt: skip
def test_what_is_left_out_is_never_put_in(prompt: str) -> None:
    """Somebody may be allergic: both foods of the list are left out, in every wording and language, and neither is asked for."""
    request = understand(prompt)
    assert request.category == "cooking" and request.ingredients == ()
    assert "egg" in request.without and ("nut" in request.without or "nut-free" in request.diets)


def test_whole_words_only() -> None:
    """ "codebase" is a word of its own; "scooking", "restful" and "newsagent" are none that a writer knows."""
    assert understand("A GPT for customer support of my food delivery codebase").matched == ("codebase",)
    assert understand("scooking restful newsagent apiary").matched == ()


@pytest.mark.parametrize(
    ("prompt", "matched"),
    [
        ("A fun GPT that generates cooking recipes", {"cooking", "recipes"}),
        ("Stories about a chef", {"stories"}),
        ("polite business e-mails", {"e-mails", "business"}),
        ("Rezepte", {"rezepte"}),
        ("purple elephants", set()),
        ("", set()),
    ],
)
def test_the_words_that_decided(prompt: str, matched: set[str]) -> None:
    assert set(understand(prompt).matched) == matched


def test_confidence_falls_with_the_evidence() -> None:
    confidence = [understand(prompt).confidence for prompt in ("recipes", "soups", "healthy", "falconry")]
    assert 1 > confidence[0] > confidence[1] > confidence[2] > confidence[3] == 0


@pytest.mark.parametrize(
    ("word", "key"),
    [("recipes", "recipe"), ("baking", "baking"), ("cooks", "cook"), ("stories", "story"), ("dishes", "dish"), ("cookies", "cookie"),
     ("berries", "berry"), ("gluten free", "gluten-free"), ("kids", "kid"), ("tomatoes", "tomato")],
)  # fmt: skip
def test_forms_of_a_word_have_one_key(word: str, key: str) -> None:
    assert keys()[word] == key


def test_a_longer_word_is_no_form() -> None:
    assert "codebase" not in inflections("code") and "cookies" not in inflections("cook") and "children" not in plurals("child")
    assert [gerund(verb) for verb in ("bake", "plan", "tie", "see", "train", "fix")] == [
        "baking", "planning", "tying", "seeing", "training", "fixing",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("prompt", "forms"),
    [
        ("haiku about autumn", {"haiku", "haiku_sequence", "haibun"}),
        ("tell me fantasy stories", {"story", "fable"}),
        ("love songs and ballads", {"song", "ballad"}),
        ("cookie recipes", {"cookies"}),  # a dish beats "recipe"
        ("stories, no songs", {"story", "fable"}),
        ("news headlines", {"news"}),
        ("REST API reference", {"endpoint", "quick_start", "error_guide", "paging", "changelog", "webhook", "rate_limit"}),
        ("e-mails to customers", {"email"}),
    ],
)
def test_words_narrow_the_forms(prompt: str, forms: set[str]) -> None:
    assert set(understand(prompt).forms) == forms


def test_names_keep_their_capitals() -> None:
    def spelled(prompt: str) -> list[str]:
        request = understand(prompt)
        return [request.spell(topic) for topic in request.topics]

    assert spelled("a GPT about the fall of Rome") == ["the fall of Rome"]
    assert spelled("Stories About Dragons And Wizards") == ["dragons", "wizards"]  # Title Case is no name
    assert spelled("poems about NASA rockets") == ["NASA rockets"]
    assert spelled("Falconry in Spain") == ["falconry in Spain"]
    assert spelled("A GPT that tells stories about the prayer of a monk") == ["the prayer of a monk"]  # the first A is no name


# ---- presets ---------------------------------------------------------------------------------------------------------------------


def test_presets() -> None:
    assert len(PRESETS) == 16
    for key, preset in PRESETS.items():
        assert understand("", key) == understand(preset.prompt, key) == Request(preset.category, preset.forms, key)
        assert set(preset.forms) <= set(FORMS[preset.category])
        assert preset.prompt.endswith(".") and understand(preset.prompt).category == preset.category
        assert preset.description.endswith(".") and "\n" not in preset.description and len(preset.description) <= 80
    without = {"topic", "persona", "occasion", "subject", "naming", "greeting"}  # categories without a preset
    assert {preset.category for preset in PRESETS.values()} == set(FORMS) - without


def test_a_prompt_adds_constraints_to_a_preset() -> None:
    request = understand("vegan, for children, without nuts", "desserts_specialist")
    assert (request.preset, request.forms, request.confidence) == ("desserts_specialist", PRESETS["desserts_specialist"].forms, 1.0)
    assert (request.diets, request.audience, request.without) == (("vegan",), "children", ("nut",))
    assert understand("stories about cooking", "haiku_master").category == "poetry"


def test_unknown_preset_names_the_valid_ones() -> None:
    with pytest.raises(MinigptError, match=r"'haiku'; did you mean haiku_master\?"):
        understand("", "haiku")
    with pytest.raises(MinigptError, match=r"'zzz'.*haiku_master.*news_summarizer"):
        understand("", "zzz")


# ---- the plan's line -------------------------------------------------------------------------------------------------------------


def test_the_plan_says_what_was_understood() -> None:
    assert describe(understand("Vegan Italian dinners for kids")) == ["vegan Italian recipes for children"]
    assert describe(understand("soups with leek, no cream")) == ["soups with leek, without cream"]
    assert describe(understand("", "haiku_master")) == ["haiku and haibun (preset haiku_master)"]
    (line,) = describe(understand("Lustige Gedichte über Katzen"))
    assert line.startswith("free verse, haiku and prose poems about ")
    assert line.endswith(", in a fun tone, in English, as templates know no German")


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("A fun GPT that knows about food", "recipes in a fun tone"),
        ("short formal e-mails", "short e-mails in a formal tone"),
        ("bedtime stories about dragons and castles, for children", "stories and fables about dragons and castles, for children"),
        ("winter soups with leek", "soups with leek, for winter"),
        ("haiku about autumn", "haiku and haibun about autumn"),
        ("Python tutorials for beginners", "programming texts for beginners"),
        ("gardening tutorials", "how-to guides about gardening"),
    ],
)
def test_the_plan_says_it_in_words(prompt: str, said: str) -> None:
    assert describe(understand(prompt)) == [said]


def test_every_form_has_a_name_in_the_plural() -> None:
    for category, forms in FORMS.items():
        for form in forms:
            name = named(category, (form,))
            assert "_" not in name and not name.endswith("ss") and (name.endswith("s") or name in SINGULAR), form


def test_the_plan_says_that_no_writer_covers_it_and_names_two_better_ways() -> None:
    line, advice = describe(understand("a GPT about zorblax herding"))
    assert "no template covers this" in line and "zorblax herding" in line
    assert "Ollama" in advice and "--data" in advice and "no facts about zorblax herding and only talk around it" in advice
    line, advice = describe(understand("a GPT about medieval falconry"))
    assert "facts from WordNet" in line and "medieval falconry" in line
    assert "Ollama" in advice and "--data" in advice and "what WordNet says of falconry and the Middle Ages" in advice
    assert "--data" in describe(understand(""))[1]


# ---- tables ----------------------------------------------------------------------------------------------------------------------


def test_all_forms_in_the_tables_exist() -> None:
    for category, forms in TABLES["default forms"].items():
        assert forms and set(forms) <= set(FORMS[category])
    for category, tables in TABLES["narrow"].items():
        for table in tables:
            for key, forms in table.items():
                known = {*FORMS[category], *(FORMS["subject"] if category == "topic" else ())}  # templates.able puts others in their place
                assert forms and set(forms) <= known, key


def test_every_glossary_translates_into_words_of_the_tables() -> None:
    known = set(keys())
    for code, glossary in glossaries().items():
        for english in {*glossary.words.values(), *glossary.stems.values()} - {""}:
            assert english in known or all(word in known for word in english.split()), (code, english)


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("Write haiku like a Japanese poet", "en"), ("A GPT about the word 愛", "en"), ("", "en"), ("GPT", "en"), ("vegan pasta", "en"),
        ("Schreibe etwas über Berge", "de"), ("écris des histoires", "fr"), ("escribe poemas", "es"), ("scrivi poesie", "it"),
        ("escreve poemas sobre o mar", "pt"), ("schrijf verhalen voor kinderen", "nl"), ("skriv dikter om havet", "sv"),
        ("napisz wiersze o morzu", "pl"), ("deniz hakkında şiirler", "tr"), ("viết truyện cho trẻ em", "vi"), ("pohádky pro děti", "cs"),
        ("povești pentru copii", "ro"), ("vicces történetek gyerekeknek", "hu"), ("tarinoita lapsille", "fi"), ("resep masakan", "id"),
        ("рецепты", "ru"), ("казки для дітей", "uk"), ("συνταγές", "el"), ("قصص", "ar"), ("داستان‌های کودکان پارسی", "fa"), ("סיפור", "he"),
        ("कविता", "hi"), ("นิทาน", "th"), ("レシピ", "ja"), ("写诗", "zh"), ("이야기", "ko"),
    ],
)  # fmt: skip
def test_the_language_of_a_prompt(prompt: str, code: str) -> None:
    assert language_of(prompt) == code and code in NAMES


@pytest.mark.slow
@given(
    st.one_of(
        st.text(max_size=200),
        st.lists(st.sampled_from([*keys(), ",", "for", "without", "no", "Meer", "ケーキ"]), max_size=20).map(" ".join),
    )
)
def test_any_text_gives_a_request_that_can_be_written(prompt: str) -> None:
    request = understand(prompt)
    assert all(part.forms and set(part.forms) <= set(FORMS[part.category]) for part in able(request).parts)
    assert 0 <= request.confidence <= 1 and (request.category != "topic" or request.topics)
    assert all(line and "\n" not in line for line in describe(request))


def test_a_page_of_text_is_read_in_no_time() -> None:
    start = time.perf_counter()
    understand("stories about dragons, without wizards, for children who like soup and " * 10_000)
    assert time.perf_counter() - start < 5


def test_a_request_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        understand("soup").category = "poetry"  # type: ignore[misc]


@pytest.mark.parametrize(("prompt", "topics"), [
    ("A GPT that writes spooky stories", ("ghosts",)), ("Christmas stories for kids", ("christmas",)), ("Halloween poems", ("halloween",)),
    ("stories that are not scary", ()), ("spooky stories about cats", ("cats",)), ("scary recipes", ()),
])  # fmt: skip
def test_a_mood_or_a_feast_is_a_topic_where_there_is_no_other(prompt: str, topics: tuple[str, ...]) -> None:
    assert understand(prompt).topics == topics


@pytest.mark.parametrize(("prompt", "category", "form"), [
    ("news reports", "general", "news"), ("newspaper articles about football", "general", "news"), ("phone calls", "general", "dialogue"),
    ("exam questions", "general", "lesson"), ("Christmas carols", "poetry", "song"), ("bug reports", "technical", "failure_analysis"),
    ("gardening tips", "occasion", "howto"), ("letters to the editor", "general", "email"), ("lectures about stars", "occasion", "speech"),
    ("tarot readings", "occasion", "fortune cookie"), ("plays about ghosts", "poetry", "scene"), ("comebacks", "occasion", "insult"),
])  # fmt: skip
def test_usual_names_of_kinds_of_text_are_known(prompt: str, category: str, form: str) -> None:
    request = understand(f"A GPT that writes {prompt}")
    assert (request.category, form in request.forms) == (category, True), request
    assert not {word for topic in request.topics for word in topic.split()} & set(prompt.split(" ")[0].split())


@pytest.mark.parametrize("kind", ["encyclopedia entries", "trivia", "flashcards", "a glossary", "warnings"])
def test_a_text_of_an_unknown_kind_is_about_what_follows_about(kind: str) -> None:
    assert understand(f"A GPT that writes {kind} about whales").topics == ("whales",)
