#!/usr/bin/env perl
# SPDX-License-Identifier: MIT
# DKIM over a returned header: the signed examples of RFC 6376 and RFC 8463, then a header that is
# signed here, and what somebody who got it can change of it. A forged report must never be proved
# ours by a field that nobody signed (RFC 6376 §8.15).
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP;
use MIME::Base64 qw(encode_base64);

my $program = $ENV{BACKSTOP} // './backstop';
my $dir = tempdir(CLEANUP => 1);
if (!glob('./backstop-crypto.so') || system('openssl version >/dev/null 2>&1')) {
    print "1..0 # SKIP no libcrypto, or no openssl\n";
    exit 0;
}
my $number = 0;

sub write_file { my ($name, $text) = @_; open my $file, '>', "$dir/$name" or die $!; print $file $text; close $file; return "$dir/$name" }

# What dkim says of a report that RECIPIENT did not get the mail with HEADER (and BODY).
sub dkim_says {
    my ($header, $recipient, $keys, %more) = @_;
    my $domain = $more{domain} // 'example.org';
    my $type = defined $more{body} ? 'message/rfc822' : 'text/rfc822-headers';
    my $mail = $header . "\n" . ($more{body} // '');
    write_file('report.eml', "Return-Path: <>\nFrom: MAILER-DAEMON\@mx.example.net\nTo: joe\@$domain\nSubject: failure\n"
        . "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        . "--b\nContent-Type: text/plain\n\nfailed\n--b\nContent-Type: message/delivery-status\n\n"
        . "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; $recipient\nAction: failed\nStatus: 5.1.1\n\n"
        . "--b\nContent-Type: $type\n\n$mail\n--b--\n");
    open my $out, '-|', $program, '--set', "identity.domains=$domain", '--set', "dkim.key-file=$keys", '--set',
        "state.directory=$dir/state", '--set', 'log.destination=none', '--set', 'evidence.disabled=spf dnsbl sent-folder',
        'check', '--json', "$dir/report.eml" or return '';
    my $object = JSON::PP->new->utf8->decode(scalar <$out>);
    my ($finding) = grep { $_->{source} eq 'dkim' } @{$object->{evidence}};
    return "$finding->{says} $finding->{weight}";
}
sub is { my ($got, $wanted, $what) = @_; $number++; print $got eq $wanted ? "ok $number - $what\n" : "not ok $number - $what\n# got $got, wanted $wanted\n"; }

# RFC 6376 Appendix A.2 and C (as hashed there: six blanks begin its continuation lines, one stands behind "game."); RFC 8463 Appendix A.
my $fields = <<'END';
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>
END
my $text = "Hi.\n\nWe lost the game. Are you hungry yet?\n\nJoe.\n";
my $rfc6376 = <<'END' . $fields;
DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
END
my $brisbane = write_file('brisbane', 'v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQ'
    . 'KBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v'
    . '/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB');
my $ed25519 = <<'END';
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
END
my $rsa = <<'END';
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
END
my $ed_key = write_file('ed', 'v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=');
my $rsa_key = write_file('rsa', 'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b'
    . 'yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB');
for my $vector ([$rfc6376, "brisbane:$brisbane", 'RFC 6376, simple/simple'],
                [$ed25519 . $fields, "brisbane:$ed_key", 'RFC 8463, Ed25519'], [$rsa . $fields, "test:$rsa_key", 'RFC 8463, RSA']) {
    my ($header, $keys, $what) = @$vector;
    my %at = (domain => 'example.com');
    is(dkim_says($header, 'suzie@shopping.example.net', $keys, %at), 'ours proof', "$what: verifies");
    is(dkim_says($header, 'eve@shopping.example.net', $keys, %at), 'ours hint', "$what: fails at another recipient");
    is(dkim_says($header, 'eve@shopping.example.net', $keys, %at, body => $text), 'ours strong', "$what: the same with the body");
    is(dkim_says($header =~ s/dinner/supper/r, 'suzie@shopping.example.net', $keys, %at), 'nothing none', "$what: a changed word");
    is(dkim_says($header, 'eve@shopping.example.net', $keys, %at, body => "$text!\n"), 'ours hint', "$what: another body");
}
is(dkim_says($rfc6376, 'suzie@shopping.example.net', "brisbane:$rsa_key", domain => 'example.com'), 'nothing none', "another one's key");

# A header signed here. %tags replace or add to those of the signature.
sub make_key { my ($name, $bits) = @_; system("openssl genrsa -traditional -out $dir/$name $bits 2>/dev/null") == 0 or die; return "s:$dir/$name"; }
sub relaxed { my ($field) = @_; my ($name, $value) = $field =~ /^([^:]*?)\s*:(.*)$/s; $value =~ s/\s+/ /g; $value =~ s/^ | $//g; return lc($name) . ":$value"; }
sub sign {
    my ($key, $header, $body, %tags) = @_;
    my @fields = $header =~ /^(\S.*\n(?:[ \t].*\n)*)/mg;
    $body =~ s/\n/\r\n/g;
    my $part = exists $tags{l} && $tags{l} =~ /^\d+$/ ? substr($body, 0, $tags{l}) : $body;
    my %all = (v => 1, a => 'rsa-sha256', c => 'relaxed/simple', d => 'example.org', s => 's', h => 'from:to:cc:subject:date:message-id', %tags);
    $all{bh} //= encode_base64(pack('H*', scalar do { write_file('body', $part); `openssl dgst -sha256 -r $dir/body` =~ /^(\w+)/; $1 }), '');
    my (%used, $hashed);
    for my $name (split /:/, $all{h}) {
        my @those = grep { /^\Q$name\E\s*:/i } @fields;
        my $one = $used{$name}++ < @those ? $those[-$used{$name}] : next;
        $hashed .= relaxed($one) . "\r\n";
    }
    my $list = $tags{raw} // join '; ', map { "$_=$all{$_}" } sort { ($b eq 'v') <=> ($a eq 'v') || $a cmp $b } grep { $_ ne 'raw' } keys %all;
    $list =~ s/BH/$all{bh}/;
    write_file('hashed', $hashed . relaxed("DKIM-Signature: $list; b="));
    my $signature = `openssl dgst -sha256 -sign $dir/@{[$key =~ s{.*/}{}r]} $dir/hashed`;
    return "DKIM-Signature: $list; b=" . encode_base64($signature, '') . "\n";
}
my $key = make_key('k2048', 2048);
my $id = 1;
sub header { return "From: joe\@example.org\nTo: bob\@example.net\nSubject: hello\nDate: Sat, 21 Nov 2026 03:07:48 +0000\nMessage-ID: <" . $id++ . "\@example.org>\n"; }
sub says { my ($recipient, $before, $after, %tags) = @_; my $header = header(); my $body = delete $tags{body};
    return dkim_says($before . sign($key, $header, 'text' . "\n", %tags) . $header . $after, $recipient, $key, body => $body); }

is(says('bob@example.net', '', ''), 'ours proof', 'what was signed is proof');
is(says('bob@example.net', '', '', h => 'from:from:to:to:cc:subject:date:message-id'), 'ours proof', 'signed once more than they stand');
is(says('bob@example.net', '', '', h => 'from:to:subject:date:message-id:dkim-signature'), 'ours proof', 'the signature is none of the fields that it signs');
# A field on top of it, below it, or in between: h= lists it once, so nobody knows which one was meant.
for my $field ("To: eve\@example.com\n", "Cc: eve\@example.com\n", "TO : eve\@example.com\n", "to:\n eve\@example.com\n", "From: eve\@example.com\n", "From: joe\@example.org, eve\@example.com\n",
               "Subject: other\n", "Date: Sun, 22 Nov 2026 03:07:48 +0000\n", "Message-ID: <x\@example.com>\n") {
    my ($name) = $field =~ /^([\w-]+)/;
    my $signs = "from:to:subject:date:message-id";
    my $wanted = lc $name eq 'cc' ? 'ours proof' : 'ours hint'; # a Cc that was not signed is not read; Bob was
    is(says('eve@example.com', $field, '', h => $signs), 'ours hint', "an added $name on top: no proof for whom it names");
    is(says('bob@example.net', $field, '', h => $signs), $wanted, "an added $name on top, for Bob");
    my $below = says('eve@example.com', '', $field, h => $signs);
    is($below =~ /proof|strong/ ? $below : 'no proof', 'no proof', "an added $name below");
    my $over = says('eve@example.com', $field, '', h => "$signs:" . lc($name) . (lc $name eq 'cc' ? ':cc' : ''));
    is($over, 'nothing none', "an added $name where it is signed once more than it stands");
}
is(says('eve@example.com', '', "Cc: eve\@example.com\n", h => 'from:to:cc:subject:date:message-id'), 'nothing none', 'a Cc that was signed as absent');
is(says('eve@example.com', "Resent-To: eve\@example.com\n", ''), 'ours hint', 'a Resent-To of a stranger');
# l=: what follows it may be anybody's.
is(says('eve@example.com', '', '', body => "text\n"), 'ours strong', 'the whole body');
is(says('eve@example.com', '', '', body => "text\nmore\n", l => 6), 'ours hint', 'l=, and more came back');
is(says('eve@example.com', '', '', body => "anything\n", l => 0), 'ours hint', 'l=0 covers nothing');
is(says('eve@example.com', '', '', body => "text\n", l => 6), 'ours strong', 'l= over all of it');
is(says('bob@example.net', '', '', body => "text\n", l => 600), 'ours proof', 'l= beyond the body: the header stands');
is(says('eve@example.com', '', '', body => "text\n", l => 600), 'ours hint', 'but not the body');
# Times.
my $now = time;
is(says('bob@example.net', '', '', t => $now - 100, x => $now + 1000), 'ours proof', 'x= ahead');
is(says('bob@example.net', '', '', t => $now - 100, x => $now - 10), 'ours hint', 'x= over');
is(says('bob@example.net', '', '', t => $now - 100, x => $now - 100), 'nothing none', 'x= no later than t=');
is(says('bob@example.net', '', '', t => $now + 900000), 'nothing none', 't= of the future');
# What is no signature (RFC 6376 §3.5, §6.1.1).
my @broken = (['x=-1', x => -1], ['t= with words', t => '12 apples'], ['l=-1', l => -1], ['l= with a sign', l => '+5'], ['a number without end', x => '9' x 40],
    ['v=2', v => 2], ['rsa-sha1', a => 'rsa-sha1'], ['h= without From', h => 'to:subject'], ['i= of another domain', i => 'joe@example.com'],
    ['i= that only ends alike', i => 'joe@badexample.org'], ['q= of another kind', q => 'http'], ['c= of another kind', c => 'nofws'], ['no bh=', bh => ''],
    ['d= twice', raw => 'v=1; a=rsa-sha256; c=relaxed/simple; d=example.org; d=example.org; s=s; h=from:to; bh=BH'],
    ['h= twice', raw => 'v=1; a=rsa-sha256; c=relaxed/simple; d=example.org; s=s; h=from:to; h=from:to; bh=BH']);
for my $case (@broken) {
    my ($what, @tags) = @$case;
    my $got = says('bob@example.net', '', '', @tags);
    is($got, 'nothing none', $what);
}
is(says('bob@example.net', '', '', i => 'joe@sub.example.org'), 'ours proof', 'i= below d=');
# Keys: RFC 8301 §3.2.
for my $bits ([512, 'nothing none'], [768, 'nothing none'], [1016, 'nothing none'], [1024, 'ours proof'], [2048, 'ours proof'], [3072, 'ours proof']) {
    my $own = make_key("k$bits->[0]", $bits->[0]);
    my $header = header();
    is(dkim_says(sign($own, $header, "text\n") . $header, 'bob@example.net', $own), $bits->[1], "a key of $bits->[0] bits");
}
# The record that publishes it: §3.6.1.
my $public = `openssl rsa -in $dir/k2048 -pubout -outform DER 2>/dev/null | openssl base64 -A`;
for my $case (['p only', '%s', 1], ['with v=', 'v=DKIM1; %s', 1], ['s=email', 's=email; %s', 1], ['s=*', 's=*; %s', 1], ['h=sha1:sha256', 'h=sha1:sha256; %s', 1], ['t=y:s', 't=y:s; %s', 1],
              ['v=DKIM2', 'v=DKIM2; %s', 0], ['h=sha1', 'h=sha1; %s', 0], ['s= of another service', 's=tlsrpt; %s', 0], ['k= unknown', 'k=x; %s', 0], ['p= twice', '%s; p=', 0], ['p= empty', 'v=DKIM1; p=', 0]) {
    my ($what, $format, $good) = @$case;
    my $record = write_file('record', $format =~ s/%s/p=$public/r);
    my $header = header();
    my $header_signed = sign($key, $header, "text\n") . $header;
    is(dkim_says($header_signed, 'bob@example.net', "s:$record"), $good ? 'ours proof' : 'nothing none', "the record: $what");
}
{
    my $record = write_file('record', "t=s; p=$public");
    my $header = header();
    is(dkim_says(sign($key, $header, "text\n", i => 'joe@sub.example.org') . $header, 'bob@example.net', "s:$record"), 'nothing none', 't=s, and i= below d=');
}
print "1..$number\n";
