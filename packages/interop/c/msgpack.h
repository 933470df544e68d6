/*
 * msgpack as docs/wire/farm.md uses it: a reader that never leaves its bytes, and a writer that grows.
 *
 * A reader goes through values that somebody else owns, and points into them. Large binary values may stand beside the
 * bytes, in parts of their own: extension 0x50 names them, and both ends see plain bytes.
 */
#ifndef TROUPE_MSGPACK_H
#define TROUPE_MSGPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  TROUPE_NIL,
  TROUPE_BOOLEAN,
  TROUPE_NUMBER,
  TROUPE_TEXT,
  TROUPE_BYTES,
  TROUPE_ARRAY,
  TROUPE_MAP,
  TROUPE_EXTENSION
} troupe_type;

typedef struct {
  const uint8_t *data;
  size_t size;
} troupe_bytes;

typedef struct {
  const uint8_t *at;
  const uint8_t *end;
  const troupe_bytes *parts;
  uint32_t part_count;
} troupe_reader;

/* What stands next: a value, or the head of an array or a map, whose values follow it. */
typedef struct {
  troupe_type type;
  bool boolean;
  double number;
  /* Whether the number came as an integer, and what it is if it fits. */
  bool is_integer;
  int64_t integer;
  /* Of a text, which does not end with a zero, bytes or an extension. */
  const uint8_t *data;
  size_t size;
  int8_t extension;
  /* Values of an array, pairs of a map. */
  uint32_t count;
} troupe_item;

/* Goes on past the next item. False, and where it was, when there is none that is whole. */
bool troupe_next(troupe_reader *reader, troupe_item *item);
/* Goes on past a whole value with all that is in it. */
bool troupe_skip(troupe_reader *reader);
/* Each goes on only past a value of its type. A number that came as a 64-bit integer is rounded. */
bool troupe_read_number(troupe_reader *reader, double *number);
bool troupe_read_text(troupe_reader *reader, troupe_bytes *text);
bool troupe_read_bytes(troupe_reader *reader, troupe_bytes *bytes);
bool troupe_read_array(troupe_reader *reader, uint32_t *count);
bool troupe_read_map(troupe_reader *reader, uint32_t *pairs);
bool troupe_is_text(troupe_bytes text, const char *other);

/* Whether the bytes are one value, which names each of the parts once. */
bool troupe_is_value(troupe_reader reader);
/*
 * Goes past a map, and puts a reader at the value of each of these keys into `values`. Of a key that is not there its
 * `at` is NULL; others are ignored.
 */
bool troupe_read_fields(troupe_reader *reader, const char *const *keys, size_t count, troupe_reader *values);

/* A binary value that goes in a part of its own. */
typedef struct {
  uint8_t *data;
  size_t size;
  /* Where in the bytes of its writer its number stands. */
  size_t place;
} troupe_part;

typedef struct {
  uint8_t *data;
  size_t size;
  size_t capacity;
  troupe_part *parts;
  uint32_t part_count;
  uint32_t part_capacity;
} troupe_writer;

enum {
  /* A binary value from this size on goes in a part of its own, while there are not too many. */
  TROUPE_PART_BYTES = 16 * 1024,
  TROUPE_MAX_PARTS = 4096
};

void troupe_write_nil(troupe_writer *writer);
void troupe_write_boolean(troupe_writer *writer, bool value);
/* As an integer if it is one of 32 bits, else as float 64. */
void troupe_write_number(troupe_writer *writer, double number);
/* A bigint for JavaScript. */
void troupe_write_bigint(troupe_writer *writer, int64_t number);
void troupe_write_text(troupe_writer *writer, const char *text, size_t size);
void troupe_write_string(troupe_writer *writer, const char *text);
/* Copies them. */
void troupe_write_bytes(troupe_writer *writer, const void *bytes, size_t size);
/* Makes room for a binary value; the caller fills it before it writes on. */
uint8_t *troupe_write_room(troupe_writer *writer, size_t size);
void troupe_write_array(troupe_writer *writer, uint32_t count);
void troupe_write_map(troupe_writer *writer, uint32_t pairs);
/* What another has written, whose parts come to be this one's. */
void troupe_write_written(troupe_writer *writer, troupe_writer *other);
void troupe_writer_clear(troupe_writer *writer);

/* Memory, or the end of the program. */
void *troupe_allocate(size_t size);

#endif
