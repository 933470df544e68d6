/*
 * A worker of a farm, as docs/wire/farm.md describes one that joins.
 *
 *   static troupe_outcome twice(troupe_try *try, troupe_reader input, void *data) {
 *     double n;
 *     if (!troupe_read_number(&input, &n)) return troupe_bad_input(try, "it is not a number");
 *     troupe_write_number(troupe_output(try), 2 * n);
 *     return TROUPE_DONE;
 *   }
 *
 *   troupe_task tasks[] = {{.name = "double", .run = twice}};
 *   troupe_options options = {.farm = "tcp://10.0.0.1:7000", .tasks = tasks, .task_count = 1};
 *   troupe_worker *worker = troupe_worker_new(&options);
 *   troupe_end end = troupe_worker_run(worker);
 *
 * Tasks run in threads of their own, as many at once as the farm says: what they share is theirs to guard. The thread
 * that calls troupe_worker_run has the sockets, and runs no task.
 */
#ifndef TROUPE_WORKER_H
#define TROUPE_WORKER_H

#include "msgpack.h"

typedef struct troupe_worker troupe_worker;
/* One try of a task. */
typedef struct troupe_try troupe_try;

typedef enum {
  /* It has written one value to its output. */
  TROUPE_DONE,
  /* As troupe_fail says. */
  TROUPE_FAILED,
  /* As troupe_bad_input says. */
  TROUPE_BAD_INPUT,
  /* It was told to end, by troupe_is_stopped or troupe_wait, and has ended. */
  TROUPE_STOPPED
} troupe_outcome;

/* Reads its input, writes its output. What the input points to is there until it returns. */
typedef troupe_outcome troupe_run(troupe_try *attempt, troupe_reader input, void *data);

typedef struct {
  const char *name;
  /* NULL for none. The farm's task must have the same. */
  const char *version;
  troupe_run *run;
  void *data;
} troupe_task;

/* Where it writes its output. */
troupe_writer *troupe_output(troupe_try *attempt);
/* Which try of its task it is, from 1. */
uint32_t troupe_attempt(const troupe_try *attempt);
/* Whether it shall end: it is cancelled, out of time, or its farm is gone. Look between steps. */
bool troupe_is_stopped(const troupe_try *attempt);
/* Waits so long. False at once when it shall end. */
bool troupe_wait(troupe_try *attempt, double ms);
/* Return what these give. */
troupe_outcome troupe_fail(troupe_try *attempt, const char *name, const char *message);
troupe_outcome troupe_bad_input(troupe_try *attempt, const char *why);

typedef enum {
  /* Where the farm can dial it. */
  TROUPE_LISTENS,
  /* What the farm calls it. */
  TROUPE_JOINED,
  /* Why it has left its farm; it joins anew. */
  TROUPE_LOST,
  /* What somebody should know of. */
  TROUPE_WARNING
} troupe_event;

typedef struct {
  /* Where the farm listens: a tcp address. */
  const char *farm;
  /*
   * Where to listen: an address that the farm can dial. NULL for a free port of the address from which this machine
   * reaches the farm.
   */
  const char *inbox;
  /* Where the farm dials it, if not where it listens: behind a relay. NULL else. */
  const char *advertise;
  const troupe_task *tasks;
  size_t task_count;
  const char *const *tags;
  size_t tag_count;
  /* How many tasks it runs at once; 0 for as many as the farm says. */
  uint32_t slots;
  /* How long it may take until it has joined, also anew, in ms; 0 for as long as it takes. */
  double join_timeout_ms;
  /* Is told what happens, in the thread that runs the worker. */
  void (*tell)(void *data, troupe_event event, const char *text);
  void *tell_data;
} troupe_options;

typedef enum {
  /* It has left, as it was asked to. */
  TROUPE_LEFT,
  /* The farm does not take it: troupe_worker_why has why not. */
  TROUPE_REFUSED,
  /* No farm has welcomed it in time. */
  TROUPE_NOT_JOINED,
  /*
   * A task goes on though it was told to end. Only the end of the process ends it: call _exit, and let somebody start
   * the program again.
   */
  TROUPE_STUCK,
  /* It cannot listen or connect. */
  TROUPE_BROKEN
} troupe_end;

/* What the options point to must be there until it is freed. */
troupe_worker *troupe_worker_new(const troupe_options *options);
/* Joins, works, and joins anew when its farm is gone, until it is told to leave. */
troupe_end troupe_worker_run(troupe_worker *worker);
/*
 * Tells it to leave: it begins no more tasks, ends those that run, and troupe_worker_run returns. The second time it
 * does not wait for them. May be called by a signal handler.
 */
void troupe_worker_leave(troupe_worker *worker);
/* Why it has ended. */
const char *troupe_worker_why(const troupe_worker *worker);
/* Not one that is stuck. */
void troupe_worker_free(troupe_worker *worker);

#endif
