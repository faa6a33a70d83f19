#!/usr/bin/env perl
# Verifies the shared vectors with Perl's core modules alone (no ed25519 there: v1 only).
# perl verify.pl <folder of vectors>
use strict;
use warnings;
use Digest::SHA qw(hmac_sha256);
use JSON::PP;
use MIME::Base64 qw(decode_base64 encode_base64);

sub refuse { die { code => $_[0] } }

# The bytes of canonical, padded standard base64; undef for anything else.
sub canonical {
    my ($text) = @_;
    return undef unless $text =~ m{\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\z};
    my $bytes = decode_base64($text);
    return encode_base64($bytes, "") eq $text ? $bytes : undef;
}

sub parse_secret {
    my ($text) = @_;
    $text =~ /\A(whsec|whsk|whpk)_(.*)\z/s or refuse("secret_prefix_unknown");
    my ($kind, $key) = ($1, canonical($2));
    defined $key or refuse("secret_not_base64");
    my $n = length $key;
    my %fits = (whsec => $n >= 24 && $n <= 64, whsk => $n == 32 || $n == 64, whpk => $n == 32);
    $fits{$kind} or refuse("secret_length_invalid");
    return ($kind, $key);
}

sub single {
    my ($headers, $name) = @_;
    my @values = map { $_->[1] } grep { lc $_->[0] eq $name } @$headers;
    refuse("header_duplicated") if @values > 1;
    refuse("header_missing") if !@values || $values[0] eq "";
    return $values[0];
}

sub parse_signatures {
    my ($text) = @_;
    my @tokens = split / /, $text, -1;
    refuse("signatures_too_many") if @tokens > 16;
    my @entries;
    for my $token (@tokens) {
        my $commas = () = $token =~ /,/g;
        refuse("header_duplicated") if $commas > 1;
        $token =~ /\A(v[0-9]{1,3}[a-z]{0,2}),(.+)\z/s or refuse("signature_malformed");
        my ($scheme, $value) = ($1, $2);
        my $length = { v1 => 32, v1a => 64 }->{$scheme} or next;
        my $signature = canonical($value);
        refuse("signature_malformed") unless defined $signature && length $signature == $length;
        push @entries, [$scheme, $signature];
    }
    return @entries;
}

# Compares all bytes whatever they are.
sub equal {
    my ($left, $right) = @_;
    my $difference = $left ^ $right;
    return length $left == length $right && ($difference =~ tr/\0//c) == 0;
}

sub verify {
    my ($body, $headers, $secrets, $now, $tolerance) = @_;
    refuse("secrets_missing") unless @$secrets;
    my @keys = map { [parse_secret($_)] } @$secrets;
    refuse("secret_unsuitable") if grep { $_->[0] eq "whsk" } @keys;
    my ($id, $stamp, $text) = map { single($headers, "webhook-$_") } qw(id timestamp signature);
    refuse("header_duplicated") if "$id$stamp" =~ /,/;
    refuse("id_malformed") unless length $id <= 256 && $id =~ /\A[!-+\-\/-~]+\z/;
    refuse("timestamp_malformed") unless $stamp =~ /\A(?:0|[1-9][0-9]{0,13})\z/;
    refuse("timestamp_in_milliseconds") if $stamp >= 100_000_000_000;
    my @entries = parse_signatures($text);
    refuse($stamp < $now ? "timestamp_too_old" : "timestamp_too_new") if abs($stamp - $now) > $tolerance;
    my ($tried, %checks) = (0, whsec => "v1", whpk => "v1a");
    for my $entry (@entries) {
        for my $index (0 .. $#keys) {
            my ($kind, $key) = @{ $keys[$index] };
            next unless $checks{$kind} eq $entry->[0];
            $tried++;
            next unless $kind eq "whsec";
            return "$id $stamp v1 $index" if equal(hmac_sha256("$id.$stamp.$body", $key), $entry->[1]);
        }
    }
    refuse($tried ? "signature_mismatch" : "signature_scheme_unmatched");
}

my $folder = shift or die "usage: verify.pl <folder of vectors>\n";
sub load { open my $file, "<:raw", "$folder/$_[0].json" or die $!; local $/; return JSON::PP->new->utf8->decode(<$file>) }
my ($passed, $skipped, @failed) = (0, 0);
sub check {
    my ($name, $expected, $run) = @_;
    my $got = eval { $run->() };
    $got = ref $@ ? $@->{code} : "died: $@" unless defined $got;
    if ($got eq $expected) { $passed++ } else { push @failed, "$name: expected $expected, got $got" }
}

for my $v (@{ load("signing")->{vectors} }) {
    my $headers = [["webhook-id", $v->{id}], ["webhook-timestamp", $v->{timestamp}], ["webhook-signature", $v->{signature}]];
    for my $secret (@{ $v->{verify_secrets} }) {
        if ($secret =~ /\Awhpk_/) { $skipped++; next }
        check($v->{name}, "$v->{id} $v->{timestamp} v1 0",
            sub { verify(decode_base64($v->{body_base64}), $headers, [$secret], $v->{timestamp}, 300) });
    }
}
for my $v (@{ load("accepted")->{vectors} }) {
    my $r = $v->{result};
    if ($r->{scheme} eq "v1a") { $skipped++; next }
    check($v->{name}, "$r->{id} $r->{timestamp} $r->{scheme} $r->{secret_index}",
        sub { verify(decode_base64($v->{body_base64}), $v->{headers}, $v->{verify_secrets}, $v->{now}, $v->{tolerance_seconds}) });
}
for my $v (@{ load("refused")->{vectors} }) {
    check($v->{name}, $v->{error},
        sub { verify(decode_base64($v->{body_base64}), $v->{headers}, $v->{verify_secrets}, $v->{now}, $v->{tolerance_seconds}) });
}
my $secrets = load("secrets");
check($_->{text}, "$_->{kind} $_->{bytes_hex}", do { my $v = $_; sub { my ($k, $b) = parse_secret($v->{text}); "$k " . unpack("H*", $b) } }) for @{ $secrets->{accepted} };
check($_->{name}, $_->{error}, do { my $v = $_; sub { parse_secret($v->{text}) } }) for @{ $secrets->{refused} };

binmode STDOUT, ":utf8";
print "$_\n" for @failed;
printf "passed %d, failed %d, skipped %d (v1a: no ed25519 in the core modules)\n", $passed, scalar @failed, $skipped;
exit(@failed ? 1 : 0);
