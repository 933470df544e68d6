#include "farm_pool.h"

#include "farm_link.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long what has ended may wait for more to be told with it. */
static const double GATHER_MS = 18;
/* Of tries that are shorter than this, in ms, one in so many is measured. */
static const double SHORT_MS = 0.1;
enum { SHORT_WEIGHT = 32 };
/* One RESULTS has about so much at most. */
enum { MAX_RESULT_BYTES = 4 * 1024 * 1024, MAX_THREADS = 4096 };

typedef enum { WAITING, RUNNING, ENDED, LET_GO } try_state;
typedef enum { GOES_ON, CANCELLED, OUT_OF_TIME, ABANDONED } stop_reason;
typedef struct batch batch;

struct troupe_try {
  farm_pool *pool;
  batch *batch;
  uint64_t ticket;
  const troupe_task *task;
  double timeout_ms;
  uint32_t attempt;
  troupe_reader input;
  try_state state;
  atomic_int stop;
  double started_ms;
  double stopped_ms;
  /* How long it ran; below 0 if it did not. */
  double run_ms;
  /* An output, or the map of a failure. */
  troupe_writer output;
  bool is_failure;
  troupe_try *next_ended;
};

/* The tries of one TASKS, whose inputs point into its load. */
struct batch {
  batch *previous;
  batch *next;
  farm_load load;
  troupe_bytes *parts;
  uint64_t first_ticket;
  uint32_t count;
  /* Which is the next to begin, and how many are not let go of. */
  uint32_t begun;
  uint32_t left;
  bool is_abandoned;
  troupe_try tries[];
};

struct farm_pool {
  const troupe_task *tasks;
  size_t task_count;
  void (*wake)(void *);
  void *wake_data;
  pthread_mutex_t lock;
  /* There is something to begin, and something was told to end. */
  pthread_cond_t work;
  pthread_cond_t stopping;
  pthread_t *threads;
  troupe_try **running;
  uint32_t thread_count;
  uint32_t running_count;
  uint32_t concurrency;
  bool is_closing;
  bool gives_back;
  double grace_ms;
  batch *first;
  batch *last;
  /* The first batch that may have something to begin. */
  batch *cursor;
  /* What waits and runs, and what has ended and is not told. */
  uint64_t unfinished;
  uint64_t ended;
  troupe_try *first_ended;
  troupe_try *last_ended;
  double ended_since_ms;
  double busy_since_ms;
  double busy_ms;
  /* How many short tries the owner has seen. */
  uint64_t short_tries;
  /* When the owner looks again without a wake. */
  double looks_at_ms;
};

double farm_now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* ---- What a task sees ---- */

troupe_writer *troupe_output(troupe_try *attempt) { return &attempt->output; }
uint32_t troupe_attempt(const troupe_try *attempt) { return attempt->attempt; }
bool troupe_is_stopped(const troupe_try *attempt) { return atomic_load(&attempt->stop) != GOES_ON; }

/* A moment of farm_now_ms. */
static struct timespec moment(double ms) {
  struct timespec time = {.tv_sec = (time_t)(ms / 1e3)};
  time.tv_nsec = (long)((ms - (double)time.tv_sec * 1e3) * 1e6);
  return time;
}

bool troupe_wait(troupe_try *attempt, double ms) {
  double until = farm_now_ms() + ms;
  struct timespec end = moment(until);
  farm_pool *pool = attempt->pool;
  pthread_mutex_lock(&pool->lock);
  while (!troupe_is_stopped(attempt) && farm_now_ms() < until) {
    pthread_cond_timedwait(&pool->stopping, &pool->lock, &end);
  }
  pthread_mutex_unlock(&pool->lock);
  return !troupe_is_stopped(attempt);
}

static void begin_failure(troupe_try *attempt, const char *kind, uint32_t further) {
  troupe_writer_clear(&attempt->output);
  attempt->is_failure = true;
  troupe_write_map(&attempt->output, 1 + further);
  troupe_write_string(&attempt->output, "kind");
  troupe_write_string(&attempt->output, kind);
}

static void write_pair(troupe_writer *writer, const char *key, const char *text) {
  troupe_write_string(writer, key);
  troupe_write_string(writer, text);
}

troupe_outcome troupe_fail(troupe_try *attempt, const char *name, const char *message) {
  begin_failure(attempt, "thrown", 1);
  troupe_write_string(&attempt->output, "error");
  troupe_write_map(&attempt->output, 2);
  write_pair(&attempt->output, "name", name);
  write_pair(&attempt->output, "message", message);
  return TROUPE_FAILED;
}

static void misfit(troupe_try *attempt, const char *kind, const char *why) {
  begin_failure(attempt, kind, 1);
  write_pair(&attempt->output, "why", why);
}

troupe_outcome troupe_bad_input(troupe_try *attempt, const char *why) {
  misfit(attempt, "input", why);
  return TROUPE_BAD_INPUT;
}

static void write_timeout(troupe_writer *failure, double timeout_ms, bool is_stuck) {
  troupe_write_map(failure, 3);
  write_pair(failure, "kind", "timeout");
  troupe_write_string(failure, "timeoutMs");
  troupe_write_number(failure, timeout_ms);
  troupe_write_string(failure, "stuck");
  troupe_write_boolean(failure, is_stuck);
}

static void time_out(troupe_try *attempt) {
  troupe_writer_clear(&attempt->output);
  attempt->is_failure = true;
  write_timeout(&attempt->output, attempt->timeout_ms, false);
}

/* ---- Holding and letting go, all under the lock ---- */

static void close_load(farm_load load) {
  for (uint32_t one = 0; one < load.count; one++) zmq_msg_close(&load.messages[one]);
  free(load.messages);
}

/* The last one takes its batch with it. */
static void let_go(troupe_try *attempt) {
  farm_pool *pool = attempt->pool;
  batch *its = attempt->batch;
  troupe_writer_clear(&attempt->output);
  attempt->state = LET_GO;
  if (--its->left > 0) return;
  if (pool->cursor == its) pool->cursor = its->next;
  if (its->previous == NULL) pool->first = its->next;
  else its->previous->next = its->next;
  if (its->next == NULL) pool->last = its->previous;
  else its->next->previous = its->previous;
  close_load(its->load);
  free(its->parts);
  free(its);
}

/* Half of what it holds has ended: it is told then, so that more comes while the rest runs. */
static bool is_ripe(const farm_pool *pool) { return pool->ended > 0 && pool->ended >= pool->unfinished; }

static void end_try(troupe_try *attempt, double now_ms) {
  farm_pool *pool = attempt->pool;
  attempt->state = ENDED;
  attempt->next_ended = NULL;
  if (pool->first_ended == NULL) {
    pool->first_ended = attempt;
    pool->ended_since_ms = now_ms;
  } else {
    pool->last_ended->next_ended = attempt;
  }
  pool->last_ended = attempt;
  bool was_ripe = is_ripe(pool);
  pool->ended++;
  if (--pool->unfinished == 0) pool->busy_ms += now_ms - pool->busy_since_ms;
  bool is_due = (is_ripe(pool) && !was_ripe) || pool->unfinished == 0;
  if (is_due || pool->looks_at_ms > pool->ended_since_ms + GATHER_MS) {
    pool->looks_at_ms = now_ms;
    pool->wake(pool->wake_data);
  }
}

static void cancel_waiting(troupe_try *attempt, double now_ms) {
  begin_failure(attempt, "cancelled", 0);
  end_try(attempt, now_ms);
}

static void stop_try(troupe_try *attempt, stop_reason reason) {
  if (troupe_is_stopped(attempt)) return;
  attempt->stopped_ms = farm_now_ms();
  atomic_store(&attempt->stop, reason);
  pthread_cond_broadcast(&attempt->pool->stopping);
}

/* ---- The threads ---- */

static troupe_try *next_waiting(farm_pool *pool) {
  for (; pool->cursor != NULL; pool->cursor = pool->cursor->next) {
    batch *its = pool->cursor;
    while (!its->is_abandoned && its->begun < its->count) {
      troupe_try *attempt = &its->tries[its->begun++];
      if (attempt->state == WAITING) return attempt;
    }
  }
  return NULL;
}

static troupe_outcome run_try(troupe_try *attempt) {
  if (attempt->task == NULL) return troupe_bad_input(attempt, "there is no such task here");
  troupe_outcome outcome = attempt->task->run(attempt, attempt->input, attempt->task->data);
  if (outcome != TROUPE_DONE) return outcome;
  /* Its parts it names by itself: what is left to see is that it is one value. */
  troupe_writer *output = &attempt->output;
  troupe_reader all = {.at = output->data, .end = output->data + output->size};
  if (output->size == 0 || attempt->is_failure || !troupe_skip(&all) || all.at != all.end) {
    misfit(attempt, "output", "it did not write one value");
  }
  return outcome;
}

static void settle(troupe_try *attempt, troupe_outcome outcome) {
  if (outcome == TROUPE_DONE) return;
  if (outcome == TROUPE_STOPPED && !troupe_is_stopped(attempt)) {
    troupe_fail(attempt, "Error", "the task said that it was told to end, but nobody did");
  } else if (outcome == TROUPE_STOPPED) {
    if (atomic_load(&attempt->stop) == OUT_OF_TIME) time_out(attempt);
    else begin_failure(attempt, "cancelled", 0);
  } else if (!attempt->is_failure) {
    troupe_fail(attempt, "Error", "the task failed and did not say why");
  }
}

/* Runs one, with the lock at both ends. */
static void work_on(farm_pool *pool, troupe_try *attempt, troupe_try **place) {
  attempt->state = RUNNING;
  attempt->started_ms = farm_now_ms();
  *place = attempt;
  pool->running_count++;
  if (attempt->timeout_ms > 0 && attempt->started_ms + attempt->timeout_ms < pool->looks_at_ms) {
    pool->wake(pool->wake_data);
  }
  pthread_mutex_unlock(&pool->lock);
  troupe_outcome outcome = run_try(attempt);
  pthread_mutex_lock(&pool->lock);
  *place = NULL;
  pool->running_count--;
  settle(attempt, outcome);
  double now_ms = farm_now_ms();
  attempt->run_ms = now_ms - attempt->started_ms;
  if (!attempt->batch->is_abandoned) {
    end_try(attempt, now_ms);
    return;
  }
  let_go(attempt);
  pthread_cond_broadcast(&pool->stopping);
}

typedef struct {
  farm_pool *pool;
  uint32_t place;
} seat;

static void *run_thread(void *data) {
  seat its = *(seat *)data;
  free(data);
  farm_pool *pool = its.pool;
  pthread_mutex_lock(&pool->lock);
  while (!pool->is_closing) {
    troupe_try *attempt = pool->running_count < pool->concurrency ? next_waiting(pool) : NULL;
    if (attempt == NULL) pthread_cond_wait(&pool->work, &pool->lock);
    else work_on(pool, attempt, &pool->running[its.place]);
  }
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

/* ---- What the owner does ---- */

farm_pool *farm_pool_new(const troupe_options *options, void (*wake)(void *), void *data) {
  farm_pool *pool = troupe_allocate(sizeof *pool);
  pool->tasks = options->tasks;
  pool->task_count = options->task_count;
  pool->wake = wake;
  pool->wake_data = data;
  pool->threads = troupe_allocate(MAX_THREADS * sizeof *pool->threads);
  pool->running = troupe_allocate(MAX_THREADS * sizeof *pool->running);
  pthread_mutex_init(&pool->lock, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&pool->stopping, &monotonic);
  pthread_condattr_destroy(&monotonic);
  return pool;
}

void farm_pool_free(farm_pool *pool) {
  farm_pool_abandon(pool);
  pthread_mutex_lock(&pool->lock);
  pool->is_closing = true;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  for (uint32_t one = 0; one < pool->thread_count; one++) pthread_join(pool->threads[one], NULL);
  pthread_cond_destroy(&pool->work);
  pthread_cond_destroy(&pool->stopping);
  pthread_mutex_destroy(&pool->lock);
  free(pool->threads);
  free(pool->running);
  free(pool);
}

void farm_pool_begin(farm_pool *pool, uint32_t concurrency, double grace_ms) {
  pthread_mutex_lock(&pool->lock);
  pool->concurrency = concurrency < MAX_THREADS ? concurrency : MAX_THREADS;
  pool->grace_ms = grace_ms;
  while (pool->thread_count < pool->concurrency) {
    seat *its = troupe_allocate(sizeof *its);
    *its = (seat){pool, pool->thread_count};
    if (pthread_create(&pool->threads[pool->thread_count], NULL, run_thread, its) != 0) {
      free(its);
      /* Those that there are do the work; without any there is nothing that could. */
      if (pool->thread_count == 0) abort();
      break;
    }
    pool->thread_count++;
  }
  pthread_mutex_unlock(&pool->lock);
}

enum { FIRST_TICKET, GROUPS };
static const char *const TASKS_KEYS[] = {"firstTicket", "groups"};
enum { NAME, TIMEOUT, ATTEMPTS, INPUTS };
static const char *const GROUP_KEYS[] = {"name", "timeoutMs", "attempts", "inputs"};

typedef struct {
  troupe_bytes name;
  double timeout_ms;
  uint32_t count;
  /* Both at their first item; `attempts` is at NULL when all are the first. */
  troupe_reader attempts;
  troupe_reader inputs;
} group;

static bool read_attempts(troupe_reader attempts, uint32_t inputs) {
  uint32_t count;
  if (!troupe_read_array(&attempts, &count) || count != inputs) return false;
  while (count-- > 0) {
    uint64_t attempt;
    if (!farm_read_count(attempts, 1, &attempt) || attempt > UINT32_MAX || !troupe_skip(&attempts)) return false;
  }
  return true;
}

static bool read_group(troupe_reader *reader, group *its) {
  troupe_reader values[4];
  if (!troupe_read_fields(reader, GROUP_KEYS, 4, values)) return false;
  if (!troupe_read_text(&values[NAME], &its->name)) return false;
  if (!troupe_read_number(&values[TIMEOUT], &its->timeout_ms)) return false;
  if (!isfinite(its->timeout_ms) || its->timeout_ms < 0) return false;
  its->inputs = values[INPUTS];
  if (!troupe_read_array(&its->inputs, &its->count)) return false;
  its->attempts = values[ATTEMPTS];
  troupe_item nil;
  troupe_reader attempts = values[ATTEMPTS];
  if (troupe_next(&attempts, &nil) && nil.type == TROUPE_NIL) {
    its->attempts.at = NULL;
    return true;
  }
  if (!read_attempts(its->attempts, its->count)) return false;
  uint32_t count;
  return troupe_read_array(&its->attempts, &count);
}

static const troupe_task *find_task(const farm_pool *pool, troupe_bytes name) {
  for (size_t one = 0; one < pool->task_count; one++) {
    if (troupe_is_text(name, pool->tasks[one].name)) return &pool->tasks[one];
  }
  return NULL;
}

/* The group was read before, so all of it is there. */
static void fill(farm_pool *pool, batch *its, group *from) {
  const troupe_task *task = find_task(pool, from->name);
  for (uint32_t one = 0; one < from->count; one++) {
    troupe_try *attempt = &its->tries[its->count];
    attempt->pool = pool;
    attempt->batch = its;
    attempt->run_ms = -1;
    attempt->ticket = its->first_ticket + its->count++;
    attempt->task = task;
    attempt->timeout_ms = from->timeout_ms;
    double number = 1;
    if (from->attempts.at != NULL) troupe_read_number(&from->attempts, &number);
    attempt->attempt = (uint32_t)number;
    attempt->input = from->inputs;
    troupe_skip(&from->inputs);
    attempt->input.end = from->inputs.at;
    atomic_init(&attempt->stop, GOES_ON);
  }
}

static batch *read_batch(farm_pool *pool, farm_load load) {
  batch *its = NULL;
  uint32_t part_count = load.count - 1;
  troupe_bytes *parts = troupe_allocate(part_count * sizeof *parts);
  for (uint32_t one = 0; one < part_count; one++) {
    zmq_msg_t *part = &load.messages[1 + one];
    parts[one] = (troupe_bytes){zmq_msg_data(part), zmq_msg_size(part)};
  }
  const uint8_t *body = zmq_msg_data(&load.messages[0]);
  troupe_reader reader = {body, body + zmq_msg_size(&load.messages[0]), parts, part_count};
  troupe_reader values[2];
  uint64_t first_ticket, total = 0;
  uint32_t groups;
  group one;
  if (!troupe_is_value(reader) || !troupe_read_fields(&reader, TASKS_KEYS, 2, values)) goto done;
  if (!farm_read_count(values[FIRST_TICKET], 1, &first_ticket)) goto done;
  if (!troupe_read_array(&values[GROUPS], &groups)) goto done;
  troupe_reader again = values[GROUPS];
  for (uint32_t left = groups; left > 0; left--, total += one.count) {
    if (!read_group(&values[GROUPS], &one)) goto done;
  }
  if (total == 0 || total > UINT32_MAX) goto done;
  its = troupe_allocate(sizeof *its + total * sizeof *its->tries);
  its->load = load;
  its->parts = parts;
  its->first_ticket = first_ticket;
  for (uint32_t left = groups; left > 0 && read_group(&again, &one); left--) fill(pool, its, &one);
  its->left = its->count;
done:
  if (its == NULL) free(parts);
  return its;
}

bool farm_pool_add(farm_pool *pool, farm_load load) {
  batch *its = read_batch(pool, load);
  if (its == NULL) {
    close_load(load);
    return false;
  }
  pthread_mutex_lock(&pool->lock);
  its->previous = pool->last;
  if (pool->last == NULL) pool->first = its;
  else pool->last->next = its;
  pool->last = its;
  if (pool->cursor == NULL) pool->cursor = its;
  double now_ms = farm_now_ms();
  if (pool->unfinished == 0) pool->busy_since_ms = now_ms;
  pool->unfinished += its->count;
  for (uint32_t one = 0; pool->gives_back && one < its->count; one++) cancel_waiting(&its->tries[one], now_ms);
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->lock);
  return true;
}

void farm_pool_cancel(farm_pool *pool, uint64_t ticket) {
  pthread_mutex_lock(&pool->lock);
  for (batch *its = pool->first; its != NULL; its = its->next) {
    if (its->is_abandoned || ticket < its->first_ticket || ticket - its->first_ticket >= its->count) continue;
    troupe_try *attempt = &its->tries[ticket - its->first_ticket];
    if (attempt->state == WAITING) cancel_waiting(attempt, farm_now_ms());
    else if (attempt->state == RUNNING) stop_try(attempt, CANCELLED);
    break;
  }
  pthread_mutex_unlock(&pool->lock);
}

void farm_pool_give_back(farm_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  pool->gives_back = true;
  double now_ms = farm_now_ms();
  for (troupe_try *attempt = next_waiting(pool); attempt != NULL; attempt = next_waiting(pool)) {
    cancel_waiting(attempt, now_ms);
  }
  pthread_mutex_unlock(&pool->lock);
}

void farm_pool_abandon(farm_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  pool->first_ended = pool->last_ended = NULL;
  pool->unfinished = pool->ended = 0;
  pool->busy_ms = 0;
  for (batch *its = pool->first, *next; its != NULL; its = next) {
    next = its->next;
    if (its->is_abandoned) continue;
    its->is_abandoned = true;
    uint32_t count = its->count;
    for (uint32_t one = 0; one < count; one++) {
      troupe_try *attempt = &its->tries[one];
      if (attempt->state == RUNNING) stop_try(attempt, ABANDONED);
      if (attempt->state == RUNNING || attempt->state == LET_GO) continue;
      /* The last one takes the batch with it. */
      if (its->left == 1) count = 0;
      let_go(attempt);
    }
  }
  pthread_mutex_unlock(&pool->lock);
}

bool farm_pool_settle(farm_pool *pool, bool waits) {
  pthread_mutex_lock(&pool->lock);
  double until = farm_now_ms() + (waits ? pool->grace_ms : 0);
  struct timespec end = moment(until);
  while (pool->running_count > 0 && farm_now_ms() < until) {
    pthread_cond_timedwait(&pool->stopping, &pool->lock, &end);
  }
  bool is_settled = pool->running_count == 0;
  pthread_mutex_unlock(&pool->lock);
  return is_settled;
}

/* Looks at one that runs: true when it goes on though its time to end is over. */
static bool is_stuck(const farm_pool *pool, troupe_try *attempt, double now_ms) {
  if (troupe_is_stopped(attempt)) return now_ms >= attempt->stopped_ms + pool->grace_ms;
  if (attempt->timeout_ms > 0 && now_ms >= attempt->started_ms + attempt->timeout_ms) stop_try(attempt, OUT_OF_TIME);
  return false;
}

bool farm_pool_check(farm_pool *pool, double now_ms, troupe_writer *stuck) {
  troupe_writer failures = {0};
  uint32_t count = 0;
  bool is_well = true;
  pthread_mutex_lock(&pool->lock);
  for (uint32_t one = 0; one < pool->thread_count; one++) {
    troupe_try *attempt = pool->running[one];
    if (attempt == NULL || !is_stuck(pool, attempt, now_ms)) continue;
    is_well = false;
    /* It is not ended here: its thread still has its input and its output. */
    if (attempt->batch->is_abandoned || atomic_load(&attempt->stop) != OUT_OF_TIME) continue;
    count++;
    troupe_write_array(&failures, 2);
    troupe_write_number(&failures, (double)attempt->ticket);
    write_timeout(&failures, attempt->timeout_ms, true);
  }
  pthread_mutex_unlock(&pool->lock);
  if (count > 0) {
    troupe_write_map(stuck, 3);
    troupe_write_string(stuck, "outputs");
    troupe_write_array(stuck, 0);
    troupe_write_string(stuck, "failures");
    troupe_write_array(stuck, count);
    troupe_write_written(stuck, &failures);
    troupe_write_string(stuck, "busyMs");
    troupe_write_number(stuck, 0);
  }
  troupe_writer_clear(&failures);
  return is_well;
}

double farm_pool_due_ms(farm_pool *pool, double now_ms) {
  double due_ms = INFINITY;
  pthread_mutex_lock(&pool->lock);
  if (pool->ended > 0) due_ms = is_ripe(pool) ? now_ms : pool->ended_since_ms + GATHER_MS;
  for (uint32_t one = 0; one < pool->thread_count; one++) {
    troupe_try *attempt = pool->running[one];
    if (attempt == NULL) continue;
    if (troupe_is_stopped(attempt)) due_ms = fmin(due_ms, attempt->stopped_ms + pool->grace_ms);
    else if (attempt->timeout_ms > 0) due_ms = fmin(due_ms, attempt->started_ms + attempt->timeout_ms);
  }
  pool->looks_at_ms = due_ms;
  pthread_mutex_unlock(&pool->lock);
  return due_ms;
}

/* Takes as much of what has ended as one message may have; the two lists keep the order. */
static troupe_try *take_ended(farm_pool *pool, uint32_t *answers) {
  troupe_try *taken = pool->first_ended, *last = NULL;
  size_t bytes = 0;
  uint32_t parts = 0;
  for (troupe_try *attempt = taken; attempt != NULL; attempt = attempt->next_ended) {
    parts += attempt->output.part_count;
    if (last != NULL && (bytes > MAX_RESULT_BYTES || parts > TROUPE_MAX_PARTS)) break;
    bytes += attempt->output.size;
    for (uint32_t one = 0; one < attempt->output.part_count; one++) bytes += attempt->output.parts[one].size;
    last = attempt;
    ++*answers;
  }
  pool->ended -= *answers;
  pool->first_ended = last->next_ended;
  if (pool->first_ended == NULL) pool->last_ended = NULL;
  last->next_ended = NULL;
  return taken;
}

/* How many outputs follow each other from this one on. */
static uint32_t run_of(const troupe_try *from) {
  uint32_t count = 0;
  for (const troupe_try *one = from; one != NULL && !one->is_failure; one = one->next_ended) {
    if (one->ticket != from->ticket + count) break;
    count++;
  }
  return count;
}

static void write_outputs(troupe_writer *body, troupe_try *taken) {
  uint32_t runs = 0;
  for (troupe_try *one = taken; one != NULL;) {
    uint32_t count = run_of(one);
    runs += count > 0;
    for (uint32_t left = count > 0 ? count : 1; left > 0; left--) one = one->next_ended;
  }
  troupe_write_array(body, runs);
  for (troupe_try *one = taken; one != NULL;) {
    uint32_t count = run_of(one);
    if (count == 0) {
      one = one->next_ended;
      continue;
    }
    troupe_write_array(body, 2);
    troupe_write_number(body, (double)one->ticket);
    troupe_write_array(body, count);
    for (; count > 0; count--, one = one->next_ended) troupe_write_written(body, &one->output);
  }
}

static void write_failures(troupe_writer *body, troupe_try *taken) {
  uint32_t count = 0;
  for (troupe_try *one = taken; one != NULL; one = one->next_ended) count += one->is_failure;
  troupe_write_array(body, count);
  for (troupe_try *one = taken; one != NULL; one = one->next_ended) {
    if (!one->is_failure) continue;
    troupe_write_array(body, 2);
    troupe_write_number(body, (double)one->ticket);
    troupe_write_written(body, &one->output);
  }
}

static void write_weighed(troupe_writer *body, uint32_t weight, uint32_t count, troupe_writer *times) {
  if (count == 0) return;
  troupe_write_array(body, 2);
  troupe_write_number(body, weight);
  troupe_write_array(body, count);
  troupe_write_written(body, times);
}

/* How long they ran. */
static void write_times(troupe_writer *body, farm_pool *pool, const troupe_try *taken) {
  troupe_writer shorts = {0}, longs = {0};
  uint32_t short_count = 0, long_count = 0;
  for (const troupe_try *one = taken; one != NULL; one = one->next_ended) {
    if (one->run_ms >= SHORT_MS) {
      long_count++;
      troupe_write_number(&longs, one->run_ms);
    } else if (one->run_ms >= 0 && pool->short_tries++ % SHORT_WEIGHT == 0) {
      short_count++;
      troupe_write_number(&shorts, one->run_ms);
    }
  }
  troupe_write_array(body, (short_count > 0) + (long_count > 0));
  write_weighed(body, SHORT_WEIGHT, short_count, &shorts);
  write_weighed(body, 1, long_count, &longs);
}

farm_results farm_pool_results(farm_pool *pool, double now_ms, bool at_once) {
  farm_results results = {0};
  pthread_mutex_lock(&pool->lock);
  bool is_due = at_once || is_ripe(pool) || now_ms >= pool->ended_since_ms + GATHER_MS;
  troupe_try *taken = pool->ended > 0 && is_due ? take_ended(pool, &results.answers) : NULL;
  double busy_ms = 0;
  if (taken != NULL) {
    if (pool->unfinished > 0) {
      pool->busy_ms += now_ms - pool->busy_since_ms;
      pool->busy_since_ms = now_ms;
    }
    busy_ms = fmax(pool->busy_ms, 0);
    pool->busy_ms = 0;
  }
  pthread_mutex_unlock(&pool->lock);
  if (taken == NULL) return results;
  /* What was taken is nobody else's, so this needs no lock. */
  troupe_write_map(&results.body, 4);
  troupe_write_string(&results.body, "outputs");
  write_outputs(&results.body, taken);
  troupe_write_string(&results.body, "failures");
  write_failures(&results.body, taken);
  troupe_write_string(&results.body, "busyMs");
  troupe_write_number(&results.body, busy_ms);
  troupe_write_string(&results.body, "runMs");
  write_times(&results.body, pool, taken);
  pthread_mutex_lock(&pool->lock);
  for (troupe_try *one = taken, *next; one != NULL; one = next) {
    next = one->next_ended;
    let_go(one);
  }
  pthread_mutex_unlock(&pool->lock);
  return results;
}
