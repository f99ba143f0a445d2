#!/usr/bin/env perl
# make-uapi.pl: uapi.rst, rendered from uapi/linux/posada.h.
#
# Usage: Documentation/make-uapi.pl >Documentation/uapi.rst
#
# Constants and sections come in the order of the header; structs and ioctls as
# the kernel's scripts/kernel-doc renders them, less what only Sphinx knows. Exits
# with 4 if there is no kernel-doc in the cache, where "make deps" puts it.
use strict;
use warnings;
use File::Basename qw(dirname);

my $top = dirname(__FILE__) . "/..";
my $header = "$top/uapi/linux/posada.h";
my $cache = $ENV{POSADA_CACHE} || ($ENV{XDG_CACHE_HOME} || "$ENV{HOME}/.cache") . "/posada";
my $kernel_doc = "$cache/linux/scripts/kernel-doc";

unless (-e $kernel_doc) {
	print STDERR "no kernel-doc in $cache: make deps\n";
	exit 4;
}

my %rendered = rendered();
my @out = (".. SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note",
	   ".. Made from uapi/linux/posada.h by Documentation/make-uapi.pl: edit that one.",
	   heading("The uAPI of posada", "="));

# A blank line ends a block; the lines of a comment or of a struct are one.
for my $block (blocks()) {
	if ($block =~ m{^/\*\n}) {
		push @out, uncomment($block);
	} elsif ($block =~ m{^/\* ---- (.*?) -+ \*/}) {
		push @out, heading(ucfirst $1, "-");
	} elsif ($block =~ m{^/\*\*\n \* DOC: (\w+) - (.*)}) {
		push @out, heading($1, "~"), ucfirst "$2.\n", $rendered{$1};
	} elsif ($block =~ m{^/\*\*\n \* struct (\w+) - }) {
		push @out, heading("struct $1", "~"),
			$rendered{$1} || die "kernel-doc has nothing on $1\n";
	} elsif ($block =~ /^#define POSADA_/m) {
		# Neighbours are one.
		push @out, "::\n" unless $out[-1] =~ /^  .*#define/s;
		push @out, literal($block);
	}
}

my $text = join("\n", @out);
$text =~ s/[ \t]+$//mg;
$text =~ s/\n{3,}/\n\n/g;
$text =~ s/\n*$/\n/;
print $text;

sub heading {
	my ($title, $char) = @_;
	return "\n$title\n" . $char x length($title) . "\n";
}

sub slurp {
	my ($mode, @from) = @_;
	open(my $fh, $mode, @from) or die "$from[0]: $!\n";
	local $/;
	my $text = <$fh>;
	close $fh;
	return $text;
}

# name => what kernel-doc makes of it, as reST that docutils knows.
sub rendered {
	my $text = slurp("-|", "perl", $kernel_doc, "-rst", "-sphinx-version", "3.0", $header);
	my %rendered;

	# Roles and directives are Sphinx's.
	$text =~ s/:c:type:`([^`<]*?)(?: <[^`]*>)?`/``$1``/g;
	$text =~ s/^``\{unnamed_union\}``\n  anonymous\n//mg;
	while ($text =~ /^\.\. (?:c:(?:type|struct):: (?:struct )?(\w+)|_(\w+) - [^\n]*:)\n(.*?)(?=^\.\. |\z)/msg) {
		my ($name, $body) = (defined $1 ? $1 : $2, $3);
		$body =~ s/^\*\*\Q$name\E - .*\*\*\n+//m;
		$body =~ s/^   (?=\S)//mg;
		$body =~ s/^\n+//;
		$rendered{$name} = $body;
	}
	return %rendered;
}

sub blocks {
	my @blocks = ("");

	for my $line (split /^/, slurp("<", $header)) {
		next if $line =~ /^#(?:ifndef|include|endif|define _UAPI)|SPDX/;
		$blocks[-1] .= $line;
		# A blank line within a comment or a struct ends nothing.
		my $in_comment = $blocks[-1] =~ m{^/\*} && $blocks[-1] !~ m{\*/};
		my $in_struct = $blocks[-1] =~ /^struct/m && $blocks[-1] !~ /^\};/m;
		push @blocks, "" if $line eq "\n" && !$in_comment && !$in_struct;
	}
	return @blocks;
}

sub uncomment {
	my ($text) = @_;
	$text =~ s{^/\*\n}{};
	$text =~ s{^ \*/\n}{}m;
	$text =~ s/^ \* ?//mg;
	$text =~ s/\A.*?\.  (.)/\u$1/s if $text =~ /^posada - /;
	return $text;
}

sub literal {
	my ($text) = @_;
	1 while $text =~ s/^([^\t\n]*)\t/$1 . " " x (8 - length($1) % 8)/me;
	$text =~ s/^/  /mg;
	return $text;
}
