"""The tokens of a file in order, each with the comments around it: what is taken is set, so none gets lost."""

from __future__ import annotations

import re
from bisect import bisect_right

from ..scan import Scan
from ..source import Source
from ..syntax import Comment
from ..tokens import CLOSERS, NEWLINE, Token
from .document import Concat, Document, Remark, Text

_LETTER = re.compile(r"\A(##?)(?=\w)")
_BLANKS = re.compile(r"\s+")


class Stream:
    """A cursor over the tokens without newlines.

    A comment is *trailing* if it stands behind a token on its line, else it is the *own* line of the next token.
    A trailing one at the end of a row (an entry, an item, a statement) is left to the row.
    """

    def __init__(self, source: Source, scanned: Scan) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self.at = 0
        self.done = 0
        """The offset up to which tokens and comments have been taken."""
        self.own: dict[int, list[Comment]] = {}
        self.trailing: dict[int, Comment] = {}
        self._ends: set[int] = set()
        for statement in scanned.statements:
            for token in statement:
                if token.type == NEWLINE:
                    self._ends.add(len(self.tokens) - 1)
                else:
                    self.tokens.append(token)
            self._ends.add(len(self.tokens) - 1)
        self._place(scanned.comments)

    def _place(self, comments: list[Comment]) -> None:
        """Find out to which token each comment belongs."""
        ends = [token.end for token in self.tokens]
        for comment in comments:
            following = bisect_right(ends, comment.span.start)
            if following and not self.breaks(ends[following - 1], comment.span.start):
                self.trailing[following - 1] = comment
            else:
                self.own.setdefault(following, []).append(comment)

    # Looking

    @property
    def token(self) -> Token | None:
        """The next token, or None at the end of the file."""
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    @property
    def type(self) -> str:
        return self.tokens[self.at].type if self.at < len(self.tokens) else ""

    def breaks(self, start: int, end: int, lines: int = 1) -> bool:
        """Tell whether so many newlines stand in a range."""
        return self.source.text.count("\n", start, end) >= lines

    @property
    def next_start(self) -> int:
        """The offset of the next comment or token."""
        own = self.own.get(self.at)
        if own:
            return own[0].span.start
        return self.tokens[self.at].start if self.at < len(self.tokens) else len(self.source.text)

    def ends_row(self, index: int) -> bool:
        """Tell whether a row ends with a token, up to its separator."""
        if index in self._ends:
            return True
        return self.tokens[index + 1].type in (",", *CLOSERS)

    # Taking

    def take(self, *, whole: bool = False) -> Document:
        """Take a token with its comments; those after it only if no row ends there, or when `whole`."""
        index = self.at
        before = self.take_own()
        word = self.word()
        after = self.take_trailing(index) if whole or not self.ends_row(index) else ""
        if not before and not after:
            return word
        return Concat([*before, word, *([Remark(after, own=False)] if after else [])])

    def word(self) -> Text:
        """Take a token without its comments."""
        token = self.tokens[self.at]
        self.at += 1
        self.done = token.end
        return Text(self.written(token))

    def take_own(self) -> list[Remark]:
        """Take the comments on lines before the next token."""
        if self.at not in self.own:
            return []
        return [Remark(self.said(comment), own=True) for comment in self.own.pop(self.at)]

    def take_trailing(self, index: int) -> str:
        """Take the comment after a token, or nothing."""
        comment = self.trailing.pop(index, None)
        return self.said(comment) if comment else ""

    def said(self, comment: Comment) -> str:
        """Give a comment as it is set: a blank before a letter, none at the end."""
        self.done = comment.span.end
        return _LETTER.sub(r"\1 ", comment.span.text.rstrip())

    def written(self, token: Token) -> str:
        """Give a token as it is set: strings and numbers as they were, with one blank before a unit."""
        if token.type == "NUMBER":
            return _BLANKS.sub(" ", token.text)
        return token.text
