"""XLSX files as spreadsheet programs write them, made by hand so that every odd thing can be in them."""

import io
import zipfile
from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def letters(column: int) -> str:
    """The letters of a column, from 0."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


class Raw(str):
    """A cell as its XML, with `{r}` where its place stands."""


def cell(value: object, place: str, shared: dict[str, int]) -> str:
    if isinstance(value, Raw):
        return value.replace("{r}", place)
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, (int, float)):
        return f'<c r="{place}"><v>{value}</v></c>'
    number = shared.setdefault(str(value), len(shared))
    return f'<c r="{place}" t="s"><v>{number}</v></c>'


def sheet(rows: Iterable[Iterable[object]], shared: dict[str, int]) -> str:
    """The XML of a sheet; a cell that is None is left out, and so is a row without any."""
    lines = []
    for number, row in enumerate(rows, 1):
        cells = [
            cell(value, f"{letters(column)}{number}", shared)
            for column, value in enumerate(row)
            if value is not None
        ]
        if cells:
            lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f'{_DECLARATION}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def workbook(
    sheets: dict[str, Iterable[Iterable[object]]] | Iterable[Iterable[object]],
    hidden: Iterable[str] = (),
    shared_xml: str | None = None,
    sheet_xml: str | None = None,
    more: dict[str, bytes] | None = None,
) -> bytes:
    """The bytes of a workbook with these sheets, or with one."""
    named = sheets if isinstance(sheets, dict) else {"List": sheets}
    shared: dict[str, int] = {}
    parts = {
        f"xl/worksheets/sheet{n}.xml": sheet_xml or sheet(rows, shared)
        for n, rows in enumerate(named.values(), 1)
    }
    told = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n}"'
        f"{' state=' + quoteattr('hidden') if name in hidden else ''}/>"
        for n, name in enumerate(named, 1)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(named) + 1)
    )
    texts = "".join(f'<si><t xml:space="preserve">{escape(text)}</t></si>' for text in shared)
    overrides = "".join(
        f'<Override PartName="/{name}" ContentType="{_KINDS}.worksheet+xml"/>' for name in parts
    )
    parts |= {
        "[Content_Types].xml": f'{_DECLARATION}<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>{overrides}'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_KINDS}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_DECLARATION}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f"{told}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}">{related}'
        f'<Relationship Id="s" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": shared_xml or f'{_DECLARATION}<sst xmlns="{_MAIN}">{texts}</sst>',
    }
    return zipped(parts | (more or {}))


def zipped(files: dict[str, str | bytes]) -> bytes:
    """A zip of these files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in files.items():
            box.writestr(zipfile.ZipInfo(name, (2026, 11, 25, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()
