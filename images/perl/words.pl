use strict;
use warnings;
use bigint;

my %count;
while (my $line = <STDIN>) {
    $count{$_}++ for split ' ', $line;
}
print "$_ $count{$_}\n" for sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
my $product = 1;
$product *= $_ for 2 .. 30;
print "30! = $product\n";
