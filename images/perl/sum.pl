use strict;
use List::Util qw(sum);
print sum(split " ", <STDIN>), "\n";
