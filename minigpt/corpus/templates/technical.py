"""The forms of technical documents, and which of them suit a request."""

from __future__ import annotations

from collections.abc import Mapping

from minigpt.corpus.request import Request
from minigpt.corpus.templates.grammar import Form
from minigpt.corpus.templates.technical_algorithms import algorithm, algorithm_exercise, comparison, forms_naming, pseudocode, trace
from minigpt.corpus.templates.technical_api import changelog, endpoint, error_guide, paging, quick_start, rate_limit, webhook
from minigpt.corpus.templates.technical_code import function, session
from minigpt.corpus.templates.technical_explain import BASICS, FURTHER, concept, exercise, glossary, mistake, question, review
from minigpt.corpus.templates.technical_parts import topics_of
from minigpt.corpus.templates.technical_systems import capacity, decision, failure_analysis, runbook, system_design
from minigpt.corpus.words import load_words

FORMS: Mapping[str, Form] = {
    "concept": concept,
    "function": function,
    "question": question,
    "mistake": mistake,
    "session": session,
    "review": review,
    "exercise": exercise,
    "glossary": glossary,
    "endpoint": endpoint,
    "quick_start": quick_start,
    "error_guide": error_guide,
    "paging": paging,
    "changelog": changelog,
    "webhook": webhook,
    "rate_limit": rate_limit,
    "algorithm": algorithm,
    "trace": trace,
    "comparison": comparison,
    "pseudocode": pseudocode,
    "algorithm_exercise": algorithm_exercise,
    "system_design": system_design,
    "capacity": capacity,
    "failure_analysis": failure_analysis,
    "decision": decision,
    "runbook": runbook,
}
IN_PYTHON = ("concept", "function", "question", "mistake", "session", "review", "exercise")
WITHOUT_CODE = ("pseudocode", "comparison", "trace", "algorithm", "glossary")  # forms for programs in any language
ALGORITHMIC = ("algorithm", "trace", "algorithm_exercise", "pseudocode", "comparison")
IDEAS = (*BASICS, *FURTHER)
# form -> the tables it draws from, whose entries name their topics
TABLES = {
    "concept": IDEAS, "question": IDEAS, "exercise": IDEAS, "function": ("functions",), "session": ("functions",), "mistake": ("mistakes",),
    "review": ("reviews",), "comparison": ("comparisons",), "system_design": ("systems",), "capacity": ("systems",),
    "failure_analysis": ("failure causes",), "decision": ("decisions",), "runbook": ("runbooks",),
}  # fmt: skip
# forms that always have the same topics
ABOUT = {
    "endpoint": ("networking", "security"), "quick_start": ("networking", "security"), "error_guide": ("networking", "errors"),
    "paging": ("networking",), "changelog": ("networking",), "webhook": ("networking", "security"), "rate_limit": ("networking",),
}  # fmt: skip


def topics_of_form(form: str) -> set[str]:
    """The topics that a form covers."""
    words = load_words("technical")
    if form in TABLES:
        more = {"performance"} if form in ("capacity", "comparison") else set()
        return more | {topic for table in TABLES[form] for entry in words[table] for topic in entry["topics"]}
    if form in ALGORITHMIC:
        keys = words["pseudocode"] if form == "pseudocode" else words["algorithm topics"]
        return {"performance"} | {topic for key in keys for topic in words["algorithm topics"][key]}
    return set(ABOUT[form]) if form in ABOUT else set(words["terms"])


def forms_for(request: Request) -> tuple[str, ...]:
    """The request's forms that cover its topics, in its order, without Python if it names another language; never empty."""
    words = load_words("technical")
    forms = request.forms
    if set(words["other languages"]) & set(request.topics):
        forms = tuple(form for form in forms if form not in IN_PYTHON)
        forms = forms if len(forms) > 2 else tuple(dict.fromkeys((*WITHOUT_CODE, *forms)))
    if naming := forms_naming(request, words):
        forms = tuple(form for form in forms if form in naming or form not in ALGORITHMIC) or forms
    wanted = topics_of(request, words)
    about = tuple(form for form in forms if wanted & topics_of_form(form))
    return about or forms
