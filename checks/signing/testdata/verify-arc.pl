# Prints what Mail::DKIM says of the ARC chain of the message on standard
# input. The file named first holds the DNS: lines "name TAB record".
use strict;
use warnings;
use Mail::DKIM::ARC::Verifier;
use Net::DNS;

my %txt;
open my $dns, '<', $ARGV[0] or die "$ARGV[0]: $!";
while (<$dns>) {
	chomp;
	my ($name, $record) = split /\t/, $_, 2;
	$txt{$name} = $record;
}
no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
	my ($name) = @_;
	return () unless defined $txt{$name};
	my @strings = unpack '(A200)*', $txt{$name};
	return Net::DNS::RR->new(name => $name, type => 'TXT', txtdata => [@strings]);
};
my $v = Mail::DKIM::ARC::Verifier->new;
while (<STDIN>) {
	s/\r?\n\z//;
	$v->PRINT("$_\015\012");
}
$v->CLOSE;
print $v->result_detail, "\n";
