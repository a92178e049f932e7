#!/usr/bin/env python3
"""Writes src/LlmCourse/Tokenization/Unicode/UnicodeTables.cs.

The parts of tokenizer.json do not agree on one version of Unicode, so the tables are taken from measurements
(ranges of code points in a codepoints.json.gz), not from the runtime. Combining classes come from Python's unicodedata,
scripts from perl. Each table is a list of numbers (varints), deflated, in base64.

usage: eng/unicode-tables.py codepoints.json.gz > src/LlmCourse/Tokenization/Unicode/UnicodeTables.cs
"""
import base64, gzip, json, subprocess, sys, unicodedata, zlib


# What Unicode 15 to 16 added and perl's tables may lack: ideographs (extensions I and H) and emoji.
NEW_HAN = [[0x2EBF0, 0x2EE5D], [0x31350, 0x323AF]]
NEW_EMOJI = [[0x1F6DC, 0x1F6DC], [0x1FA75, 0x1FA77], [0x1FA87, 0x1FA89], [0x1FA8F, 0x1FA8F], [0x1FAAD, 0x1FAAF], [0x1FABB, 0x1FABF],
             [0x1FAC6, 0x1FAC6], [0x1FACE, 0x1FACF], [0x1FADA, 0x1FADC], [0x1FADF, 0x1FADF], [0x1FAE8, 0x1FAE9], [0x1FAF7, 0x1FAF8]]


def varints(numbers):
    out = bytearray()
    for n in numbers:
        while n >= 128:
            out.append(n & 127 | 128)
            n >>= 7
        out.append(n)
    return bytes(out)


def ranges(pairs):
    """Gap from the last end, then length - 1."""
    numbers, at = [], 0
    for first, last in pairs:
        numbers += [first - at, last - first]
        at = last + 1
    return numbers


def mapping(table):
    """Gap from the last key, count of code points, the code points."""
    numbers, at = [], 0
    for key in sorted(table):
        numbers += [key - at, len(table[key])] + [ord(c) for c in table[key]]
        at = key
    return numbers


def grouped(pairs):
    """(code point, value) pairs as gap, length - 1, value."""
    numbers, at, runs = [], 0, []
    for point, value in pairs:
        if runs and runs[-1][1] == point - 1 and runs[-1][2] == value:
            runs[-1][1] = point
        else:
            runs.append([point, point, value])
    for first, last, value in runs:
        numbers += [first - at, last - first, value]
        at = last + 1
    return numbers


def members(pairs):
    return {c for first, last in pairs for c in range(first, last + 1)}


def as_ranges(points):
    result = []
    for point in sorted(points):
        if result and result[-1][1] == point - 1:
            result[-1][1] = point
        else:
            result.append([point, point])
    return result


def scripts():
    """Script of each code point as perl knows it: name -> ranges."""
    program = r'''
        use Unicode::UCD qw(prop_invmap);
        my ($starts, $names) = prop_invmap("Script");
        for my $i (0 .. $#$starts) { print $starts->[$i], " ", $names->[$i], "\n"; }'''
    rows = [line.split() for line in subprocess.check_output(["perl", "-e", program], text=True).splitlines()]
    starts = [int(start) for start, _ in rows] + [0x110000]
    table = {}
    for i, (_, name) in enumerate(rows):
        table.setdefault(name, []).append([starts[i], starts[i + 1] - 1])
    table.pop("Unknown", None)
    table["Han"] += NEW_HAN
    return table


def perl_properties():
    program = r'''
        use Unicode::UCD qw(prop_invlist);
        print join(" ", prop_invlist("Emoji")), "\n"; print join(" ", prop_invlist("Extended_Pictographic")), "\n";
        print join(" ", prop_invlist("Alphabetic")), "\n";'''
    result = []
    for line in subprocess.check_output(["perl", "-e", program], text=True).splitlines():
        edges = [int(n) for n in line.split()]
        result.append([[edges[i], edges[i + 1] - 1] for i in range(0, len(edges), 2)])
    return result


def main():
    facts = json.load(gzip.open(sys.argv[1]))
    normal = facts["normalizers"]
    by_key = lambda name: {int(k, 16): v for k, v in normal[name]["mapped"].items()}
    uncased, cased = members(normal["bert_uncased"]["removed"]), members(normal["bert_cased"]["removed"])
    tables = {
        "Letter": ranges(facts["byte_level_regex"]["letter"]),
        "Number": ranges(facts["byte_level_regex"]["number"]),
        "Numeric": ranges(facts["digits_is_numeric"]["ranges"]),
        "BertPunctuation": ranges(facts["bert_pre_tokenizer"]["punctuation"]),
        "BertRemoved": ranges(normal["bert_cased"]["removed"]),
        "BertAccent": ranges(as_ranges(uncased - cased)),
        "Mark": ranges(normal["strip_accents"]["removed"]),
        "Lower": mapping(by_key("lowercase")),
        "Canonical": mapping(by_key("nfd")),
        "Compatibility": mapping(by_key("nfkc")),
        "CombiningClass": grouped((c, unicodedata.combining(chr(c))) for c in range(0x110000)
                                  if unicodedata.combining(chr(c))),
    }
    properties = perl_properties()
    emoji = members(properties[0] + NEW_EMOJI)
    tables["Emoji"], tables["Pictographic"] = ranges(as_ranges(emoji)), ranges(properties[1])
    marks = members(normal["strip_accents"]["removed"])
    tables["AlphabeticMark"] = ranges(as_ranges(members(properties[2]) & marks))
    by_name = scripts()
    names = sorted(by_name)
    at = [(first, last, i) for i, name in enumerate(names) for first, last in by_name[name]]
    numbers, end = [], 0
    for first, last, i in sorted(at):
        numbers += [first - end, last - first, i]
        end = last + 1
    tables["Script"] = numbers

    print("// <auto-generated/> by eng/unicode-tables.py: do not edit.")
    print("namespace LlmCourse.Tokenization.Unicode;\n")
    print("internal static class UnicodeTables\n{")
    print("    public static readonly string[] ScriptNames =\n    [")
    for i in range(0, len(names), 6):
        print("        " + " ".join(f'"{name}",' for name in names[i:i + 6]))
    print("    ];")
    for name, numbers in tables.items():
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        text = base64.b64encode(packer.compress(varints(numbers)) + packer.flush()).decode()
        lines = [text[i:i + 150] for i in range(0, len(text), 150)]
        print(f"\n    public const string {name} =\n        " + "\n        + ".join(f'"{line}"' for line in lines) + ";")
    print("}")


main()
