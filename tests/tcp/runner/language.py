# SPDX-License-Identifier: BSD-2-Clause
"""Lines of a script to steps.  Nothing here knows a stack; README.md tells the language."""

import dataclasses
import re

from . import segment

TIME = re.compile(r"\+(\d+(?:\.\d+)?)(?:\.\.(\d+(?:\.\d+)?))?(?:\s+|$)")
WIRE = re.compile(r"([a-z])?([<>])(\?)?\s+(.*)")
CALL = re.compile(r"(?:(\w+)\s*=\s*)?([a-z_]+)\((.*)\)\s*(&)?\s*(?:=\s*(.+))?$")
SEQ = re.compile(r"(-?\d+|\*)(?::(-?\d+|\*)(?:\((\d+|\*)\))?)?$")
COMMANDS = ("sysctl", "cc", "mtu", "flow", "info", "state", "diag", "silence", "drain", "ip", "wait", "check",
            "only")


class ScriptError(Exception):
    """The script itself is wrong."""


class Want:
    """What a number may be: `5`, `5..9`, `>=5`, `*`."""

    def __init__(self, text):
        self.text = text.strip()
        found = re.fullmatch(r"(-?\d+)\.\.(-?\d+)", self.text)
        compare = re.fullmatch(r"(==|!=|<=|>=|<|>)\s*(-?\d+)", self.text)
        if self.text == "*":
            self.test = lambda n: True
        elif found:
            low, high = int(found[1]), int(found[2])
            self.test = lambda n: low <= n <= high
        elif compare:
            limit = int(compare[2])
            self.test = {"==": limit.__eq__, "!=": limit.__ne__, "<=": limit.__ge__, ">=": limit.__le__,
                         "<": limit.__gt__, ">": limit.__lt__}[compare[1]]
        else:
            self.test = int(self.text, 0).__eq__

    def __call__(self, number):
        return bool(self.test(number))

    def number(self):
        return int(self.text, 0)


@dataclasses.dataclass
class Step:
    line: int
    text: str
    kind: str                           # packet, icmp, stream, call, or a command
    after_s: float = 0.0                # since the step before
    until_s: float = None               # the latest moment of something expected
    timed: bool = False
    flow: str = "a"
    out: bool = False                   # the stack sends it
    maybe: bool = False                 # it may also not come
    words: dict = dataclasses.field(default_factory=dict)


class Script:
    """The steps of a file."""

    def __init__(self, path):
        self.path = path
        self.title, self.steps, self.sysctls = "", [], {}
        self.cc, self.mtu, self.only = "reno", 1500, None     # only: ipv4 or ipv6
        self._names = set()

    @classmethod
    def load(cls, path):
        script = cls(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        first = next((line for line in text.split("\n") if line.strip()), "")
        if not first.startswith("# ") or not first.rstrip().endswith("."):
            raise ScriptError(f"{path}: the first line is a comment, and a sentence")
        script.title = first[2:].strip()
        script.add(text)
        return script

    def add(self, text):
        """The steps of some more lines."""
        before = len(self.steps)
        for number, line in _unrolled(self.path, list(enumerate(text.split("\n"), 1))):
            self._line(number, line)
        return self.steps[before:]

    def error(self, number, text, why):
        return ScriptError(f"{self.path}:{number}: {why}: {text}")

    def _line(self, number, text):
        text = text.strip()
        if not text or text.startswith("#"):
            return
        step = Step(number, text, "pause")
        found = TIME.match(text)
        if found:
            step.timed, step.after_s = True, float(found[1])
            step.until_s = float(found[2]) if found[2] else None
            text = text[found.end():]
        try:
            self._statement(step, text)
        except (ValueError, KeyError, IndexError) as error:
            raise self.error(number, step.text, error) from error

    def _statement(self, step, text):
        word = text.split(" ", 1)[0]
        wire = WIRE.match(text)
        call = CALL.match(text)
        if wire:
            self._wire(step, wire)
        elif not text:
            self.steps.append(step)
        elif word in ("server", "client", "listen"):
            self._macro(step, word, text)
        elif word in COMMANDS:
            self._command(step, word, text[len(word):].strip())
        elif call:
            self._call(step, call)
        else:
            raise ValueError("nobody understands this")

    def _command(self, step, word, rest):
        step.kind = word
        step.words = {"rest": rest}
        early = not any(s.kind not in ("flow",) for s in self.steps)
        if word == "sysctl":
            key, _, value = rest.partition("=")
            step.words = {"key": key.strip(), "value": value.strip().strip('"')}
            if early:
                self.sysctls[step.words["key"]] = step.words["value"]
                return
        elif word in ("cc", "mtu", "only"):
            if not early:
                raise ValueError("belongs at the top")
            setattr(self, word, int(rest) if word == "mtu" else rest)
            return
        elif word == "silence":
            step.words = {"during_s": float(rest)}
        elif word == "drain":
            self._drain(step, rest)
        elif word == "check":
            step.words = _named(re.fullmatch(r"\$(?P<first>\w+)-\$(?P<second>\w+) in (?P<want>\S+)", rest))
        elif word == "wait":
            step.words = _named(re.fullmatch(r"(?P<name>\w+)\s*=\s*(?P<want>.+)", rest))
        elif word == "info":
            name, _, tests = rest.partition(" ")
            step.words = {"name": name, "tests": [_info_test(t) for t in tests.split(",")]}
        elif word in ("state", "diag"):
            step.words = _named(re.fullmatch(r"(?P<name>\w+)\s*=\s*(?P<want>\S+)", rest))
        elif word == "flow":
            name, *words = rest.split()
            keys = {"peer": "peer", "stack": "port", "iss": "iss", "as": "like"}
            step.words = {"name": name, **{keys[k]: v for k, v in zip(words[::2], words[1::2])}}
        self.steps.append(step)

    @staticmethod
    def _drain(step, rest):
        """drain SECONDS [count N] [last > packet]"""
        step.words = _named(re.fullmatch(r"(?P<during_s>[\d.]+)(?: count (?P<count>\S+))?(?: last (?P<last>.*))?",
                                         rest))
        step.words["during_s"] = float(step.words["during_s"])
        if "last" in step.words:
            wire = WIRE.match(step.words["last"])
            step.flow, step.words["last"] = wire[1] or "a", _packet_words(wire[4])

    def _call(self, step, found):
        name, function, args, background, want = found.groups()
        step.kind = "call"
        step.words = {"name": name, "function": function, "args": _arguments(args), "background": bool(background),
                      "want": want.strip() if want else None}
        if name:
            self._names.add(name)
        self.steps.append(step)

    def _macro(self, step, word, text):
        """Handshakes, written out as the lines that they are."""
        for line in _macro_lines(word, text, self._names):
            before = len(self.steps)
            self._line(step.line, line)
            for made in self.steps[before:]:
                made.text = f"{step.text}   [{line}]"

    # ---- the wire ---------------------------------------------------------

    def _wire(self, step, found):
        step.flow, step.out, step.maybe = found[1] or "a", found[2] == ">", bool(found[3])
        rest = found[4]
        if rest.startswith("icmp "):
            step.kind = "icmp"
            step.words = _icmp_words(rest.split()[1:])
        elif rest.startswith("stream "):
            step.kind = "stream"
            step.words = _named(re.fullmatch(r"stream (?P<seq>\d+):(?P<end>\d+)(?: segs (?P<segs>\S+))?"
                                             r"(?: ack (?P<ack>\d+))?", rest))
        else:
            step.kind = "packet"
            step.words = _packet_words(rest)
        self.steps.append(step)


def _unrolled(path, lines):
    """`repeat N as i` ... `end`, written out; {expressions} of i are computed."""
    out, at = [], 0
    while at < len(lines):
        number, text = lines[at]
        found = re.fullmatch(r"\s*repeat (\d+) as (\w+)\s*", text)
        if not found:
            out.append((number, text))
            at += 1
            continue
        depth, end = 1, at + 1
        while depth:
            if end >= len(lines):
                raise ScriptError(f"{path}:{number}: repeat without end")
            word = lines[end][1].strip()
            depth += word.startswith("repeat ") - (word == "end")
            end += 1
        for i in range(int(found[1])):
            body = [(n, _computed(line, {found[2]: i})) for n, line in lines[at + 1:end - 1]]
            out += _unrolled(path, body)
        at = end
    return out


def _computed(line, names):
    """{expressions} of known names as numbers; names of inner loops wait for their turn."""
    def value(found):
        text = re.sub(r"[a-z_]+", lambda word: str(names.get(word[0], word[0])), found[1])
        if re.search("[a-z_]", text):
            return "{" + text + "}"
        return str(eval(text, {"__builtins__": {}}))    # arithmetic of a test's author
    return re.sub(r"\{([^}]*)\}", value, line)


def _named(found):
    if not found:
        raise ValueError("nobody understands this")
    return {key: value for key, value in found.groupdict().items() if value is not None}


def _info_test(text):
    found = re.fullmatch(r"\s*(?:tcpi_)?(\w+)\s*(==|!=|<=|>=|<|>|=|in)\s*(\S+)\s*", text)
    if not found:
        raise ValueError(f"not a test of a field: {text}")
    sign = "" if found[2] in ("==", "=", "in") else found[2]
    return found[1], Want(sign + found[3])


def _arguments(text):
    """Split at commas that are not in quotes."""
    return [part.strip() for part in re.findall(r'(?:"[^"]*"|[^,"])+', text)] if text.strip() else []


def _icmp_words(words):
    step = {"kind": words[0], "mtu": 0, "seq": 1}
    rest = words[1:]
    while rest:
        key = rest.pop(0)
        if key not in ("mtu", "seq", "from"):
            raise ValueError(key)
        step[key] = rest.pop(0) if key == "from" else int(rest.pop(0))
    return step


def _packet_words(text):
    """flags seq:end(len), then what is said of the packet."""
    step = {"options": None}
    found = re.search(r"<([^>=]*)>\s*(.*)$", text)
    if found:
        step["options"] = options_of(found[1])
        text = text[:found.start()] + found[2]
    found = re.search(r'data "([^"]*)"', text)
    if found:
        step["data"] = found[1].encode().decode("unicode_escape").encode("latin-1")
        text = text[:found.start()] + text[found.end():]
    words = text.split()
    letters = words.pop(0)
    step["flags"] = 0 if letters == "-" else segment.flags_of(letters.replace("?", ""))
    plain = "P" not in letters and "S" not in letters and "R" not in letters
    step["flags_loose"] = segment.PSH if plain or "P?" in letters else 0    # where a train of segments is cut varies
    seq, end, size = SEQ.match(words.pop(0)).groups()
    step["seq"], step["end"] = seq, end
    step["size"] = size if size is not None else ("*" if "*" in (seq, end or "*") else str(int(end) - int(seq)))
    while words:
        word = words.pop(0)
        if word in ("badsum", "df", "nodf", "l2broadcast", "l2other") or word in segment.ECN_NAMES:
            step[word] = True
        elif word in ("ack", "win", "urg", "ttl", "doff", "id", "reserved"):
            step[word] = Want(words.pop(0))
        elif word == "data" and words[0] == "*":
            step["data"] = words.pop(0)
        else:
            raise ValueError(word)
    return step


def options_of(text):
    """[(name, value...)] in the script's words; the name `...` says that more may follow."""
    found = []
    for part in [p.strip() for p in text.split(",") if p.strip()]:
        word, _, rest = part.partition(" ")
        rest = rest.strip()
        if word == "TS":
            given = re.fullmatch(r"(?:val (?P<val>\S+))?\s*(?:ecr (?P<ecr>\S+))?", rest)
            if not given:
                raise ValueError(part)
            found.append(("TS", given["val"] or "*", given["ecr"] or "*"))
        elif word == "sack":
            found.append(("sack", [tuple(int(n) for n in block.split(":")) for block in rest.split()]))
        elif word in ("mss", "wscale"):
            found.append((word, rest))
        elif word == "FO":
            found.append((word, rest))
        elif word == "raw":
            found.append((word, bytes.fromhex(rest)))
        elif word in ("sackOK", "nop", "eol", "..."):
            found.append((word,))
        else:
            raise ValueError(part)
    return found


def _macro_lines(word, text, names):
    """listen [l] [backlog N]; server s [flow] <options> [win N] [rtt S]; client s ... the same."""
    found = re.search(r"<(.*)>", text)
    options = found[1] if found else "mss 1460"
    if found:
        text = text[:found.start()] + text[found.end():]
    words = text.split()[1:]
    sock = words.pop(0) if words else "l"
    given = {"win": "65535", "rtt": "0.1", "flow": "a", "backlog": "10", "port": "8080" if word != "client" else "80"}
    while words:
        key = words.pop(0)
        if key not in given:
            raise ValueError(key)
        given[key] = words.pop(0)
    flow, win, rtt = given["flow"] if given["flow"] != "a" else "", given["win"], given["rtt"]
    listener = sock if word == "listen" else "l"
    if word == "client":
        made = [] if sock in names else [f"{sock} = socket()"]
        return made + [f"connect({sock}, {given['port']}) = EINPROGRESS", f"{flow}> S 0:0(0) <...>",
                       f"+{rtt} {flow}< S. 0:0(0) ack 1 win {win} <{options}>", f"{flow}> . 1:1(0) ack 1"]
    made = [] if listener in names else [f"{listener} = socket()"]
    if listener + ".listens" not in names:
        names.add(listener + ".listens")
        made += [f"bind({listener}, {given['port']}) = 0", f"listen({listener}, {given['backlog']}) = 0"]
    if word == "listen":
        return made
    return made + [f"{flow}< S 0:0(0) win {win} <{options}>", f"{flow}> S. 0:0(0) ack 1 <...>",
                   f"+{rtt} {flow}< . 1:1(0) ack 1 win {win}", f"{sock} = accept({listener})"]
