"""Writes e-mails and memos whose dates, sums and names agree."""

from __future__ import annotations

from minigpt.corpus.english import upper_first
from minigpt.corpus.templates.general_facts import Pen, clock, contract, dates, times

PRICES = (12, 18, 25, 32, 45, 48, 60, 75, 90, 110, 120, 145, 180, 240, 320, 450)


def email(pen: Pen) -> str:
    """An e-mail: subject, greeting, a few sentences, a wish, a closing and a name."""
    facts(pen)
    tone, words = pen.request.tone, pen.words
    letters = [letter for letter in words["letters"] if letter.get("kids") or pen.request.audience != "children"]
    letter = pen.pick(letters)
    body = [pen.say(part) for part in letter["body"]]
    opening = [pen.some("letter openings")] if pen.request.length != "short" and (tone == "formal" or pen.rng.random() < 0.6) else []
    wish = [pen.some("letter wishes")] if pen.request.length != "short" else []
    paragraphs = [" ".join([*opening, *body[:1]]), " ".join(body[1:2]), " ".join([*body[2:], *wish])]
    if pen.request.length != "long" and pen.rng.random() < 0.5:
        paragraphs = [" ".join(paragraphs)]
    closing = pen.rng.choice(words["fun closings"] if tone == "fun" else words["letter closings"])
    after = [pen.some("fun postscripts")] if tone == "fun" else []
    text = [f"Subject: {upper_first(pen.say(pen.pick(letter['subject'])))}", _greeting(pen), *paragraphs]
    return "\n\n".join([*(contract(pen, part) if tone == "fun" else part for part in text), f"{closing}\n{pen.facts['sender']}", *after])


def memo(pen: Pen) -> str:
    """A memo: to, from, date and subject, then three sentences."""
    facts(pen)
    subject = pen.pick(pen.words["memo subjects"])
    to = pen.rng.choice((f"all of {pen.facts['department']}", pen.facts["department"], f"the office in {pen.facts['town']}"))
    head = (("To", upper_first(to)), ("From", pen.facts["sender"]), ("Date", pen.facts["past"]), ("Subject", pen.say(subject["subject"])))
    lines = "\n".join(f"{name}: {value}" for name, value in head)
    return "\n\n".join([lines, pen.tell(*subject["body"]), *([pen.some("letter wishes")] if pen.request.length != "short" else [])])


def _greeting(pen: Pen) -> str:
    if pen.request.tone == "formal" or (pen.request.tone is None and pen.rng.random() < 0.5):
        return f"Dear {pen.rng.choice(('Ms.', 'Mr.', 'Dr.'))} {pen.facts['surname']},"
    return f"{'Hello' if pen.request.tone == 'fun' else 'Dear'} {pen.facts['first']},"


def facts(pen: Pen) -> None:
    """Draw who writes to whom, for which companies, about what, and consistent numbers."""
    rng, words, found = pen.rng, pen.words, pen.facts
    dates(pen)
    times(pen)
    found["number"] = str(rng.randint(1000, 9999))
    first, sender, cover = rng.sample(words["people"], 3)
    surname, own, third, house, house2 = rng.sample(words["surnames"], 5)
    found |= {"first": first, "surname": surname, "sender": f"{sender} {own}", "cover": f"{cover} {third}"}
    kinds = rng.sample(words["company kinds"], 2)
    found |= {"company": f"{house} {kinds[0]}", "company2": f"{house2} {kinds[1]}"}
    found |= dict(zip(("town", "town2"), rng.sample(words["towns"], 2), strict=True))
    found |= {"street": rng.choice(words["streets"]), "goods": pen.choose("goods"), "topicish": pen.choose("project subjects")}
    found |= {"project": f"the {pen.choose('project kinds')} on {found['topicish']}", "department": rng.choice(words["departments"])}
    found |= {"role": rng.choice(words["roles"]), "risk": pen.choose("risks"), "gain": pen.choose("gains"), "skill": pen.choose("skills")}
    found |= dict(zip(("task", "task2"), rng.sample(words["tasks"], 2), strict=True))
    if pen.request.topics:
        found["topicish"] = found["topic"]
        found["project"] = f"the {pen.choose('project kinds')} on {found['topic']}"
    found |= {name: f"{value:,}" for name, value in _sums(pen).items()}
    found["time3"] = clock(_minutes(found["time"]) + int(found["later"]))


def _sums(pen: Pen) -> dict[str, int]:
    """{count} things at {price} cost {total}; {percent} off leave {reduced}; {n} of them cost {ntotal}, and {n} weeks {ndays} days."""
    rng = pen.rng
    while True:
        count, price, percent = rng.randint(4, 9), rng.choice(PRICES), rng.choice((5, 10, 15, 20, 25))
        if count * price * percent % 100 == 0:
            break
    total, n = count * price, rng.randint(2, min(4, count - 1))
    off, asked, share, days = (
        total * percent // 100,
        20 * rng.randint(2, 24),
        rng.choice((25, 40, 50, 60, 75, 80)),
        rng.choice((25, 26, 28, 30)),
    )
    return {
        "count": count, "price": price, "percent": percent, "total": total, "off": off, "reduced": total - off, "count2": 2 * count,
        "less": count - 1, "lesstotal": total - price, "n": n, "m": rng.randint(n + 1, 12), "ntotal": n * price, "countless": count - n,
        "guests": rng.randrange(12, 180, 2), "asked": asked, "agreed": asked * share // 100, "share": share, "ext": rng.randint(200, 990),
        "days": days, "ndays": 5 * n, "rest": days - 5 * n,
    }  # fmt: skip


def _minutes(time: str) -> int:
    """Minutes after midnight of a morning time such as "4:05"."""
    hours, minutes = time.split(":")
    return 60 * int(hours) + int(minutes)
