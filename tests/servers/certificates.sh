# SPDX-License-Identifier: MIT
# Certificates for tests, made in the directory of the first argument.
#
#   authority NAME                     NAME.pem, NAME.key: an authority of its own
#   certificate NAME BY SAN [DATES...] NAME.pem, NAME.key: signed by the authority BY for the names
#                                      SAN ("DNS:a,IP:::1"); DATES are options of openssl-ca(1)
certificates=$1
mkdir -p "$certificates"
cat >"$certificates/conf" <<'END'
[req]
distinguished_name = name
[name]
[ca]
default_ca = authority
[authority]
database = $ENV::CERTIFICATES/index
rand_serial = yes
new_certs_dir = $ENV::CERTIFICATES
policy = anything
default_md = sha256
unique_subject = no
default_days = 30
[anything]
commonName = supplied
[root]
basicConstraints = critical, CA:TRUE
[leaf]
subjectAltName = $ENV::SAN
END
: >"$certificates/index"
with_conf() { CERTIFICATES=$certificates SAN=${SAN:-DNS:none} openssl "$@" -config "$certificates/conf" >>"$certificates/log" 2>&1; }
authority() {
    with_conf req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -days 30 \
        -extensions root -keyout "$certificates/$1.key" -out "$certificates/$1.pem"
}
certificate() {
    file=$1 by=$2 SAN=$3
    shift 3
    with_conf req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$file" \
        -keyout "$certificates/$file.key" -out "$certificates/$file.csr" &&
        with_conf ca -batch -notext -cert "$certificates/$by.pem" -keyfile "$certificates/$by.key" \
            -extensions leaf -in "$certificates/$file.csr" -out "$certificates/$file.pem" "$@"
}
