#include "msgpack.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 0x50 };

void *troupe_allocate(size_t size) {
  void *memory = calloc(1, size == 0 ? 1 : size);
  if (memory == NULL) {
    fputs("troupe: out of memory\n", stderr);
    abort();
  }
  return memory;
}

/* ---- Reading ---- */

/* A big-endian integer of 1, 2, 4 or 8 bytes. */
static bool take(troupe_reader *reader, size_t bytes, uint64_t *value) {
  if ((size_t)(reader->end - reader->at) < bytes) return false;
  *value = 0;
  while (bytes-- > 0) *value = *value << 8 | *reader->at++;
  return true;
}

static bool take_data(troupe_reader *reader, size_t size, troupe_item *item) {
  if ((size_t)(reader->end - reader->at) < size) return false;
  item->data = reader->at;
  item->size = size;
  reader->at += size;
  return true;
}

static void be_integer(troupe_item *item, int64_t value) {
  item->type = TROUPE_NUMBER;
  item->is_integer = true;
  item->integer = value;
  item->number = (double)value;
}

static bool take_unsigned(troupe_reader *reader, size_t bytes, troupe_item *item) {
  uint64_t value;
  if (!take(reader, bytes, &value)) return false;
  be_integer(item, value > INT64_MAX ? INT64_MAX : (int64_t)value);
  item->number = (double)value;
  return true;
}

static bool take_signed(troupe_reader *reader, size_t bytes, troupe_item *item) {
  uint64_t value;
  if (!take(reader, bytes, &value)) return false;
  uint64_t sign = (uint64_t)1 << (8 * bytes - 1);
  /* A copy of the bits: the language leaves a cast of what is too large to the compiler. */
  uint64_t extended = bytes == 8 ? value : (value ^ sign) - sign;
  int64_t result;
  memcpy(&result, &extended, sizeof result);
  be_integer(item, result);
  return true;
}

static bool take_float(troupe_reader *reader, size_t bytes, troupe_item *item) {
  uint64_t bits;
  if (!take(reader, bytes, &bits)) return false;
  item->type = TROUPE_NUMBER;
  if (bytes == 4) {
    uint32_t half = (uint32_t)bits;
    float number;
    memcpy(&number, &half, sizeof number);
    item->number = (double)number;
  } else {
    memcpy(&item->number, &bits, sizeof item->number);
  }
  return true;
}

/* Text or bytes behind a length of so many bytes. */
static bool take_sized(troupe_reader *reader, troupe_type type, size_t bytes, troupe_item *item) {
  uint64_t size;
  item->type = type;
  return take(reader, bytes, &size) && take_data(reader, size, item);
}

/* Of a part that is there, its bytes; else the extension as it is. */
static bool take_extension(troupe_reader *reader, size_t size, troupe_item *item) {
  uint64_t type;
  if (!take(reader, 1, &type) || !take_data(reader, size, item)) return false;
  item->type = TROUPE_EXTENSION;
  item->extension = (int8_t)(type < 128 ? (int)type : (int)type - 256);
  if (type != PART || size != 4) return true;
  troupe_reader place = {.at = item->data, .end = item->data + 4};
  uint64_t part;
  if (!take(&place, 4, &part) || part >= reader->part_count) return true;
  item->type = TROUPE_BYTES;
  item->data = reader->parts[part].data;
  item->size = reader->parts[part].size;
  return true;
}

static bool take_extension_sized(troupe_reader *reader, size_t bytes, troupe_item *item) {
  uint64_t size;
  return take(reader, bytes, &size) && take_extension(reader, size, item);
}

static bool take_counted(troupe_reader *reader, troupe_type type, size_t bytes, troupe_item *item) {
  uint64_t count;
  item->type = type;
  if (!take(reader, bytes, &count)) return false;
  item->count = (uint32_t)count;
  return true;
}

static bool next_of(troupe_reader *reader, troupe_item *item, uint8_t head) {
  switch (head) {
    case 0xc0: item->type = TROUPE_NIL; return true;
    case 0xc2: case 0xc3: item->type = TROUPE_BOOLEAN; item->boolean = head == 0xc3; return true;
    case 0xc4: case 0xc5: case 0xc6: return take_sized(reader, TROUPE_BYTES, (size_t)1 << (head - 0xc4), item);
    case 0xc7: case 0xc8: case 0xc9: return take_extension_sized(reader, (size_t)1 << (head - 0xc7), item);
    case 0xca: case 0xcb: return take_float(reader, head == 0xca ? 4 : 8, item);
    case 0xcc: case 0xcd: case 0xce: case 0xcf: return take_unsigned(reader, (size_t)1 << (head - 0xcc), item);
    case 0xd0: case 0xd1: case 0xd2: case 0xd3: return take_signed(reader, (size_t)1 << (head - 0xd0), item);
    case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8:
      return take_extension(reader, (size_t)1 << (head - 0xd4), item);
    case 0xd9: case 0xda: case 0xdb: return take_sized(reader, TROUPE_TEXT, (size_t)1 << (head - 0xd9), item);
    case 0xdc: case 0xdd: return take_counted(reader, TROUPE_ARRAY, head == 0xdc ? 2 : 4, item);
    case 0xde: case 0xdf: return take_counted(reader, TROUPE_MAP, head == 0xde ? 2 : 4, item);
    default: break;
  }
  if (head < 0x80) return be_integer(item, head), true;
  if (head >= 0xe0) return be_integer(item, (int)head - 256), true;
  if (head >= 0xa0 && head < 0xc0) return item->type = TROUPE_TEXT, take_data(reader, head & 0x1f, item);
  if (head == 0xc1) return false;
  item->type = head < 0x90 ? TROUPE_MAP : TROUPE_ARRAY;
  item->count = head & 0x0f;
  return true;
}

bool troupe_next(troupe_reader *reader, troupe_item *item) {
  memset(item, 0, sizeof *item);
  const uint8_t *start = reader->at;
  if (start == NULL || start >= reader->end) return false;
  reader->at++;
  if (next_of(reader, item, *start)) return true;
  reader->at = start;
  return false;
}

/* How many values stand behind the head of one. */
static uint64_t values_in(const troupe_item *item) {
  return item->type == TROUPE_MAP ? 2 * (uint64_t)item->count : item->count;
}

bool troupe_skip(troupe_reader *reader) {
  /* No recursion: the depth is the sender's to choose. */
  for (uint64_t left = 1; left > 0; left--) {
    troupe_item item;
    if (!troupe_next(reader, &item)) return false;
    left += values_in(&item);
  }
  return true;
}

static bool next_is(troupe_reader *reader, troupe_type type, troupe_item *item) {
  const uint8_t *start = reader->at;
  if (troupe_next(reader, item) && item->type == type) return true;
  reader->at = start;
  return false;
}

bool troupe_read_number(troupe_reader *reader, double *number) {
  troupe_item item;
  if (!next_is(reader, TROUPE_NUMBER, &item)) return false;
  *number = item.number;
  return true;
}

static bool read_data(troupe_reader *reader, troupe_type type, troupe_bytes *bytes) {
  troupe_item item;
  if (!next_is(reader, type, &item)) return false;
  *bytes = (troupe_bytes){item.data, item.size};
  return true;
}

bool troupe_read_text(troupe_reader *reader, troupe_bytes *text) { return read_data(reader, TROUPE_TEXT, text); }
bool troupe_read_bytes(troupe_reader *reader, troupe_bytes *bytes) { return read_data(reader, TROUPE_BYTES, bytes); }

static bool read_count(troupe_reader *reader, troupe_type type, uint32_t *count) {
  troupe_item item;
  if (!next_is(reader, type, &item)) return false;
  *count = item.count;
  return true;
}

bool troupe_read_array(troupe_reader *reader, uint32_t *count) { return read_count(reader, TROUPE_ARRAY, count); }
bool troupe_read_map(troupe_reader *reader, uint32_t *pairs) { return read_count(reader, TROUPE_MAP, pairs); }

bool troupe_is_text(troupe_bytes text, const char *other) {
  return text.size == strlen(other) && memcmp(text.data, other, text.size) == 0;
}

bool troupe_is_value(troupe_reader reader) {
  const troupe_bytes *parts = reader.parts;
  uint32_t count = reader.part_count, found = 0;
  bool *named = troupe_allocate(count);
  /* Without its parts the reader shows them as the extensions that they are. */
  reader.part_count = 0;
  reader.parts = NULL;
  bool ok = parts != NULL || count == 0;
  for (uint64_t left = 1; ok && left > 0; left--) {
    troupe_item item;
    ok = troupe_next(&reader, &item);
    if (!ok) break;
    left += values_in(&item);
    if (item.type != TROUPE_EXTENSION || item.extension != PART) continue;
    troupe_reader place = {.at = item.data, .end = item.data + item.size};
    uint64_t part = 0;
    ok = item.size == 4 && take(&place, 4, &part) && part < count && !named[part];
    if (!ok) break;
    named[part] = true;
    found++;
  }
  free(named);
  return ok && found == count && reader.at == reader.end;
}

bool troupe_read_fields(troupe_reader *reader, const char *const *keys, size_t count, troupe_reader *values) {
  memset(values, 0, count * sizeof *values);
  uint32_t pairs;
  if (!troupe_read_map(reader, &pairs)) return false;
  while (pairs-- > 0) {
    troupe_bytes key;
    bool is_text = troupe_read_text(reader, &key);
    if (!is_text && !troupe_skip(reader)) return false;
    troupe_reader value = *reader;
    if (!troupe_skip(reader)) return false;
    for (size_t one = 0; is_text && one < count; one++) {
      if (troupe_is_text(key, keys[one])) values[one] = value;
    }
  }
  return true;
}

/* ---- Writing ---- */

static uint8_t *grow(troupe_writer *writer, size_t size) {
  if (writer->capacity - writer->size < size) {
    size_t capacity = (writer->size + size) * 2 < 32 ? 32 : (writer->size + size) * 2;
    uint8_t *data = realloc(writer->data, capacity);
    if (data == NULL) {
      fputs("troupe: out of memory\n", stderr);
      abort();
    }
    writer->data = data;
    writer->capacity = capacity;
  }
  uint8_t *at = writer->data + writer->size;
  writer->size += size;
  return at;
}

/* A head, and a big-endian integer of so many bytes behind it. */
static void put(troupe_writer *writer, uint8_t head, uint64_t value, size_t bytes) {
  uint8_t *at = grow(writer, bytes + 1);
  *at++ = head;
  while (bytes-- > 0) *at++ = (uint8_t)(value >> (8 * bytes));
}

void troupe_write_nil(troupe_writer *writer) { put(writer, 0xc0, 0, 0); }
void troupe_write_boolean(troupe_writer *writer, bool value) { put(writer, value ? 0xc3 : 0xc2, 0, 0); }

static void write_unsigned(troupe_writer *writer, uint32_t value) {
  if (value < 0x80) put(writer, (uint8_t)value, 0, 0);
  else if (value <= UINT8_MAX) put(writer, 0xcc, value, 1);
  else if (value <= UINT16_MAX) put(writer, 0xcd, value, 2);
  else put(writer, 0xce, value, 4);
}

static void write_negative(troupe_writer *writer, int32_t value) {
  if (value >= -32) put(writer, (uint8_t)value, 0, 0);
  else put(writer, 0xd2, (uint32_t)value, 4);
}

void troupe_write_number(troupe_writer *writer, double number) {
  /* The bounds come first: a cast of what does not fit is undefined. Minus zero is no integer. */
  if (number >= 0 && number <= UINT32_MAX && number == floor(number) && !signbit(number)) {
    write_unsigned(writer, (uint32_t)number);
  } else if (number < 0 && number >= INT32_MIN && number == floor(number)) {
    write_negative(writer, (int32_t)number);
  } else {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    put(writer, 0xcb, bits, 8);
  }
}

void troupe_write_bigint(troupe_writer *writer, int64_t number) { put(writer, 0xd3, (uint64_t)number, 8); }

void troupe_write_text(troupe_writer *writer, const char *text, size_t size) {
  if (size < 32) put(writer, (uint8_t)(0xa0 | size), 0, 0);
  else if (size <= UINT8_MAX) put(writer, 0xd9, size, 1);
  else if (size <= UINT16_MAX) put(writer, 0xda, size, 2);
  else put(writer, 0xdb, size, 4);
  if (size > 0) memcpy(grow(writer, size), text, size);
}

void troupe_write_string(troupe_writer *writer, const char *text) { troupe_write_text(writer, text, strlen(text)); }

static uint8_t *add_part(troupe_writer *writer, uint8_t *data, size_t size, size_t place) {
  if (writer->part_count == writer->part_capacity) {
    writer->part_capacity = writer->part_capacity == 0 ? 1 : writer->part_capacity * 2;
    troupe_part *parts = realloc(writer->parts, writer->part_capacity * sizeof *parts);
    if (parts == NULL) abort();
    writer->parts = parts;
  }
  writer->parts[writer->part_count++] = (troupe_part){data, size, place};
  return data;
}

uint8_t *troupe_write_room(troupe_writer *writer, size_t size) {
  if (size >= TROUPE_PART_BYTES && writer->part_count < TROUPE_MAX_PARTS) {
    put(writer, 0xd6, (uint64_t)PART << 32 | writer->part_count, 5);
    return add_part(writer, troupe_allocate(size), size, writer->size - 4);
  }
  if (size <= UINT8_MAX) put(writer, 0xc4, size, 1);
  else if (size <= UINT16_MAX) put(writer, 0xc5, size, 2);
  else put(writer, 0xc6, size, 4);
  return grow(writer, size);
}

void troupe_write_bytes(troupe_writer *writer, const void *bytes, size_t size) {
  uint8_t *room = troupe_write_room(writer, size);
  if (size > 0) memcpy(room, bytes, size);
}

void troupe_write_array(troupe_writer *writer, uint32_t count) {
  if (count < 16) put(writer, (uint8_t)(0x90 | count), 0, 0);
  else if (count <= UINT16_MAX) put(writer, 0xdc, count, 2);
  else put(writer, 0xdd, count, 4);
}

void troupe_write_map(troupe_writer *writer, uint32_t pairs) {
  if (pairs < 16) put(writer, (uint8_t)(0x80 | pairs), 0, 0);
  else if (pairs <= UINT16_MAX) put(writer, 0xde, pairs, 2);
  else put(writer, 0xdf, pairs, 4);
}

void troupe_write_written(troupe_writer *writer, troupe_writer *other) {
  size_t base = writer->size;
  if (other->size > 0) memcpy(grow(writer, other->size), other->data, other->size);
  for (uint32_t one = 0; one < other->part_count; one++) {
    troupe_part part = other->parts[one];
    uint8_t *place = writer->data + base + part.place;
    for (int byte = 0; byte < 4; byte++) place[byte] = (uint8_t)(writer->part_count >> (24 - 8 * byte));
    add_part(writer, part.data, part.size, base + part.place);
  }
  other->part_count = 0;
  troupe_writer_clear(other);
}

void troupe_writer_clear(troupe_writer *writer) {
  for (uint32_t one = 0; one < writer->part_count; one++) free(writer->parts[one].data);
  free(writer->parts);
  free(writer->data);
  memset(writer, 0, sizeof *writer);
}
