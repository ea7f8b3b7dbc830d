/* libgearman as the worker of tests/interop/ends.py.
 * usage: worker HOST PORT TRADE.NAME... */
#include <libgearman/gearman.h>
#include <stdlib.h>
#include <unistd.h>
#include "hex.h"

static void hear(void)
{
    char line[100];
    if (!fgets(line, sizeof line, stdin)) {
        exit(0);
    }
}

static gearman_return_t record(gearman_job_st *job, void *context)
{
    (void) context;
    printf("ran %s %s ", gearman_job_handle(job), gearman_job_unique(job));
    say_bytes(gearman_job_workload(job), gearman_job_workload_size(job));
    return gearman_job_send_complete(job, "recorded", 8);
}

static gearman_return_t step(gearman_job_st *job, void *context)
{
    (void) context;
    printf("started %s\n", gearman_job_handle(job));
    for (uint32_t done = 1; done <= 2; done++) {
        hear();
        gearman_job_send_status(job, done, 2);
    }
    hear();
    return gearman_job_send_complete(job, "stepped", 7);
}

static gearman_return_t talk(gearman_job_st *job, void *context)
{
    (void) context;
    gearman_job_send_status(job, 1, 2);
    gearman_job_send_data(job, "Dear ", 5);
    gearman_job_send_warning(job, "no surname", 10);
    gearman_job_send_status(job, 2, 2);
    return gearman_job_send_complete(job, gearman_job_workload(job), gearman_job_workload_size(job));
}

static gearman_return_t raise_(gearman_job_st *job, void *context)
{
    (void) context;
    return gearman_job_send_exception(job, "the mailbox is full", 19);
}

static gearman_return_t fail(gearman_job_st *job, void *context)
{
    (void) context;
    return gearman_job_send_fail(job);
}

static const struct {
    const char *name;
    gearman_return_t (*run)(gearman_job_st *job, void *context);
} trades[] = {{"record", record}, {"step", step}, {"talk", talk}, {"raise", raise_}, {"fail", fail}};

int main(int count, char **words)
{
    gearman_worker_st *worker = gearman_worker_create(NULL);
    setvbuf(stdout, NULL, _IOLBF, 0);
    gearman_worker_add_server(worker, words[1], (in_port_t) atoi(words[2]));
    for (int at = 3; at < count; at++) {
        size_t length = strcspn(words[at], ".");
        for (size_t trade = 0; trade < sizeof trades / sizeof *trades; trade++) {
            if (strncmp(words[at], trades[trade].name, length) == 0) {
                gearman_function_t run = gearman_function_create_v2(trades[trade].run);
                gearman_worker_define_function(worker, words[at], strlen(words[at]), run, 0, NULL);
            }
        }
    }
    for (;;) {
        if (gearman_failed(gearman_worker_work(worker))) {
            usleep(20000); /* the server restarts: the next call connects again */
        }
    }
}
