#!/bin/sh
# SPDX-License-Identifier: MIT
# Outgoing mail handed to a server by SMTP over TLS, with a login: to whom a message and a password go,
# and to whom they do not.
. "${srcdir:-..}/tests/tap.sh"
command -v openssl >/dev/null || skip_all "openssl is not installed"
python3 -c 'import ssl' 2>/dev/null || skip_all "Python has no TLS"
[ -f "${BACKSTOP%/*}/backstop-tls.so" ] || skip_all "this build has no libssl"

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$scratch/key.pem" -out "$scratch/cert.pem" 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout "$scratch/k2" -out "$scratch/other.pem" 2>/dev/null
cat >"$scratch/server.py" <<'END'
import base64, os, socket, ssl, sys
scratch = os.environ["scratch"]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(scratch + "/cert.pem", scratch + "/key.pem")
listening = socket.create_server(("127.0.0.1", 0))
with open(scratch + "/port.new", "w") as f: f.write(str(listening.getsockname()[1]))
os.rename(scratch + "/port.new", scratch + "/port")
while True:
    raw, _ = listening.accept()
    try:
        mode = open(scratch + "/mode").read().split()
        heard = open(scratch + "/heard", "a")
        secure = "smtps" in mode
        peer = context.wrap_socket(raw, server_side=True) if secure else raw
        def send(text): peer.sendall((text + "\r\n").encode())
        send("220 ready")
        buffer = b""
        while True:
            while b"\n" not in buffer:
                more = peer.recv(4096)
                if not more: raise EOFError
                buffer += more
            line, buffer = buffer.split(b"\n", 1)
            line = line.decode("latin1").strip()
            print("tls" if secure else "plain", line, file=heard, flush=True)
            verb = line.split(" ")[0].upper()
            if verb == "EHLO":
                send("250-here")
                if not secure and "starttls" in mode: send("250-STARTTLS")
                if "noauth" not in mode: send("250-AUTH LOGIN PLAIN")
                send("250 8BITMIME")
            elif verb == "STARTTLS":
                send("220 go\r\n250 injected" if "inject" in mode else "220 go")
                peer = context.wrap_socket(raw, server_side=True); secure = True; buffer = b""
            elif verb == "AUTH":
                good = base64.b64decode(line.split(" ")[2]) == b"\0me\0secret word"
                send("235 welcome" if good else "535 no")
            elif verb == "DATA":
                send("354 go")
                while not buffer.endswith(b"\r\n.\r\n"): buffer += peer.recv(4096)
                buffer = b""; send("250 taken")
            elif verb == "QUIT": send("221 bye"); break
            else: send("250 ok")
    except (OSError, EOFError): pass
    finally: raw.close()
END
python3 "$scratch/server.py" 2>"$scratch/server.err" & pid=$!
at_exit='kill $pid 2>/dev/null'
for _ in $(seq 100); do [ -f "$scratch/port" ] && break; sleep 0.1; done
port=$(cat "$scratch/port")
echo 'secret word' >"$scratch/password"
echo wrong >"$scratch/wrong"
echo 'redirect "other@example.net";' >"$HOME/.dovecot.sieve"

number=0
try() { # MODE SERVER [SETTING...]: a new message, redirected through a server in this MODE
    number=$((number + 1))
    echo "$1" >"$scratch/mode"
    server=$2
    shift 2
    printf 'From: a@example.org\nMessage-ID: <%s@example.org>\n\nx\n' $number >"$scratch/m"
    : >"$scratch/heard"
    : >"$HOME/log"
    for setting in "$@"; do set -- "$@" --set "$setting"; shift; done
    "$BACKSTOP" --set log.destination="$HOME/log" --set sendmail.server="$server:$port" \
        --set sendmail.tls-ca="$scratch/cert.pem" --set sendmail.timeout=5s "$@" \
        -f a@example.org -a me@example.com <"$scratch/m"
}
heard() { cut -d' ' -f1,2 "$scratch/heard" | tr '\n' ','; }
trouble() { sed -n 's/.* reason="redirect: [^ ]*: \(.*\)"$/\1/p' "$HOME/log" | sed 's/\\"/"/g'; }

expect_code 0 "smtps://" try "smtps" smtps://localhost
is "$(heard)" "tls EHLO,tls MAIL,tls RCPT,tls DATA,tls QUIT," "all is said under TLS"
expect_code 0 "STARTTLS" try "starttls" smtp://localhost sendmail.starttls=yes
is "$(heard)" "plain EHLO,plain STARTTLS,tls EHLO,tls MAIL,tls RCPT,tls DATA,tls QUIT," "nothing but EHLO before it"
expect_code 75 "a server that offers none" try "" smtp://localhost sendmail.starttls=yes
is "$(heard)" "plain EHLO,plain QUIT," "gets no mail"
is "$(trouble)" "it offers no STARTTLS, which sendmail.starttls wants" "and the log says so"
expect_code 75 "what comes in the open after STARTTLS" try "starttls inject" smtp://localhost sendmail.starttls=yes
is "$(trouble)" "it talks before TLS has begun" "is not taken for an answer"
expect_code 75 "a certificate that nobody vouches for" try "smtps" smtps://localhost sendmail.tls-ca="$scratch/other.pem"
is "$(heard)" "" "gets no mail"
is "$(trouble | sed 's/.*; //')" "sendmail.tls-ca names the authorities to trust" "and the log names the setting"
expect_code 75 "a certificate for another host" try "smtps" smtps://127.0.0.1
is "$(heard)" "" "gets no mail either"
expect_code 0 "unless its name does not matter" try "smtps" smtps://127.0.0.1 sendmail.tls-check-name=no
expect_code 75 "a server that speaks no TLS" try "" smtps://localhost
is "$(trouble | sed 's/.*; //')" "it speaks no TLS there: set sendmail.starttls, with smtp://" "is found out"
expect_code 75 "a file of authorities that is none" try "smtps" smtps://localhost sendmail.tls-ca="$scratch/m"
is "$(grep -c "sendmail.tls-ca (.*): $scratch/m: " "$HOME/log")" 1 "is named"

login="sendmail.user=me sendmail.password-file=$scratch/password"
# shellcheck disable=SC2086
{
    expect_code 0 "a login" try "smtps" smtps://localhost $login
    is "$(heard)" "tls EHLO,tls AUTH,tls MAIL,tls RCPT,tls DATA,tls QUIT," "comes before the mail"
    expect_code 75 "a password over a network without TLS" try "" smtp://0.0.0.0 $login
    is "$(heard)/$(trouble)" "plain EHLO,plain QUIT,/a password is not sent without TLS: set sendmail.starttls, or write smtps://" \
        "is not sent"
    expect_code 75 "a server that offers no login" try "smtps noauth" smtps://localhost $login
    is "$(trouble)" "it offers no AUTH PLAIN" "is told of"
}
expect_code 75 "a wrong password" try "smtps" smtps://localhost sendmail.user=me sendmail.password-file="$scratch/wrong"
is "$(trouble)" 'to AUTH it said "535 no"' "is the server's to refuse"
is "$(grep -c "$(printf '\0me\0wrong' | openssl base64 -A)" "$HOME/log")" 0 "and stands in no log"
expect_code 75 "no password file" try "smtps" smtps://localhost sendmail.user=me sendmail.password-file="$scratch/none"
is "$(grep -c "sendmail.password-file: .*$scratch/none" "$HOME/log")" 1 "is named"
is "$(find "$HOME/Maildir" -type f 2>/dev/null | wc -l | tr -d ' ')" 0 "nothing is filed for what will be tried again"
plan
