"""What a file is and how it is to be read: by its bytes first, then by its name and what its sender says."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from operator import length_hint
from pathlib import Path

from sync2sys.readers import encodings, outlines, sheets, sources, texts
from sync2sys.readers.base import Limits, Refused, Row, Shape, Unreadable, begins
from sync2sys.readers.delimited import parsed
from sync2sys.readers.markup import RSS_PATH, declared, encoding
from sync2sys.readers.reading import DEFAULTS, columns, read

#: Bytes that are looked at; more only for letters that are not ASCII.
HEAD = 1024 * 1024
SHOWN, LOOKED_AT = 20, 200
#: Lines of a CSV that are looked at, and of them those in which a header may be.
_LINES, _HEADER_LINES = 200, 30
_DELIMITERS = ";\t,|^~"
#: Of several characters, which these lines have instead of any one of them.
_LONG_DELIMITERS = ("||", ";;", ",,", "~|~", "|~|", "^^", "~~", "::")
_NUMBER = re.compile(r"[-+]?[0-9][0-9.,' ]*(?:[€$£%]|[A-Z]{3})?|https?://.*|[0-9]{4}-[0-9]{2}-[0-9]{2}.*")


@dataclass(frozen=True, slots=True)
class Guess:
    """How a file is to be read, and what one sees then."""

    shape: Shape
    #: in their order
    columns: list[str]
    #: the first ones
    rows: list[Row]
    #: sentences for the person who confirms the guess
    remarks: list[str] = field(default_factory=list)


def guess(path: Path, name: str = "", content_type: str = "", limits: Limits = DEFAULTS) -> Guess:
    """What the file is. Raises Unreadable for what is no list, or none that can be read."""
    remarks: list[str] = []
    shape = _packed(path, remarks, limits)
    if shape.format != "xlsx":
        shape = _streamed(path, shape, name, content_type, remarks, limits)
    return _shown(path, shape, remarks, limits)


def _packed(path: Path, remarks: list[str], limits: Limits) -> Shape:
    """The shape as far as the first bytes tell it: how it is packed, and whether it is a workbook."""
    with open(path, "rb") as file:
        head = file.read(512)
    texts.refuse_others(head)
    if head.startswith(b"\x1f\x8b"):
        return _unpacked(path, Shape(compression="gzip"), limits)
    if not head.startswith((b"PK\3\4", b"PK\5\6")):
        return Shape()
    with open(path, "rb") as file, sources.archive(file, limits) as box:
        if _is_workbook(box):
            return _workbook(path, Shape(format="xlsx"), remarks, limits)
        shape = Shape(compression="zip", member=_member(box, remarks))
    return _unpacked(path, shape, limits, remarks)


def _member(box: zipfile.ZipFile, remarks: list[str]) -> str:
    """The file of a zip to be named: none where there is only one, whatever it will be called tomorrow."""
    candidates = sources.lists(box)
    if len(candidates) < 2:
        return ""
    others = ", ".join(each.filename[:100] for each in candidates[1:6])
    remarks.append(
        f"Of the files in the zip {candidates[0].filename[:100]} is read. There are also: {others}."
    )
    return candidates[0].filename[:500]


def _unpacked(path: Path, shape: Shape, limits: Limits, remarks: list[str] | None = None) -> Shape:
    """The shape of what was packed."""
    with sources.opened(path, shape, limits) as stream:
        head = stream.read(512)
    texts.refuse_others(head)
    if head[257:262] == b"ustar":
        raise Unreadable("FILE_NO_LIST", "This is an archive of files (tar). Pack the list alone.")
    if head.startswith(b"PK\3\4"):
        return _workbook(path, replace(shape, format="xlsx"), [] if remarks is None else remarks, limits)
    return shape


def _is_workbook(box: zipfile.ZipFile) -> bool:
    names = {each.lower() for each in box.namelist()}
    if "mimetype" in names or "xl/workbook.bin" in names:
        raise Unreadable("FILE_NO_LIST", "This is a spreadsheet in another format. Save it as .xlsx or .csv.")
    return "xl/workbook.xml" in names


def _workbook(path: Path, shape: Shape, remarks: list[str], limits: Limits) -> Shape:
    names = sheets.sheet_names(path, shape, limits)
    if len(names) > 1:
        others = ", ".join(each[:100] for each in names[1:6])
        remarks.append(f"The sheet {names[0]} is read. There are also: {others}.")
        shape = replace(shape, sheet=names[0][:500])
    rows = _sheet_rows(path, replace(shape, header=0), limits)
    return replace(shape, header=_header(rows, remarks))


def _sheet_rows(path: Path, shape: Shape, limits: Limits) -> list[tuple[int, list[str]]]:
    """The first rows of a sheet with their numbers."""
    found = []
    for row in islice(read(path, shape, limits), _LINES):
        if isinstance(row, Row):
            last = max(int(place) for place in row.values)
            found.append((row.line, [row.values.get(str(place), "") for place in range(1, last + 1)]))
    return found


def _streamed(
    path: Path, shape: Shape, name: str, content_type: str, remarks: list[str], limits: Limits
) -> Shape:
    """The shape of what is text, packed or not."""
    with sources.opened(path, shape, limits) as stream:
        head = stream.read(HEAD)
    mark = texts.marked(head)
    kind = mark or encodings.of_two_bytes(head[:4096])
    if texts.is_blank(head):
        raise Unreadable("FILE_EMPTY", "There is nothing in the file. Export it again.")
    start = head[:8192].decode(kind or "latin-1", "replace").lstrip("\ufeff \t\r\n")
    texts.refuse_html(head)
    if start.startswith("<"):
        if not kind and not declared(head):
            kind = _encoding(path, shape, kind, content_type, remarks, limits)
        return _xml(head, replace(shape, encoding="" if mark or kind == "utf-8" else kind), remarks)
    _refuse_binary(head, kind)
    shape = replace(shape, encoding=_encoding(path, shape, kind, content_type, remarks, limits))
    text = _decoded(head, shape.encoding)
    if start.startswith(("[", "{")):
        return _json(text.strip(), shape, name, remarks, limits)
    return _csv(text, shape, remarks)


def _refuse_binary(head: bytes, kind: str) -> None:
    controls = sum(head.count(each) for each in b"\0\1\2\3\4\5\6\7\x0e\x0f\x10")
    if not kind.startswith("utf-16") and controls > len(head) / 20:
        raise Unreadable("FILE_NO_LIST", "This is no text. Send a CSV, XML, JSON or .xlsx.")


def _decoded(head: bytes, encoding: str) -> str:
    """The text of the head; the last character may be cut."""
    return head.decode(texts.marked(head) or encoding or "utf-8", "replace").lstrip("\ufeff")


def _encoding(
    path: Path, shape: Shape, kind: str, content_type: str, remarks: list[str], limits: Limits
) -> str:
    """The encoding of a file that does not say it itself, by all its lines that are not ASCII."""
    if kind:
        return "utf-8" if kind == "utf-8-sig" else kind
    with sources.opened(path, shape, limits) as stream:
        found, bad = encodings.guess(_odd_lines(stream), encodings.told(content_type))
    if found != "utf-8":
        remarks.append(f"The file does not say its encoding; by its letters it is {found}.")
    if bad:
        remarks.append(f"At least {bad} lines are in another encoding than the others.")
    return found


def _odd_lines(stream: io.BufferedReader) -> Iterator[bytes]:
    """The lines that are not ASCII, each cut where it is long."""
    rest = b""
    while piece := stream.read(sources.CHUNK):
        if not rest and piece.isascii():
            continue
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()[-texts.LINE_LONGEST :]
        yield from map(_cut, lines)
    yield _cut(rest)


def _cut(line: bytes) -> bytes:
    """The beginning of a line, up to a blank, where no character is cut in two."""
    return line if len(line) < 2000 else line[:2000].rpartition(b" ")[0]


def _xml(head: bytes, shape: Shape, remarks: list[str]) -> Shape:
    """XML: the outline of its beginning shows the items."""
    outline = outlines.Outline()
    elements = outlines.Elements(outline, 20)
    kind = texts.marked(head) or encoding(head, shape.encoding)
    text = io.TextIOWrapper(io.BytesIO(head), kind, errors="replace", newline="")
    elements.look(text, whole=len(head) < HEAD)
    if elements.root in ("rss", "feed"):
        return replace(shape, format="rss", item_path=RSS_PATH if elements.root == "rss" else "feed/entry")
    path = outline.item_path(remarks)
    if path is None:
        raise Unreadable("FILE_NO_ITEMS", "There are no items in the XML. Is it the right file?")
    return replace(shape, format="xml", item_path=path)


def _json(text: str, shape: Shape, name: str, remarks: list[str], limits: Limits) -> Shape:
    """JSON: one document, or a line for each item."""
    lines = [line.strip() for line in text.splitlines()[:20] if line.strip()]
    complete = lines[:-1] or lines
    told = len(lines) > 1 or name.lower().endswith((".jsonl", ".ndjson"))
    if told and all(line[0] == "{" and line[-1] == "}" for line in complete):
        return replace(shape, format="jsonl")
    outline = outlines.Outline()
    members = outlines.Members(outline, limits)
    members.feed(text)
    path = outline.item_path(remarks)
    if path is None or (not path and text.startswith("{")):
        raise Unreadable("FILE_NO_ITEMS", f"There is no list of items in the JSON. It begins: {begins(text)}")
    if path and any(not each for each in path.split("/")):
        raise Unreadable("FILE_NO_ITEMS", "The list in the JSON stands at a key without a name.")
    return replace(shape, format="json", item_path=path)


def _csv(text: str, shape: Shape, remarks: list[str]) -> Shape:
    """CSV: the delimiter and quote that make rows of equal length."""
    lines = list(islice(io.StringIO(text, newline=""), _LINES))
    if len(lines) > 1 and lines[-1][-1] not in "\r\n":
        lines.pop()
    delimiters = list(filter(partial(_is_evident, lines), _LONG_DELIMITERS)) or _DELIMITERS
    candidates = [(delimiter, quote) for delimiter in delimiters for quote in _quotes(text, delimiter)]
    delimiter, quote = max(candidates, key=lambda each: _evenness(lines, *each))
    rows = _parsed(lines, delimiter, quote)
    if _width(rows) < 2:
        remarks.append("Only one column was found. If there are more, say what is between them.")
        delimiter, quote = ",", '"'
    return replace(shape, delimiter=delimiter, quote=quote, header=_header(rows, remarks))


def _is_evident(lines: list[str], delimiter: str) -> bool:
    """Whether this is in each line in which anything is, and nowhere a part of it alone."""
    filled = [line for line in lines if line.strip()]
    rest = "".join(line.replace(delimiter, "") for line in filled)
    return bool(filled) and all(delimiter in line for line in filled) and not set(delimiter) & set(rest)


def _quotes(text: str, delimiter: str) -> list[str]:
    """The quotes that may be meant, the likeliest first."""
    if '"' in text:
        return ['"', ""]
    return ["'", '"'] if text.count(f"{delimiter}'") > 5 else ['"']


def _parsed(lines: list[str], delimiter: str, quote: str) -> list[tuple[int, list[str]]]:
    """The rows of these lines, each with the line in which it begins."""
    left = iter(lines)
    found, line = [], 1
    for cells in parsed(left, delimiter, quote):
        found.append((line, cells))
        line = len(lines) - length_hint(left) + 1
    return found


def _evenness(lines: list[str], delimiter: str, quote: str) -> tuple[float, int, int]:
    """How many of the lines are in rows of the usual length; then how many columns there are."""
    rows = [cells for _, cells in _parsed(lines, delimiter, quote) if any(map(str.strip, cells))]
    width = _width(list(enumerate(rows)))
    if width < 2:
        return (0.0, 0, 0)
    even = sum(1 for cells in rows if len(cells) == width)
    # A quote that is not closed makes few rows of many lines.
    return (round(even / len(rows), 1), width, even)


def _width(rows: list[tuple[int, list[str]]]) -> int:
    """How many cells most rows have."""
    counts = Counter(len(cells) for _, cells in rows if any(map(str.strip, cells)))
    return max(counts, key=lambda each: (counts[each], each), default=0)


def _header(rows: list[tuple[int, list[str]]], remarks: list[str]) -> int:
    """The line of the header: the first row of the usual width in which all are names; 0 if there is none."""
    width = _width(rows)
    for line, cells in rows[:_HEADER_LINES]:
        filled = [each.strip() for each in cells if each.strip()]
        if len(filled) < max(1, width * 0.7) or len(cells) > width + 1:
            continue
        if any(map(_NUMBER.fullmatch, filled)) or any(len(each) > 100 for each in filled):
            break
        if line > 1:
            remarks.append(f"The header is in line {line}; what stands before it is left out.")
        return line
    remarks.append("There is no header, so columns are called by their numbers.")
    return 0


def _shown(path: Path, shape: Shape, remarks: list[str], limits: Limits) -> Guess:
    """The first rows as they are read, which also shows whether they can be."""
    rows: list[Row] = []
    refused: list[Refused] = []
    names = dict.fromkeys(columns(path, shape, limits))
    try:
        for row in islice(read(path, shape, limits), LOOKED_AT):
            if isinstance(row, Refused):
                refused.append(row)
            else:
                names.update(dict.fromkeys(row.values))
                rows.append(row)
    except Unreadable as error:
        if error.code != "FILE_EMPTY" or refused:
            raise
        remarks.append("There are no rows in the file.")
    if refused:
        remarks.append(
            f"Of the first {len(rows) + len(refused)} rows {len(refused)} cannot be read. "
            f"Line {refused[0].line}: {refused[0].text}"
        )
    return Guess(shape, list(names), rows[:SHOWN], remarks)
