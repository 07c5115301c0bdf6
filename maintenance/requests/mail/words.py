"""The words of a mail: HTML made plain, what was quoted and signed cut away. Pure."""

import re
from html.parser import HTMLParser

_LONGEST = 1_000_000
_BLOCKS = frozenset(
    {"address", "blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"hr", "li", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul"}
)
_UNSEEN = frozenset({"head", "script", "style", "template", "title"})
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})

# Where programs begin what they quote: "On … wrote:", also across two lines, and Outlook's blocks.
_QUOTE = re.compile(
    r"""^[ \t]*(?:
        -{2,}[ ]*(?:original[ ]message|urspr.ngliche[ ]nachricht|message[ ]d'origine)[ ]*-{2,}
      | _{20,}
      | on[ ][^\n]{1,200}(?:\n[^\n]{1,200})?[ ]wrote:
      | am[ ][^\n]{1,200}(?:\n[^\n]{1,200})?[ ]schrieb[^\n]{0,200}:
      | le[ ][^\n]{1,200}(?:\n[^\n]{1,200})?[ ]a[ ].crit[ ]?:
      | (?:from|von|de):[ ][^\n]{1,300}\n(?:[ \t]*\n)?[ \t]*(?:sent|date|gesendet|datum|envoy.):[ ]
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_SIGNATURE = re.compile(r"^--[ ]?$", re.MULTILINE)
_QUOTED_LINE = re.compile(r"^[ \t]*>.*\n?", re.MULTILINE)
_MANY_LINES = re.compile(r"\n{3,}")
_PREFIX = re.compile(r"^\s*(?:re|aw|antw|sv|r[ée]f)(?:\[\d+\])?\s*:\s*", re.IGNORECASE)
_FORWARD = re.compile(r"^\s*(?:fwd?|wg|tr|i)(?:\[\d+\])?\s*:\s*", re.IGNORECASE)
_TOKEN = re.compile(r"\[(WR-\d{6,18})\]", re.IGNORECASE)
_WORD = re.compile(r"[\w][\w./-]{0,98}[\w]|[\w]")
_LABEL = re.compile(r"/report\?asset=([^\s&\"'<>]{1,300})")
_MOST_WORDS = 400


def plain_of_html(html: str) -> str:
    """What a reader sees of an HTML text, a line for each block."""
    reader = _Reader()
    reader.feed(html[:_LONGEST])
    reader.close()
    return tidy("".join(reader.seen))


def tidy(text: str) -> str:
    """Without spaces at the ends of lines, and with one empty line at most."""
    lines = (" ".join(line.replace("\xa0", " ").split()) for line in text.splitlines())
    return _MANY_LINES.sub("\n\n", "\n".join(lines)).strip()


def own_words(text: str, *, is_reply: bool) -> str:
    """What the sender wrote: without the signature, and in a reply without what it quotes.

    Where nothing would be left, the text as it is: somebody wrote below or beside it.
    """
    text = text[:_LONGEST].replace("\r\n", "\n")
    kept = text
    if is_reply:
        found = _QUOTE.search(kept)
        kept = kept[: found.start()] if found else kept
        kept = _QUOTED_LINE.sub("", kept)
    signature = _SIGNATURE.search(kept)
    if signature and kept[: signature.start()].strip():
        kept = kept[: signature.start()]
    return tidy(kept) or tidy(text)


def is_forward(subject: str) -> bool:
    """Does somebody hand on another's mail? What it quotes is then what it is about."""
    return _FORWARD.match(subject) is not None


def bare_subject(subject: str) -> str:
    """The subject without "Re:", "Fwd:" and our own mark, and what it says is one line."""
    bare = " ".join(_TOKEN.sub(" ", subject).split())
    while found := _PREFIX.match(bare) or _FORWARD.match(bare):
        bare = bare[found.end() :]
    return bare


def is_answer(subject: str) -> bool:
    """Does the subject say that the mail is a reply?"""
    return _PREFIX.match(subject) is not None


def request_mark(number: str) -> str:
    """What stands in the subject of our messages, so that a reply finds its request."""
    return f"[{number}]"


def marked_request(subject: str) -> str | None:
    """Number of the request whose mark the subject bears."""
    found = _TOKEN.search(subject)
    return found[1].upper() if found else None


def labels_in(text: str) -> tuple[str, ...]:
    """Escaped tags of the addresses that stand on the labels of assets, as they come."""
    return tuple(dict.fromkeys(_LABEL.findall(text)))


def words_in(text: str) -> tuple[str, ...]:
    """Words that may be a tag, each once, as they come; a few hundred."""
    found: dict[str, None] = {}
    for word in _WORD.finditer(text):
        found[word[0]] = None
        if len(found) >= _MOST_WORDS:
            break
    return tuple(found)


class _Reader(HTMLParser):
    """Collects what is seen; what stands in a quotation becomes lines that begin with `>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self._unseen = 0
        self._quotes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen += 1
        if tag == "blockquote":
            self._quotes += 1
        if tag in _BLOCKS:
            self._break()
        if tag == "hr" and not self._quotes and ("tabindex", "-1") in attrs:
            # Outlook on the web draws it above what it quotes.
            self.seen.append("_" * 30 + "\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        if tag == "blockquote":
            self._quotes = max(0, self._quotes - 1)
        if tag in _BLOCKS:
            self._break()

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.seen.append(data.replace("\n", " "))

    def _break(self) -> None:
        self.seen.append("\n" + "> " * bool(self._quotes))
