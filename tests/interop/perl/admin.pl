# Gearman::Client as an administrator: asks the server for its status, and prints the answer.
# usage: perl admin.pl HOST PORT FUNCTION
use strict;
use warnings;
use Gearman::Client;

my ($host, $port, $function) = @ARGV;
my $client = Gearman::Client->new(job_servers => ["$host:$port"]);
my $status = $client->get_job_server_status->{"$host:$port"}{$function};
print join(' ', map {"$_ $status->{$_}"} sort keys %{$status}), "\n";
