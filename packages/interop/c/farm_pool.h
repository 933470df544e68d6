/*
 * The tries that a worker holds, and the threads that run them.
 */
#ifndef TROUPE_FARM_POOL_H
#define TROUPE_FARM_POOL_H

#include "troupe_worker.h"

#include <zmq.h>

typedef struct farm_pool farm_pool;

/* The body and the parts of a TASKS frame. */
typedef struct {
  zmq_msg_t *messages;
  uint32_t count;
} farm_load;

/* What one RESULTS says. */
typedef struct {
  /* How many tries it answers. */
  uint32_t answers;
  troupe_writer body;
} farm_results;

double farm_now_ms(void);

/* `wake` is called, by any thread, when farm_pool_due_ms may have come nearer. */
farm_pool *farm_pool_new(const troupe_options *options, void (*wake)(void *), void *data);
/* Only when nothing runs. */
void farm_pool_free(farm_pool *pool);

/* So many run at once from now on; one that is told to end may go on for so long. */
void farm_pool_begin(farm_pool *pool, uint32_t concurrency, double grace_ms);
/* Takes the load of a TASKS. False when it cannot be read; it is closed then. */
bool farm_pool_add(farm_pool *pool, farm_load load);
void farm_pool_cancel(farm_pool *pool, uint64_t ticket);
/* Begins nothing more: what has not begun, and what still comes, is answered as cancelled. */
void farm_pool_give_back(farm_pool *pool);
/* Tells what runs to end, and forgets all: nothing of it is answered any more. */
void farm_pool_abandon(farm_pool *pool);
/* Waits for what runs still: for its time to end at most, or not at all. False when something does. */
bool farm_pool_settle(farm_pool *pool, bool waits);

/*
 * Looks at the limits of time. False when something goes on though its time to end is over; `stuck` is the RESULTS that
 * says so then, or empty.
 */
bool farm_pool_check(farm_pool *pool, double now_ms, troupe_writer *stuck);
/* When to look again: infinity when nothing is to be expected before a wake. */
double farm_pool_due_ms(farm_pool *pool, double now_ms);
/* Gathers what has ended, if it is time to tell. Ask again while there are answers. */
farm_results farm_pool_results(farm_pool *pool, double now_ms, bool at_once);

#endif
