/* libgearman as the client of tests/interop/ends.py.
 * usage: client HOST PORT */
#include <libgearman/gearman.h>
#include <stdlib.h>
#include "hex.h"

enum { LINE = 1 << 20 };

static gearman_return_t on_status(gearman_task_st *task)
{
    printf("status %u %u\n", gearman_task_numerator(task), gearman_task_denominator(task));
    return GEARMAN_SUCCESS;
}

static gearman_return_t on_data(gearman_task_st *task)
{
    printf("data ");
    say_bytes(gearman_task_data(task), gearman_task_data_size(task));
    return GEARMAN_SUCCESS;
}

static gearman_return_t on_warning(gearman_task_st *task)
{
    printf("warning ");
    say_bytes(gearman_task_data(task), gearman_task_data_size(task));
    return GEARMAN_SUCCESS;
}

static gearman_return_t on_complete(gearman_task_st *task)
{
    printf("complete ");
    say_bytes(gearman_task_data(task), gearman_task_data_size(task));
    return GEARMAN_SUCCESS;
}

static gearman_return_t on_exception(gearman_task_st *task)
{
    printf("exception ");
    say_bytes(gearman_task_data(task), gearman_task_data_size(task));
    return GEARMAN_SUCCESS;
}

static gearman_return_t on_fail(gearman_task_st *task)
{
    (void) task;
    printf("fail\n");
    return GEARMAN_SUCCESS;
}

static void ask(gearman_client_st *client, const char *handle)
{
    bool known, running;
    uint32_t numerator, denominator;
    gearman_return_t code = gearman_client_job_status(client, handle, &known, &running, &numerator, &denominator);
    if (gearman_failed(code)) {
        printf("error %s\n", gearman_strerror(code));
    } else {
        printf("status %d %d %u %u\n", known, running, numerator, denominator);
    }
}

static void queue(gearman_client_st *client, char rank, const char *function, const char *unique,
                  const char *payload, size_t size)
{
    gearman_job_handle_t handle;
    gearman_return_t code =
        rank == 'h' ? gearman_client_do_high_background(client, function, unique, payload, size, handle) :
        rank == 'l' ? gearman_client_do_low_background(client, function, unique, payload, size, handle) :
                      gearman_client_do_background(client, function, unique, payload, size, handle);
    printf(gearman_failed(code) ? "error %s\n" : "queued %s\n", gearman_failed(code) ? gearman_strerror(code) : handle);
}

static void call(gearman_client_st *client, char rank, const char *function, const char *unique,
                 const char *payload, size_t size)
{
    gearman_return_t code;
    rank == 'h' ? gearman_client_add_task_high(client, NULL, NULL, function, unique, payload, size, &code) :
    rank == 'l' ? gearman_client_add_task_low(client, NULL, NULL, function, unique, payload, size, &code) :
                  gearman_client_add_task(client, NULL, NULL, function, unique, payload, size, &code);
    if (!gearman_failed(code)) {
        code = gearman_client_run_tasks(client);
    }
    gearman_client_task_free_all(client);
    /* the last task's exception or failure is a failure of this call, too */
    if (gearman_failed(code) && code != GEARMAN_WORK_EXCEPTION && code != GEARMAN_WORK_FAIL) {
        printf("error %s\n", gearman_strerror(code));
    } else {
        printf("end\n");
    }
}

int main(int count, char **words)
{
    static char line[LINE], payload[LINE];
    gearman_client_st *client = gearman_client_create(NULL);
    (void) count;
    setvbuf(stdout, NULL, _IOLBF, 0);
    gearman_client_add_server(client, words[1], (in_port_t) atoi(words[2]));
    gearman_client_set_server_option(client, "exceptions", 10);
    gearman_client_set_status_fn(client, on_status);
    gearman_client_set_data_fn(client, on_data);
    gearman_client_set_warning_fn(client, on_warning);
    gearman_client_set_complete_fn(client, on_complete);
    gearman_client_set_exception_fn(client, on_exception);
    gearman_client_set_fail_fn(client, on_fail);
    while (fgets(line, LINE, stdin)) {
        const char *verb = strtok(line, " \n"), *rank = strtok(NULL, " \n");
        if (strcmp(verb, "ask") == 0) {
            ask(client, rank);
            continue;
        }
        const char *function = strtok(NULL, " \n"), *unique = strtok(NULL, " \n"), *hex = strtok(NULL, " \n");
        size_t size = from_hex(hex ? hex : "", payload);
        unique = strcmp(unique, "none") == 0 ? NULL : unique;
        /* libgearman refuses an empty payload that is not NULL */
        (strcmp(verb, "queue") == 0 ? queue : call)(client, *rank, function, unique, size ? payload : NULL, size);
    }
    gearman_client_free(client);
    return 0;
}
