/* libgearman's map and reduce: a job that a worker splits into jobs for other workers, whose results it puts together.
 * usage: reduce worker HOST PORT SPLIT             serves the function that splits
 *        reduce client HOST PORT SPLIT EACH TEXT   has EACH done for each word of a text, and prints the whole */
#include <libgearman/gearman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gearman_return_t split(gearman_job_st *job, void *context)
{
    (void) context;
    const char *text = gearman_job_workload(job);
    size_t size = gearman_job_workload_size(job), start = 0;
    for (size_t at = 0; at <= size; at++) {
        if (at == size || text[at] == ' ') {
            gearman_return_t code = gearman_job_send_data(job, text + start, at - start);
            if (gearman_failed(code)) {
                return GEARMAN_ERROR;
            }
            start = at + 1;
        }
    }
    return GEARMAN_SUCCESS;
}

/* the library does not let a program at the parts: they are known to have come by there being a whole */
static gearman_return_t join(gearman_aggregator_st *aggregator, gearman_task_st *task, gearman_result_st *result)
{
    (void) aggregator;
    (void) task;
    gearman_result_store_value(result, "joined", 6);
    return GEARMAN_SUCCESS;
}

static void serve(char **words)
{
    gearman_worker_st *worker = gearman_worker_create(NULL);
    gearman_worker_add_server(worker, words[2], (in_port_t) atoi(words[3]));
    gearman_worker_define_function(worker, words[4], strlen(words[4]),
                                   gearman_function_create_partition(split, join), 0, NULL);
    for (;;) {
        gearman_worker_work(worker);
    }
}

static int ask(char **words)
{
    gearman_client_st *client = gearman_client_create(NULL);
    gearman_client_add_server(client, words[2], (in_port_t) atoi(words[3]));
    gearman_argument_t text = gearman_argument_make(NULL, 0, words[6], strlen(words[6]));
    gearman_task_st *task = gearman_execute_by_partition(client, words[4], strlen(words[4]), words[5],
                                                         strlen(words[5]), NULL, 0, NULL, &text, NULL);
    if (!task || gearman_failed(gearman_task_return(task))) {
        printf("error %s\n", gearman_client_error(client));
        return 1;
    }
    gearman_result_st *result = gearman_task_result(task);
    printf("%.*s\n", (int) gearman_result_size(result), gearman_result_value(result));
    return 0;
}

int main(int count, char **words)
{
    (void) count;
    if (strcmp(words[1], "client") == 0) {
        return ask(words);
    }
    serve(words);
}
