/*
 * Frames of docs/wire/farm.md, and the numbers by which they are taken in order and once.
 */
#ifndef TROUPE_FARM_LINK_H
#define TROUPE_FARM_LINK_H

#include "msgpack.h"

#include <zmq.h>

#ifndef FARM_WIRE_VERSION
#define FARM_WIRE_VERSION 3
#endif

enum { FARM_MAX_ID = 64 };

typedef enum {
  FARM_HELLO,
  FARM_WELCOME,
  FARM_REFUSED,
  FARM_TASKS,
  FARM_CANCEL,
  FARM_CREDIT,
  FARM_UPDATE,
  FARM_RESULTS,
  FARM_BEAT,
  FARM_BYE,
  FARM_KILL
} farm_kind;

typedef struct {
  uint64_t version;
  farm_kind kind;
  char run[FARM_MAX_ID + 1];
  char incarnation[FARM_MAX_ID + 1];
  uint64_t sequence;
  uint64_t acknowledged;
  /* Empty for none. */
  char token[FARM_MAX_ID + 1];
} farm_header;

/* False for what is no header. */
bool farm_read_header(const void *data, size_t size, farm_header *header);
/* An integer of the document: at least `least`, and sent as float 64 where it is beyond 32 bits. */
bool farm_read_count(troupe_reader reader, uint64_t least, uint64_t *count);
bool farm_is_numbered(farm_kind kind);

typedef struct farm_frame farm_frame;

typedef struct {
  /* The last number that was taken, and the last that was sent. */
  uint64_t received;
  uint64_t sent;
  /* What waits for an acknowledgement, in order. */
  farm_frame *first;
  farm_frame *last;
  double progress_ms;
} farm_link;

/*
 * Sends a frame, whose numbers it puts into the header, and takes the body. A numbered one waits to be acknowledged.
 * False when there is no connection: one that is numbered will be sent again.
 */
bool farm_link_send(farm_link *link, void *socket, farm_header *header, troupe_writer *body, double now_ms);
/* A frame came: lets go of what it acknowledges, and sends the rest again after so long without progress. */
void farm_link_hear(farm_link *link, void *socket, uint64_t acknowledged, double patience_ms, double now_ms);
/* Whether a numbered frame is the next one. */
bool farm_link_take(farm_link *link, uint64_t sequence);
void farm_link_clear(farm_link *link);

#endif
