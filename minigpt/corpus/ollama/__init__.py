"""A local teacher: a prompt and an Ollama server in, documents of a language model out.

Reading order: limits (what may be waited for, and the errors), host (where), line (a connection with deadlines), client (the protocol),
models (what is installed), teacher (one model on some hosts), plan (variety), reading (what of an answer is sound), variety (repetition),
journal (the disk), gauge (how many at once), patience (when to ask again), judge (scores), course (one request), writer (all of them).
"""

from __future__ import annotations

from minigpt.corpus.ollama.host import resolve_host
from minigpt.corpus.ollama.limits import Limits, OllamaError, TeacherGone
from minigpt.corpus.ollama.teacher import Teacher, TeacherSettings, find_teacher
from minigpt.corpus.ollama.writer import write_with_ollama

__all__ = ["Limits", "OllamaError", "Teacher", "TeacherGone", "TeacherSettings", "find_teacher", "resolve_host", "write_with_ollama"]
