/*
 * A worker that joins a farm:
 *
 *   tasks_worker FARM [--inbox ADDRESS] [--advertise ADDRESS] [--slots N] [--until-stdin-ends]
 *
 * It prints a line of JSON for what happens: {"listens": ADDRESS}, {"joined": ID}, {"lost": WHY}. SIGTERM and SIGINT
 * make it leave, a second one at once. It exits with 0 when it has left, and else with 1, and says why on stderr.
 */
#include "troupe_worker.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* n: twice of it. */
static troupe_outcome twice(troupe_try *attempt, troupe_reader input, void *data) {
  (void)data;
  double n;
  if (!troupe_read_number(&input, &n)) return troupe_bad_input(attempt, "it is not a number");
  troupe_write_number(troupe_output(attempt), 2 * n);
  return TROUPE_DONE;
}

/* n: twice of it, after n % 3 ms. */
static troupe_outcome twice_later(troupe_try *attempt, troupe_reader input, void *data) {
  (void)data;
  double n;
  if (!troupe_read_number(&input, &n)) return troupe_bad_input(attempt, "it is not a number");
  if (!troupe_wait(attempt, fmod(n, 3))) return TROUPE_STOPPED;
  troupe_write_number(troupe_output(attempt), 2 * n);
  return TROUPE_DONE;
}

/* Bytes: their FNV-1a, in 32 bits. */
static troupe_outcome digest(troupe_try *attempt, troupe_reader input, void *data) {
  (void)data;
  troupe_bytes bytes;
  if (!troupe_read_bytes(&input, &bytes)) return troupe_bad_input(attempt, "they are not bytes");
  uint32_t hash = 2166136261u;
  for (size_t at = 0; at < bytes.size; at++) hash = (hash ^ bytes.data[at]) * 16777619u;
  troupe_write_number(troupe_output(attempt), hash);
  return TROUPE_DONE;
}

/* Bytes: the same in the opposite order, twice, of which the second is at most 8. */
static troupe_outcome reverse(troupe_try *attempt, troupe_reader input, void *data) {
  (void)data;
  troupe_bytes bytes;
  if (!troupe_read_bytes(&input, &bytes)) return troupe_bad_input(attempt, "they are not bytes");
  size_t few = bytes.size < 8 ? bytes.size : 8;
  troupe_writer *output = troupe_output(attempt);
  troupe_write_map(output, 2);
  troupe_write_string(output, "all");
  uint8_t *room = troupe_write_room(output, bytes.size);
  for (size_t at = 0; at < bytes.size; at++) room[at] = bytes.data[bytes.size - 1 - at];
  troupe_write_string(output, "last");
  room = troupe_write_room(output, few);
  for (size_t at = 0; at < few; at++) room[at] = bytes.data[bytes.size - 1 - at];
  return TROUPE_DONE;
}

/* { name, message }: fails so. */
static troupe_outcome fail(troupe_try *attempt, troupe_reader input, void *data) {
  (void)data;
  static const char *const keys[] = {"name", "message"};
  troupe_reader values[2];
  troupe_bytes name, message;
  if (!troupe_read_fields(&input, keys, 2, values) || !troupe_read_text(&values[0], &name) ||
      !troupe_read_text(&values[1], &message)) {
    return troupe_bad_input(attempt, "it has no name and message");
  }
  char first[64], second[256];
  snprintf(first, sizeof first, "%.*s", (int)(name.size < 64 ? name.size : 63), (const char *)name.data);
  snprintf(second, sizeof second, "%.*s", (int)(message.size < 256 ? message.size : 255), (const char *)message.data);
  return troupe_fail(attempt, first, second);
}

/* { ms, steps }: waits so often for so long, and gives which try it is. It ends between steps. */
static troupe_outcome rest(troupe_try *attempt, troupe_reader input, void *data) {
  (void)data;
  static const char *const keys[] = {"ms", "steps"};
  troupe_reader values[2];
  double ms, steps;
  if (!troupe_read_fields(&input, keys, 2, values) || !troupe_read_number(&values[0], &ms) ||
      !troupe_read_number(&values[1], &steps)) {
    return troupe_bad_input(attempt, "it has no ms and steps");
  }
  for (double step = 0; step < steps; step++) {
    if (!troupe_wait(attempt, ms)) return TROUPE_STOPPED;
  }
  troupe_write_number(troupe_output(attempt), troupe_attempt(attempt));
  return TROUPE_DONE;
}

/* n: waits until so many tries of it have begun here. */
static troupe_outcome meet(troupe_try *attempt, troupe_reader input, void *data) {
  atomic_uint *arrived = data;
  double n;
  if (!troupe_read_number(&input, &n)) return troupe_bad_input(attempt, "it is not a number");
  atomic_fetch_add(arrived, 1);
  while (atomic_load(arrived) < n) {
    if (!troupe_wait(attempt, 1)) return TROUPE_STOPPED;
  }
  troupe_write_nil(troupe_output(attempt));
  return TROUPE_DONE;
}

/* ms: computes for so long, whatever it is told. */
static troupe_outcome ignore(troupe_try *attempt, troupe_reader input, void *data) {
  (void)data;
  double ms;
  if (!troupe_read_number(&input, &ms)) return troupe_bad_input(attempt, "it is not a number");
  usleep((useconds_t)(ms * 1000));
  troupe_write_nil(troupe_output(attempt));
  return TROUPE_DONE;
}

static atomic_uint met;

static const troupe_task TASKS[] = {
    {.name = "double", .version = "1", .run = twice},
    {.name = "doubleLater", .version = "1", .run = twice_later},
    {.name = "digest", .run = digest},
    {.name = "reverse", .run = reverse},
    {.name = "fail", .run = fail},
    {.name = "rest", .run = rest},
    {.name = "meet", .run = meet, .data = &met},
    {.name = "ignore", .run = ignore},
};

static void print_line(const char *key, const char *text) {
  printf("{\"%s\": \"", key);
  for (; *text != 0; text++) {
    if (*text == '"' || *text == '\\') printf("\\%c", *text);
    else if ((unsigned char)*text < 0x20) printf("\\u%04x", *text);
    else putchar(*text);
  }
  puts("\"}");
  fflush(stdout);
}

static void tell(void *data, troupe_event event, const char *text) {
  (void)data;
  switch (event) {
    case TROUPE_LISTENS: print_line("listens", text); break;
    case TROUPE_JOINED: print_line("joined", text); break;
    case TROUPE_LOST: print_line("lost", text); break;
    case TROUPE_WARNING: fprintf(stderr, "%s\n", text); break;
  }
}

static troupe_worker *worker;

static void leave(int signal) {
  (void)signal;
  troupe_worker_leave(worker);
}

/* Whoever started it is gone. */
static void *watch_stdin(void *data) {
  (void)data;
  char bytes[64];
  while (read(STDIN_FILENO, bytes, sizeof bytes) > 0) {}
  _exit(0);
}

int main(int count, char **arguments) {
  troupe_options options = {.tasks = TASKS, .task_count = sizeof TASKS / sizeof *TASKS, .tell = tell};
  for (int one = 1; one < count; one++) {
    const char *value = one + 1 < count ? arguments[one + 1] : NULL;
    pthread_t thread;
    if (strcmp(arguments[one], "--until-stdin-ends") == 0) pthread_create(&thread, NULL, watch_stdin, NULL);
    else if (strcmp(arguments[one], "--inbox") == 0 && value != NULL) options.inbox = value, one++;
    else if (strcmp(arguments[one], "--advertise") == 0 && value != NULL) options.advertise = value, one++;
    else if (strcmp(arguments[one], "--slots") == 0 && value != NULL) options.slots = (uint32_t)atoi(value), one++;
    else options.farm = arguments[one];
  }
  if (options.farm == NULL) {
    fputs("tasks_worker FARM [--inbox ADDRESS] [--advertise ADDRESS] [--slots N] [--until-stdin-ends]\n", stderr);
    return 2;
  }
  worker = troupe_worker_new(&options);
  struct sigaction action = {.sa_handler = leave};
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  troupe_end end = troupe_worker_run(worker);
  if (end != TROUPE_LEFT) fprintf(stderr, "%s\n", troupe_worker_why(worker));
  if (end == TROUPE_STUCK) _exit(1);
  troupe_worker_free(worker);
  return end == TROUPE_LEFT ? 0 : 1;
}
