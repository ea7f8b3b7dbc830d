# Gearman::Worker as the worker of tests/interop/ends.py.
# usage: perl worker.pl HOST PORT TRADE.NAME...
use strict;
use warnings;
use Gearman::Worker;

my ($host, $port, @functions) = @ARGV;
my $worker = Gearman::Worker->new(job_servers => ["$host:$port"]);
$| = 1;

my %trades = (
    record => sub {
        my $job = shift;
        print join(' ', 'ran', $job->handle, '?', unpack('H*', $job->arg)), "\n";    # it asks for no unique
        return 'recorded';
    },
    step => sub {
        my $job = shift;
        print 'started ', $job->handle, "\n";
        for my $done (1, 2) {
            <STDIN>;
            $job->set_status($done, 2);
        }
        <STDIN>;
        return 'stepped';
    },
    talk => sub {
        my $job = shift;
        $job->set_status(1, 2);
        $worker->send_work_data($job, 'Dear ');
        $worker->send_work_warning($job, 'no surname');
        $job->set_status(2, 2);
        return $job->arg;
    },
    raise => sub {
        my $job = shift;
        $worker->send_work_exception($job, 'the mailbox is full');
        return;
    },
    fail => sub { return },
    die  => sub { die "the mailbox is full\n" },
    hush => sub { return '' },
);

for my $function (@functions) {
    my ($trade) = split /[.]/, $function;
    $worker->register_function($function => $trades{$trade});
}
$worker->work while 1;
