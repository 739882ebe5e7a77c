"""Completion by type: what the cursor model says may stand here, as items for an editor."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol import types

from ..catalogue import Component, Field
from ..describe import artifact, dimension
from ..functions import READS_ENVIRONMENT
from ..quantities import UNITS, Quantity
from ..resolve.base import Binding, alternatives
from ..resolve.bindings import PARAM_TYPES, kind_of
from ..resolve.spread import keyed_field
from ..tokens import STATEMENT_WORDS
from ..types import Anything, Artifact, ListOf, MapOf, PathText, Type
from ..types import Text as TextType
from .candidates import Candidate, components, doc_of, fitting, members, units_of
from .cursor import Cursor, Sort
from .markdown import component_page, default_of, default_text, field_page, kind_page
from .paths import entries, path_type
from .positions import Positions
from .say import Say, shown

Kind = types.CompletionItemKind

_KINDS = {
    "word": Kind.EnumMember,
    "component": Kind.Class,
    "name": Kind.Variable,
    "output": Kind.Property,
    "function": Kind.Function,
    "literal": Kind.Keyword,
}
_STATEMENTS = {
    "experiment": "experiment ${1:name} {\n  seed = ${2:7}\n}",
    "import": 'import "${1:file.llx}" as ${2:name}',
    "use": "use ${1:distribution}",
    "param": "param ${1:name} = ${2:value}",
    "let": "let ${1:name} = ${2:value}",
    "expect": "expect ${1:name} = ${2:formula}",
}
_MOST_REQUIRED = 8
"""Required fields that a component's snippet writes out."""


class Completion:
    """Makes the items for one cursor."""

    def __init__(
        self, cursor: Cursor, positions: Positions, say: Say, snippets: bool, again: str | None = None
    ) -> None:
        self.cursor = cursor
        self.analysis = cursor.analysis
        self.positions = positions
        self.say = say
        self.snippets = snippets
        self.again = types.Command("", again) if again else None
        """The editor's command that completes once more: behind a field comes its value."""
        self.range = positions.range(cursor.start, cursor.end)
        after = positions.text[cursor.end : cursor.end + 80].lstrip(" \t")
        self.followed = after[:1] if not after.startswith("==") else ""

    @property
    def on_new_line(self) -> bool:
        """Tell whether only blanks stand before the cursor on its line."""
        before = self.positions.text[: self.cursor.start]
        return "\n" in before[len(before.rstrip()) :]

    def items(self) -> list[types.CompletionItem]:
        """Give the items, best first, each label once."""
        found: dict[str, types.CompletionItem] = {}
        for item in self._items():
            found.setdefault(item.label, item)
        for n, item in enumerate(found.values()):
            item.sort_text = f"{n:04}"
        return list(found.values())

    def _items(self) -> Iterator[types.CompletionItem]:
        cursor = self.cursor
        match cursor.sort:
            case Sort.STATEMENT:
                yield from self.statements()
            case Sort.TYPE:
                yield from self.param_types()
            case Sort.FIELD:
                yield from self.fields()
            case Sort.ARGUMENT:
                if cursor.wanted is not None:
                    yield from self.values(cursor.wanted.type)
                yield from self.fields()
            case Sort.VALUE if cursor.wanted is not None:
                yield from self.values(cursor.wanted.type)
                yield self.item("if", Kind.Keyword, insert="if ${1:condition} then ${2:value} else ${3:value}")
                if self.on_new_line:
                    # A value may stand on the line after `=`, but more likely it was forgotten.
                    yield from self.fields()
            case Sort.STRING if cursor.statement == "import":
                yield from self.files(PathText(), ".llx")
            case Sort.STRING if cursor.wanted is not None:
                yield from self.files(cursor.wanted.type)
            case Sort.PIPED if cursor.wanted is not None:
                yield from self.piped(cursor.wanted.type)
            case Sort.MEMBER:
                yield from self.members()
            case Sort.HOLE:
                yield from self.members() if cursor.base else self.values(Anything(), plain=True)
            case Sort.UNIT:
                yield from self.units(cursor.wanted.type if cursor.wanted else Anything())
            case Sort.AFTER:
                yield from self.after()

    # What each place offers

    def statements(self) -> Iterator[types.CompletionItem]:
        for kind in self.analysis.catalogue.kinds.values():
            page = kind_page(kind, self.say)
            yield self.item(kind.name, Kind.Keyword, kind.description, page, f"{kind.name} ${{1:name}} = $0")
        for word in sorted(STATEMENT_WORDS):
            about = self.say(f"editor.statement.{word}")
            yield self.item(word, Kind.Keyword, about, about, _STATEMENTS[word])

    def param_types(self) -> Iterator[types.CompletionItem]:
        for name, type_ in PARAM_TYPES.items():
            yield self.item(name, Kind.TypeParameter, self.say.type(type_))
        for kind in self.analysis.catalogue.kinds.values():
            yield self.item(kind.name, Kind.TypeParameter, kind.description, kind_page(kind, self.say))

    def fields(self) -> Iterator[types.CompletionItem]:
        component = self.cursor.within.component
        if component is None:
            yield from self.params()
            return
        for field in sorted(component.fields.values(), key=lambda one: not one.required):
            if field.name not in self.cursor.within.given:
                yield self.field(component, field)
        yield from self.keys(component)

    def keys(self, component: Component) -> Iterator[types.CompletionItem]:
        """Offer the names whose values may stand in a component's own block."""
        fields = keyed_field(component)
        named = component.fields[fields[1]].type if fields else None
        if not isinstance(named, MapOf):
            return
        for candidate in fitting(named.item, self.analysis, self.cursor.own):
            if candidate.text.isidentifier() and candidate.text not in self.cursor.within.given:
                yield self.key(self.candidate(candidate))

    def key(self, item: types.CompletionItem) -> types.CompletionItem:
        """Have an item write a name as a key."""
        is_snippet = self.snippets and self.followed != "="
        item.text_edit = types.TextEdit(self.range, f"{item.label} = $0" if is_snippet else item.label)
        form = types.InsertTextFormat
        item.insert_text_format = form.Snippet if is_snippet else form.PlainText
        return item

    def params(self) -> Iterator[types.CompletionItem]:
        """Offer the params of the file that is imported here, or those of this file where a sweep varies them."""
        for param in self.cursor.within.params:
            name = param.name.name
            if name not in self.cursor.within.given:
                value = "$0" if self.cursor.statement == "import" else "[$0]"
                insert = name if self.followed == "=" else f"{name} = {value}"
                yield self.item(name, Kind.Field, f"= {param.value.span.text}", param.doc, insert)

    def field(self, component: Component, field: Field) -> types.CompletionItem:
        insert = field.name if self.followed == "=" else f"{field.name} = $0"
        item = self.item(field.name, Kind.Field, self.say.type(field.type), insert=insert)
        about = self.say("editor.required") if field.required else f" = {default_text(field, self.analysis)}"
        item.label_details = types.CompletionItemLabelDetails(detail=f"  {about.strip()}")
        item.detail = f"{self.say.type(field.type)} ({default_of(field, self.say, self.analysis).replace('`', '')})"
        item.command = self.again if insert != field.name else None
        item.documentation = self.say.page(field_page(component, field, self.say, self.analysis))
        return item

    def values(self, wanted: Type, plain: bool = False) -> Iterator[types.CompletionItem]:
        options = alternatives(wanted)
        if not plain:
            yield from self.default()
            yield from self.literals(options)
        for candidate in fitting(wanted, self.analysis, self.cursor.own):
            if candidate.text == READS_ENVIRONMENT and self.cursor.statement != "param":
                continue
            if not plain or candidate.sort == "name":
                yield self.candidate(candidate)

    def default(self) -> Iterator[types.CompletionItem]:
        """Offer the default of the field that is being set, where it is a number or the like."""
        within = self.cursor.within
        field = within.component.fields.get(within.field) if within.component and within.field else None
        if field is None or field.required or not isinstance(field.default, int | float | Quantity):
            return
        text = default_text(field, self.analysis)
        yield self.item(text, Kind.Value, self.say("editor.default", value=text))

    def literals(self, options: tuple[Type, ...]) -> Iterator[types.CompletionItem]:
        """Offer the brackets and quotes that a value of these types begins with."""
        if not self.snippets or self.positions.text[self.cursor.end : self.cursor.end + 1] in ("[", "{", '"'):
            return
        for option in options:
            match option:
                case ListOf():
                    yield self.item("[…]", Kind.Snippet, self.say.type(option), insert="[$0]")
                case MapOf():
                    yield self.item("{…}", Kind.Snippet, self.say.type(option), insert="{ $0 }")
                case TextType() | PathText():
                    yield self.item('"…"', Kind.Snippet, self.say.type(option), insert='"$0"')

    def piped(self, wanted: Type) -> Iterator[types.CompletionItem]:
        for name, component in components(alternatives(wanted), self.analysis):
            first = component.positional[:1]
            if first and _takes_data(component.fields[first[0]].type):
                yield self.candidate(Candidate(name, "component", component.kind, component=component), piped=True)

    def members(self) -> Iterator[types.CompletionItem]:
        cursor = self.cursor
        prefix = ".".join(cursor.base) + "."
        for name, value in members(cursor.base, self.analysis).items():
            if isinstance(value, Binding):
                yield self.item(name, Kind.Variable, kind_of(self.analysis.context, value) or "", doc_of(value))
            elif isinstance(value, Artifact):
                yield self.item(name, Kind.Property, self.say.text(artifact(value)))
            else:
                yield self.item(name, Kind.Property, shown(value, self.analysis))
        options = alternatives(cursor.wanted.type) if cursor.wanted else ()
        for name, component in components(options, self.analysis):
            if name.startswith(prefix):
                short = name.removeprefix(prefix)
                yield self.candidate(Candidate(short, "component", component.kind, component=component))

    def units(self, wanted: Type) -> Iterator[types.CompletionItem]:
        for unit in units_of(wanted):
            yield self.item(unit, Kind.Unit, self.say("editor.unit", dimension=dimension(UNITS[unit][0])))

    def after(self) -> Iterator[types.CompletionItem]:
        """Offer what goes on with a value that has ended."""
        if self.positions.text[self.cursor.start - 1 : self.cursor.start] in (" ", "\t"):
            yield self.item("with", Kind.Keyword, insert="with { $0 }")
            yield self.item("|>", Kind.Operator, insert="|> $0")
            for word in ("then", "else", "and", "or"):
                yield self.item(word, Kind.Keyword)

    def files(self, wanted: Type, suffix: str = "") -> Iterator[types.CompletionItem]:
        """Offer what lies in the folder that a string names so far."""
        type_, string, source = path_type(wanted), self.cursor.place.string, self.analysis.source
        if type_ is None or string is None:
            return
        text, first = self.positions.text, string[0] + 1
        start = max(text.rfind("/", first, self.cursor.start) + 1, first)
        end = min([at for sign in '/"\n' if (at := text.find(sign, self.cursor.end)) >= 0], default=len(text))
        folder = (source.path.parent if source.path else self.analysis.root) / text[first:start]
        self.range = self.positions.range(start, end)
        for name in (one for one in entries(folder, type_) if one.endswith((suffix, "/"))):
            yield self.item(name, Kind.Folder if name.endswith("/") else Kind.File)

    # Items

    def candidate(self, candidate: Candidate, piped: bool = False) -> types.CompletionItem:
        kind = _KINDS[candidate.sort]
        if candidate.component is not None:
            component = candidate.component
            title = component.description.split("\n", 1)[0]
            insert = self.call(candidate.text, component, piped)
            page = component_page(component, self.say, self.analysis)
            return self.item(
                candidate.text, kind, f"{candidate.kind}: {title}" if title else candidate.kind, page, insert
            )
        if candidate.sort == "function":
            about = self.say(f"editor.function.{candidate.text}")
            return self.item(candidate.text, kind, about, insert=f"{candidate.text}($0)")
        if candidate.sort == "output":
            return self.item(candidate.text, kind, self.say.text(artifact(candidate.value)), candidate.doc)
        if candidate.sort == "name":
            plain = not candidate.kind
            detail = f"= {shown(candidate.value, self.analysis)}" if plain else candidate.kind
            return self.item(candidate.text, Kind.Constant if plain else kind, detail, candidate.doc)
        return self.item(candidate.text, kind)

    def call(self, name: str, component: Component, piped: bool) -> str:
        """Write a component as a snippet: its required fields are there to be filled in."""
        if self.followed in ("{", "("):
            return name
        fields = component.fields
        positional = component.positional[1:] if piped else component.positional
        first = [field for field in positional if fields[field].required]
        named = [field.name for field in fields.values() if field.required and field.name not in component.positional]
        if len(first) + len(named) > _MOST_REQUIRED:
            named = []
        if component.positional:
            inside = [f"${{{n}:{field}}}" for n, field in enumerate(first, 1)]
            inside += [f"{field} = ${n}" for n, field in enumerate(named, len(first) + 1)]
            return f"{name}({', '.join(inside)})" if inside else f"{name}($0)" if piped or first else name
        if not named:
            return f"{name} {{ $0 }}" if self.analysis.context.is_task(component.kind) else name
        lines = "".join(f"  {field} = ${n}\n" for n, field in enumerate(named, 1))
        return f"{name} {{\n{lines}}}" if len(named) > 2 else f"{name} {{ {lines.strip().replace(chr(10), ',')} }}"

    def item(
        self, label: str, kind: types.CompletionItemKind, detail: str = "", page: str = "", insert: str | None = None
    ) -> types.CompletionItem:
        text = insert if insert is not None and self.snippets else label
        snippet = insert is not None and self.snippets and "$" in insert
        return types.CompletionItem(
            label,
            kind=kind,
            detail=detail or None,
            documentation=self.say.page(page) if page else None,
            text_edit=types.TextEdit(self.range, text),
            insert_text_format=types.InsertTextFormat.Snippet if snippet else types.InsertTextFormat.PlainText,
            filter_text=label,
        )


def _takes_data(type_: Type) -> bool:
    return any(isinstance(option, Artifact) for option in alternatives(type_))
