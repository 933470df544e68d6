#include "farm_link.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const KINDS[] = {"HELLO",  "WELCOME", "REFUSED", "TASKS", "CANCEL", "CREDIT",
                                    "UPDATE", "RESULTS", "BEAT",    "BYE",   "KILL"};
enum { KIND_COUNT = sizeof KINDS / sizeof *KINDS };

/* The largest integer up to which a float 64 has all of them. */
static const double MAX_COUNT = 9007199254740991.0;

struct farm_frame {
  farm_frame *next;
  uint64_t sequence;
  uint32_t count;
  zmq_msg_t parts[];
};

static bool to_count(double number, uint64_t least, uint64_t *count) {
  if (!(number >= (double)least && number <= MAX_COUNT && number == floor(number))) return false;
  *count = (uint64_t)number;
  return true;
}

bool farm_read_count(troupe_reader reader, uint64_t least, uint64_t *count) {
  double number;
  return troupe_read_number(&reader, &number) && to_count(number, least, count);
}

static bool next_count(troupe_reader *reader, uint64_t *count) {
  double number;
  return troupe_read_number(reader, &number) && to_count(number, 0, count);
}

static bool next_id(troupe_reader *reader, char id[FARM_MAX_ID + 1]) {
  troupe_bytes text;
  if (!troupe_read_text(reader, &text) || text.size > FARM_MAX_ID) return false;
  memcpy(id, text.data, text.size);
  id[text.size] = 0;
  return true;
}

bool farm_read_header(const void *data, size_t size, farm_header *header) {
  troupe_reader reader = {.at = data, .end = (const uint8_t *)data + size};
  uint32_t fields;
  troupe_bytes kind;
  if (!troupe_read_array(&reader, &fields) || fields != 6) return false;
  if (!next_count(&reader, &header->version) || !troupe_read_text(&reader, &kind)) return false;
  int known = 0;
  while (known < KIND_COUNT && !troupe_is_text(kind, KINDS[known])) known++;
  header->kind = (farm_kind)known;
  return known < KIND_COUNT && next_id(&reader, header->run) && next_id(&reader, header->incarnation) &&
         next_count(&reader, &header->sequence) && next_count(&reader, &header->acknowledged) &&
         reader.at == reader.end;
}

bool farm_is_numbered(farm_kind kind) {
  switch (kind) {
    case FARM_TASKS: case FARM_CANCEL: case FARM_CREDIT: case FARM_UPDATE: case FARM_RESULTS: case FARM_BYE:
      return true;
    default: return false;
  }
}

static void free_data(void *data, void *hint) {
  (void)hint;
  free(data);
}

/* A part that is counted by libzmq: it may be sent again without a copy. */
static void own(zmq_msg_t *part, void *data, size_t size) {
  if (zmq_msg_init_data(part, data, size, free_data, NULL) != 0) abort();
}

static farm_frame *make_frame(const farm_header *header, troupe_writer *body) {
  troupe_writer head = {0};
  bool has_token = header->token[0] != 0;
  troupe_write_array(&head, 6 + has_token);
  troupe_write_number(&head, (double)header->version);
  troupe_write_string(&head, KINDS[header->kind]);
  troupe_write_string(&head, header->run);
  troupe_write_string(&head, header->incarnation);
  troupe_write_number(&head, (double)header->sequence);
  troupe_write_number(&head, (double)header->acknowledged);
  if (has_token) troupe_write_string(&head, header->token);
  farm_frame *frame = troupe_allocate(sizeof *frame + (2 + body->part_count) * sizeof *frame->parts);
  frame->sequence = header->sequence;
  frame->count = 2 + body->part_count;
  own(&frame->parts[0], head.data, head.size);
  own(&frame->parts[1], body->data, body->size);
  for (uint32_t one = 0; one < body->part_count; one++) {
    own(&frame->parts[2 + one], body->parts[one].data, body->parts[one].size);
  }
  free(body->parts);
  memset(body, 0, sizeof *body);
  return frame;
}

static bool send_frame(farm_frame *frame, void *socket) {
  for (uint32_t one = 0; one < frame->count; one++) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_copy(&part, &frame->parts[one]) != 0) abort();
    int more = one + 1 < frame->count ? ZMQ_SNDMORE : 0;
    if (zmq_msg_send(&part, socket, ZMQ_DONTWAIT | more) >= 0) continue;
    zmq_msg_close(&part);
    return false;
  }
  return true;
}

static void free_frame(farm_frame *frame) {
  for (uint32_t one = 0; one < frame->count; one++) zmq_msg_close(&frame->parts[one]);
  free(frame);
}

bool farm_link_send(farm_link *link, void *socket, farm_header *header, troupe_writer *body, double now_ms) {
  bool is_numbered = farm_is_numbered(header->kind);
  if (is_numbered) link->sent++;
  header->sequence = is_numbered || header->kind == FARM_BEAT ? link->sent : 0;
  header->acknowledged = link->received;
  farm_frame *frame = make_frame(header, body);
  bool went = send_frame(frame, socket);
  if (!is_numbered) {
    free_frame(frame);
    return went;
  }
  if (link->first == NULL) {
    link->first = frame;
    link->progress_ms = now_ms;
  } else {
    link->last->next = frame;
  }
  link->last = frame;
  return went;
}

void farm_link_hear(farm_link *link, void *socket, uint64_t acknowledged, double patience_ms, double now_ms) {
  while (link->first != NULL && link->first->sequence <= acknowledged) {
    farm_frame *frame = link->first;
    link->first = frame->next;
    free_frame(frame);
    link->progress_ms = now_ms;
  }
  if (link->first == NULL || now_ms - link->progress_ms < patience_ms) return;
  for (farm_frame *frame = link->first; frame != NULL && send_frame(frame, socket);) frame = frame->next;
  link->progress_ms = now_ms;
}

bool farm_link_take(farm_link *link, uint64_t sequence) {
  if (sequence != link->received + 1) return false;
  link->received = sequence;
  return true;
}

void farm_link_clear(farm_link *link) {
  while (link->first != NULL) {
    farm_frame *frame = link->first;
    link->first = frame->next;
    free_frame(frame);
  }
  memset(link, 0, sizeof *link);
}
