# Gearman::Client as the client of tests/interop/ends.py.
# usage: perl client.pl HOST PORT
use strict;
use warnings;
use Gearman::Client;
use Gearman::Task;
use Storable ();

my ($host, $port) = @ARGV;
my $client = Gearman::Client->new(job_servers => ["$host:$port"], exceptions => 1);
$| = 1;

while (my $line = <STDIN>) {
    chomp $line;
    my ($verb, $priority, $function, $unique, $payload) = split / /, $line;
    if ($verb eq 'ask') {
        my $status = eval { $client->get_status("$host:$port//$priority") };
        print $status ? join(' ', 'status', map { $_ || 0 } @{$status}) . "\n" : "error no answer\n";
        next;
    }
    my %options = (priority => $priority);
    $options{uniq} = $unique if $unique ne 'none';
    my $task = Gearman::Task->new(
        $function,
        \pack('H*', $payload || ''),
        {   %options,
            on_status    => sub { print "status $_[0] $_[1]\n" },
            on_data      => sub { print 'data ',      unpack('H*', ${ $_[0] }), "\n" },
            on_warning   => sub { print 'warning ',   unpack('H*', ${ $_[0] }), "\n" },
            on_complete  => sub { print 'complete ',  unpack('H*', ${ $_[0] }), "\n" },
            on_exception => sub { print 'exception ', unpack('H*', $_[0]),      "\n" },
            on_fail      => sub { print "fail\n" },
        }
    );
    if ($verb eq 'queue') {
        my $handle = eval { $client->dispatch_background($task) };
        print $handle ? 'queued ' . (split m!//!, $handle)[1] . "\n" : "error no handle\n";
    } else {
        my $tasks = $client->new_task_set;
        print eval { $tasks->add_task($task) && $tasks->wait; 1 } ? "end\n" : "error $@";
    }
}
