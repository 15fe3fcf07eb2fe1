# SPDX-License-Identifier: MIT
# base.py CASES PROGRAM DIRECTORY [ENGINE DIFFERENCES]: runs each case with `PROGRAM sieve run`, prints TAP.
# Cases that the file DIFFERENCES names must differ.
import re
import subprocess
import sys

cases_path, program, directory = sys.argv[1:4]
engine = sys.argv[4] if len(sys.argv) > 4 else "backstop"
differing = set()
if len(sys.argv) > 5:
    with open(sys.argv[5]) as lines:
        differing = {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
names = {}
exec(open(cases_path).read().split("if __name__")[0], names)


def write(name, data):
    path = f"{directory}/{name}"
    with open(path, "wb") as out:
        out.write(data)
    return path


def actions_of(output):
    if " error: " in output:
        return "ERR"
    got = []
    for match in re.finditer(r'^  (implicit keep|\w+)(?: text)?(?: "((?:[^"\\]|\\.)*)")?', output, re.M | re.S):
        kind, value = match.groups()
        kind = "keep" if kind == "implicit keep" else kind
        value = (value or "").replace("\r\n", "\\n").replace("\n", "\\n")
        got.append(kind if kind in ("keep", "discard", "vacation") else f"{kind}:{value}")
    if len(got) > 1:
        got = [action for action in got if action != "discard"]
    return sorted(got)


def same(want, got):
    if want == "ERR" or got == "ERR":
        return want == got
    if len(want) != len(got):
        return False
    return all(action in choice.split("|") for choice, action in zip(sorted(want), got))


cases = names["C"]
print(f"1..{len(cases)}")
failed = 0
for number, (name, area, script, want, options) in enumerate(cases, 1):
    text = options.get("msg", names["MSG"])
    message = text.encode() if isinstance(text, str) else text
    size = len(message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    script = script.replace("@SIZE-1@", str(size - 1)).replace("@SIZE+1@", str(size + 1))
    script = script.replace("@SIZE@", str(size))
    run = subprocess.run(
        [program, "sieve", "run", f"--engine={engine}", "-f", options.get("frm", "a@example.com"), "-r", "me+box@example.org",
         write("case.sieve", script.encode()), write("case.eml", message)],
        capture_output=True, text=True, errors="replace")
    got = actions_of(run.stdout)
    good = same(want, got) != (name in differing)
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} - {area}: {name}")
    if not good:
        print(f"# wanted {want}, got {got}")
sys.exit(failed > 0)
