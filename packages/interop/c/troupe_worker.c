#include "troupe_worker.h"

#include "farm_link.h"
#include "farm_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const double HELLO_MS = 200;
/* How long the address of its inbox may be in use, by the one before for most of it. */
static const double ADDRESS_FREE_MS = 2000;
static const double HELLO_SILENT_MS = 250;
/* How long what it says last may take to go out. */
enum { LAST_WORDS_MS = 500 };
/* Messages that are taken in a row, before it looks at anything else. */
enum { TAKE_AT_ONCE = 64, MAX_MESSAGE_PARTS = 2 + TROUPE_MAX_PARTS };

typedef enum { GOES_ON, JOINS_ANEW, ENDS } what_next;

/* One incarnation. */
typedef struct {
  void *inbox;
  void *sink;
  void *monitor;
  char address[256];
  char incarnation[17];
  char run[FARM_MAX_ID + 1];
  /* What WELCOME gave it, which each of its frames says. */
  char token[FARM_MAX_ID + 1];
  farm_link link;
  bool is_connected;
  /* The connection is there, also again: the farm may be another by then. */
  bool wants_hello;
  bool has_joined;
  bool said_bye;
  bool said_waits;
  double opened_ms;
  double heartbeat_ms;
  double liveness_ms;
  double hello_ms;
  double beat_ms;
  double heard_ms;
} session;

struct troupe_worker {
  troupe_options options;
  void *context;
  farm_pool *pool;
  int wake_read;
  int wake_write;
  /* How often it was told to leave. */
  atomic_int leaving;
  session now;
  zmq_msg_t *parts;
  double without_farm_ms;
  troupe_end end;
  char why[512];
};

static void tell(troupe_worker *worker, troupe_event event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void tell(troupe_worker *worker, troupe_event event, const char *format, ...) {
  if (worker->options.tell == NULL) return;
  char text[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  worker->options.tell(worker->options.tell_data, event, text);
}

static what_next end_with(troupe_worker *worker, troupe_end end, const char *why) {
  worker->end = end;
  snprintf(worker->why, sizeof worker->why, "%s", why);
  return ENDS;
}

static what_next join_anew(troupe_worker *worker, const char *why) {
  tell(worker, TROUPE_LOST, "%s", why);
  /* One that leaves has nothing to come back for. */
  return worker->now.said_bye ? end_with(worker, TROUPE_LEFT, why) : JOINS_ANEW;
}

/* Of a signal handler too. A pipe that is full wakes as well. */
static void wake(void *data) {
  ssize_t written = write(((troupe_worker *)data)->wake_write, "", 1);
  (void)written;
}

/* ---- To the farm ---- */

static bool say(troupe_worker *worker, farm_kind kind, troupe_writer *body) {
  session *now = &worker->now;
  farm_header header = {.version = FARM_WIRE_VERSION, .kind = kind};
  memcpy(header.run, now->run, sizeof header.run);
  memcpy(header.incarnation, now->incarnation, sizeof now->incarnation);
  memcpy(header.token, now->token, sizeof header.token);
  return farm_link_send(&now->link, now->sink, &header, body, farm_now_ms());
}

static void write_texts(troupe_writer *body, const char *key, const char *const *texts, size_t count) {
  troupe_write_string(body, key);
  troupe_write_array(body, (uint32_t)count);
  for (size_t one = 0; one < count; one++) troupe_write_string(body, texts[one]);
}

static void write_tasks(troupe_writer *body, const troupe_options *options) {
  troupe_write_string(body, "tasks");
  troupe_write_array(body, (uint32_t)options->task_count);
  for (size_t one = 0; one < options->task_count; one++) {
    const troupe_task *task = &options->tasks[one];
    troupe_write_map(body, task->version == NULL ? 1 : 2);
    troupe_write_string(body, "name");
    troupe_write_string(body, task->name);
    if (task->version == NULL) continue;
    troupe_write_string(body, "version");
    troupe_write_string(body, task->version);
  }
}

static bool say_hello(troupe_worker *worker) {
  const troupe_options *options = &worker->options;
  char host[256] = "";
  bool has_host = gethostname(host, sizeof host - 1) == 0 && host[0] != 0;
  troupe_writer body = {0};
  troupe_write_map(&body, 5 + has_host + (options->slots > 0));
  troupe_write_string(&body, "inbox");
  troupe_write_string(&body, worker->now.address);
  troupe_write_string(&body, "pid");
  troupe_write_number(&body, getpid());
  write_tasks(&body, options);
  write_texts(&body, "encodings", (const char *const[]){"msgpack"}, 1);
  write_texts(&body, "tags", options->tags, options->tag_count);
  if (options->slots > 0) {
    troupe_write_string(&body, "slots");
    troupe_write_number(&body, options->slots);
  }
  if (has_host) {
    troupe_write_string(&body, "host");
    troupe_write_string(&body, host);
  }
  return say(worker, FARM_HELLO, &body);
}

/* What the process has in memory, in MiB; 0 where nobody says. */
static double memory_mib(void) {
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  long size = 0, resident = 0;
  int found = fscanf(file, "%ld %ld", &size, &resident);
  fclose(file);
  return found == 2 ? (double)resident * (double)sysconf(_SC_PAGESIZE) / (1024 * 1024) : 0;
}

static void say_beat(troupe_worker *worker) {
  troupe_writer body = {0};
  double mib = memory_mib();
  troupe_write_map(&body, mib > 0);
  if (mib > 0) {
    troupe_write_string(&body, "memoryMiB");
    troupe_write_number(&body, mib);
  }
  say(worker, FARM_BEAT, &body);
}

static void say_results(troupe_worker *worker, bool at_once) {
  for (;;) {
    farm_results results = farm_pool_results(worker->pool, farm_now_ms(), at_once);
    if (results.answers == 0) break;
    say(worker, FARM_RESULTS, &results.body);
  }
}

static void say_bye(troupe_worker *worker) {
  worker->now.said_bye = true;
  troupe_writer body = {0};
  troupe_write_map(&body, 0);
  say(worker, FARM_BYE, &body);
  farm_pool_give_back(worker->pool);
}

/* ---- From the farm ---- */

static bool is_positive(double number) { return isfinite(number) && number > 0; }

enum { ENCODING, HEARTBEAT, ID, LIVENESS, CONCURRENCY, GRACE, TOKEN, WELCOME_KEYS };

static void take_welcome(troupe_worker *worker, const farm_header *header, troupe_reader body) {
  static const char *const keys[] = {"encoding", "heartbeatMs", "id", "livenessMs", "concurrency", "graceMs", "token"};
  session *now = &worker->now;
  troupe_reader values[WELCOME_KEYS];
  troupe_bytes encoding, id, token;
  double heartbeat_ms, liveness_ms, grace_ms;
  uint64_t concurrency;
  if (!troupe_read_fields(&body, keys, WELCOME_KEYS, values)) return;
  if (!troupe_read_text(&values[ENCODING], &encoding) || !troupe_read_text(&values[ID], &id)) return;
  if (!troupe_read_number(&values[HEARTBEAT], &heartbeat_ms) || !is_positive(heartbeat_ms)) return;
  if (!troupe_read_number(&values[LIVENESS], &liveness_ms) || !is_positive(liveness_ms)) return;
  if (!troupe_read_number(&values[GRACE], &grace_ms) || !isfinite(grace_ms) || grace_ms < 0) return;
  if (!farm_read_count(values[CONCURRENCY], 1, &concurrency) || !troupe_is_text(encoding, "msgpack")) return;
  if (!troupe_read_text(&values[TOKEN], &token) || token.size > FARM_MAX_ID) return;
  memcpy(now->token, token.data, token.size);
  memcpy(now->run, header->run, sizeof now->run);
  now->has_joined = true;
  now->wants_hello = false;
  now->heartbeat_ms = heartbeat_ms;
  now->liveness_ms = liveness_ms;
  now->beat_ms = farm_now_ms();
  uint32_t at_once = concurrency < UINT32_MAX ? (uint32_t)concurrency : UINT32_MAX;
  farm_pool_begin(worker->pool, worker->options.slots > 0 ? worker->options.slots : at_once, grace_ms);
  tell(worker, TROUPE_JOINED, "%.*s", id.size < 256 ? (int)id.size : 256, (const char *)id.data);
}

static what_next take_refused(troupe_worker *worker, troupe_reader body) {
  static const char *const keys[] = {"code", "message"};
  troupe_reader values[2];
  troupe_bytes code, message;
  if (!troupe_read_fields(&body, keys, 2, values)) return GOES_ON;
  if (!troupe_read_text(&values[0], &code) || !troupe_read_text(&values[1], &message)) return GOES_ON;
  char why[400];
  snprintf(why, sizeof why, "%.*s", message.size < sizeof why ? (int)message.size : (int)sizeof why - 1,
           (const char *)message.data);
  return troupe_is_text(code, "GIVEN_UP") ? join_anew(worker, why) : end_with(worker, TROUPE_REFUSED, why);
}

static void take_cancel(troupe_worker *worker, troupe_reader body) {
  static const char *const keys[] = {"tickets"};
  troupe_reader tickets;
  uint32_t count;
  if (!troupe_read_fields(&body, keys, 1, &tickets) || !troupe_read_array(&tickets, &count)) return;
  for (; count > 0; count--) {
    uint64_t ticket;
    if (farm_read_count(tickets, 1, &ticket)) farm_pool_cancel(worker->pool, ticket);
    if (!troupe_skip(&tickets)) return;
  }
}

static bool take_tasks(troupe_worker *worker, uint32_t count) {
  farm_load load = {troupe_allocate((count - 1) * sizeof *load.messages), count - 1};
  for (uint32_t one = 0; one < load.count; one++) {
    zmq_msg_init(&load.messages[one]);
    zmq_msg_move(&load.messages[one], &worker->parts[1 + one]);
  }
  return farm_pool_add(worker->pool, load);
}

static what_next take_numbered(troupe_worker *worker, farm_kind kind, troupe_reader body, uint32_t count) {
  switch (kind) {
    case FARM_TASKS:
      if (take_tasks(worker, count)) return GOES_ON;
      /* What it cannot read it would hold for as long as it lives. */
      return join_anew(worker, "it could not read what tasks the farm gave it");
    case FARM_CANCEL:
      if (troupe_is_value(body)) take_cancel(worker, body);
      return GOES_ON;
    case FARM_BYE:
      if (worker->now.said_bye) return end_with(worker, TROUPE_LEFT, "it has left");
      return join_anew(worker, "the farm has ended");
    default:
      return GOES_ON;
  }
}

/* Whether a frame is for this incarnation, of its run, once it has one. */
static bool is_ours(const session *now, const farm_header *header, uint32_t count) {
  if (strcmp(header->incarnation, now->incarnation) != 0) return false;
  if (header->kind == FARM_TASKS ? count < 2 : count != 2) return false;
  if (header->kind == FARM_REFUSED) return true;
  if (header->version != FARM_WIRE_VERSION) return false;
  return now->has_joined ? strcmp(header->run, now->run) == 0 : header->kind == FARM_WELCOME;
}

static what_next take(troupe_worker *worker, uint32_t count) {
  session *now = &worker->now;
  farm_header header;
  if (count < 2 || count > MAX_MESSAGE_PARTS) return GOES_ON;
  if (!farm_read_header(zmq_msg_data(&worker->parts[0]), zmq_msg_size(&worker->parts[0]), &header)) return GOES_ON;
  if (!is_ours(now, &header, count)) return GOES_ON;
  const uint8_t *bytes = zmq_msg_data(&worker->parts[1]);
  troupe_reader body = {.at = bytes, .end = bytes + zmq_msg_size(&worker->parts[1])};
  if (header.kind == FARM_REFUSED) return troupe_is_value(body) ? take_refused(worker, body) : GOES_ON;
  if (header.kind == FARM_WELCOME && !now->has_joined) {
    if (troupe_is_value(body)) take_welcome(worker, &header, body);
    if (!now->has_joined) return GOES_ON;
  }
  double now_ms = farm_now_ms();
  now->heard_ms = now_ms;
  farm_link_hear(&now->link, now->sink, header.acknowledged, 3 * now->heartbeat_ms, now_ms);
  if (!farm_is_numbered(header.kind) || !farm_link_take(&now->link, header.sequence)) return GOES_ON;
  return take_numbered(worker, header.kind, body, count);
}

/* All parts of the next message; those that are too many are dropped. 0 when there is none. */
static uint32_t receive(troupe_worker *worker) {
  uint32_t count = 0;
  for (int more = 1; more != 0;) {
    zmq_msg_t *part = &worker->parts[count < MAX_MESSAGE_PARTS ? count : MAX_MESSAGE_PARTS];
    if (zmq_msg_recv(part, worker->now.inbox, ZMQ_DONTWAIT) < 0) break;
    more = zmq_msg_more(part);
    count = count <= MAX_MESSAGE_PARTS ? count + 1 : count;
  }
  return count;
}

static what_next take_all(troupe_worker *worker) {
  what_next next = GOES_ON;
  for (int left = TAKE_AT_ONCE; next == GOES_ON && left > 0; left--) {
    uint32_t count = receive(worker);
    if (count == 0) break;
    next = take(worker, count);
    for (uint32_t one = 0; one < count && one <= MAX_MESSAGE_PARTS; one++) {
      zmq_msg_close(&worker->parts[one]);
      zmq_msg_init(&worker->parts[one]);
    }
  }
  return next;
}

static void watch_connection(session *now) {
  for (;;) {
    uint8_t event[6], address[256];
    if (zmq_recv(now->monitor, event, sizeof event, ZMQ_DONTWAIT) < 2) break;
    zmq_recv(now->monitor, address, sizeof address, ZMQ_DONTWAIT);
    uint16_t kind;
    memcpy(&kind, event, sizeof kind);
    now->is_connected = kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    now->wants_hello = now->is_connected;
    now->hello_ms = 0;
  }
}

/* ---- One incarnation ---- */

static bool make_incarnation(char incarnation[17]) {
  uint8_t random[8];
  int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  bool ok = file >= 0 && read(file, random, sizeof random) == (ssize_t)sizeof random;
  if (file >= 0) close(file);
  for (size_t one = 0; ok && one < sizeof random; one++) snprintf(incarnation + 2 * one, 3, "%02x", random[one]);
  return ok;
}

/* The host and the port of a tcp address. */
static bool split_address(const char *address, char host[256], char port[16]) {
  if (strncmp(address, "tcp://", 6) != 0) return false;
  const char *colon = strrchr(address + 6, ':');
  if (colon == NULL || strlen(colon + 1) >= 16 || (size_t)(colon - address) >= 256) return false;
  const char *start = address + 6, *end = colon;
  if (*start == '[' && end[-1] == ']') start++, end--;
  snprintf(host, 256, "%.*s", (int)(end - start), start);
  snprintf(port, 16, "%s", colon + 1);
  return true;
}

/* A free port of the address from which this machine reaches the farm: what a datagram there would come from. */
static bool choose_inbox(const char *farm, char endpoint[256]) {
  char host[256], port[16], own[128];
  struct addrinfo hints = {.ai_socktype = SOCK_DGRAM}, *found = NULL;
  if (!split_address(farm, host, port) || getaddrinfo(host, port, &hints, &found) != 0) return false;
  struct sockaddr_storage name;
  socklen_t size = sizeof name;
  int probe = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool ok = probe >= 0 && connect(probe, found->ai_addr, found->ai_addrlen) == 0 &&
            getsockname(probe, (struct sockaddr *)&name, &size) == 0 &&
            getnameinfo((struct sockaddr *)&name, size, own, sizeof own, NULL, 0, NI_NUMERICHOST) == 0;
  if (ok) snprintf(endpoint, 256, found->ai_family == AF_INET6 ? "tcp://[%s]:*" : "tcp://%s:*", own);
  if (probe >= 0) close(probe);
  freeaddrinfo(found);
  return ok;
}

static void *open_socket(troupe_worker *worker, int type, const char *endpoint) {
  void *socket = zmq_socket(worker->context, type);
  if (socket == NULL) return NULL;
  int none = 0, yes = 1, is_ipv6 = strchr(endpoint, '[') != NULL, reconnect_ms = 50, reconnect_max_ms = 1000;
  zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_IPV6, &is_ipv6, sizeof is_ipv6);
  zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms);
  zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &reconnect_max_ms, sizeof reconnect_max_ms);
  /* Without a farm nothing gathers that nobody wants when there is one: HELLO is said again, the rest sent again. */
  if (type == ZMQ_PUSH) zmq_setsockopt(socket, ZMQ_IMMEDIATE, &yes, sizeof yes);
  return socket;
}

/* libzmq gives the address of a closed inbox back in a thread of its own, a little later. */
static bool bind_soon(void *socket, const char *endpoint) {
  double until_ms = farm_now_ms() + ADDRESS_FREE_MS;
  while (zmq_bind(socket, endpoint) != 0) {
    if (errno != EADDRINUSE || farm_now_ms() > until_ms) return false;
    poll(NULL, 0, 10);
  }
  return true;
}

static bool open_inbox(troupe_worker *worker) {
  session *now = &worker->now;
  char endpoint[256];
  if (worker->options.inbox != NULL) snprintf(endpoint, sizeof endpoint, "%s", worker->options.inbox);
  else if (!choose_inbox(worker->options.farm, endpoint)) return false;
  size_t size = sizeof now->address;
  now->inbox = open_socket(worker, ZMQ_PULL, endpoint);
  if (now->inbox == NULL || !bind_soon(now->inbox, endpoint)) return false;
  if (zmq_getsockopt(now->inbox, ZMQ_LAST_ENDPOINT, now->address, &size) != 0) return false;
  if (worker->options.advertise != NULL) snprintf(now->address, sizeof now->address, "%s", worker->options.advertise);
  return true;
}

static bool open_sink(troupe_worker *worker) {
  session *now = &worker->now;
  char events[64];
  snprintf(events, sizeof events, "inproc://troupe-%s", now->incarnation);
  now->sink = open_socket(worker, ZMQ_PUSH, worker->options.farm);
  now->monitor = zmq_socket(worker->context, ZMQ_PAIR);
  return now->sink != NULL && now->monitor != NULL &&
         zmq_socket_monitor(now->sink, events, ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED) == 0 &&
         zmq_connect(now->monitor, events) == 0 && zmq_connect(now->sink, worker->options.farm) == 0;
}

static void close_session(session *now, int linger_ms) {
  if (now->sink != NULL) {
    zmq_socket_monitor(now->sink, NULL, 0);
    zmq_setsockopt(now->sink, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
  }
  void *sockets[] = {now->inbox, now->sink, now->monitor};
  for (int one = 0; one < 3; one++) {
    if (sockets[one] != NULL) zmq_close(sockets[one]);
  }
  farm_link_clear(&now->link);
}

static bool needs_hello(const session *now, double now_ms) {
  return !now->has_joined || now->wants_hello || now_ms - now->heard_ms > now->liveness_ms;
}

static void say_what_is_due(troupe_worker *worker, double now_ms) {
  session *now = &worker->now;
  if (needs_hello(now, now_ms) && now_ms >= now->hello_ms) {
    if (say_hello(worker)) now->wants_hello = false;
    now->hello_ms = now_ms + (now->has_joined ? HELLO_SILENT_MS : HELLO_MS);
  }
  if (!now->has_joined) return;
  if (now_ms >= now->beat_ms) {
    say_beat(worker);
    now->beat_ms = now_ms + now->heartbeat_ms;
  }
  say_results(worker, false);
}

static what_next look_at_time(troupe_worker *worker, double now_ms) {
  session *now = &worker->now;
  troupe_writer stuck = {0};
  if (!farm_pool_check(worker->pool, now_ms, &stuck)) {
    if (now->has_joined) say_results(worker, true);
    if (stuck.size > 0) say(worker, FARM_RESULTS, &stuck);
    return end_with(worker, TROUPE_STUCK, "a task goes on though its time to end is over");
  }
  if (now->has_joined) return GOES_ON;
  double limit_ms = worker->options.join_timeout_ms;
  bool is_over = limit_ms > 0 && now_ms - worker->without_farm_ms > limit_ms;
  if (!is_over && (now->said_waits || now_ms - now->opened_ms < 5000)) return GOES_ON;
  now->said_waits = true;
  char why[400];
  snprintf(why, sizeof why, now->is_connected ? "the farm at %.100s does not answer: can it dial %.100s?"
                                              : "nothing listens at %.100s; %.100s waits for it",
           worker->options.farm, now->address);
  if (is_over) return end_with(worker, TROUPE_NOT_JOINED, why);
  tell(worker, TROUPE_WARNING, "%s", why);
  return GOES_ON;
}

static what_next look_at_leaving(troupe_worker *worker) {
  int leaving = atomic_load(&worker->leaving);
  if (leaving == 0) return GOES_ON;
  if (leaving > 1 || !worker->now.has_joined) return end_with(worker, TROUPE_LEFT, "it was told to leave");
  if (!worker->now.said_bye) say_bye(worker);
  return GOES_ON;
}

static long wait_ms(troupe_worker *worker, double now_ms) {
  session *now = &worker->now;
  double due_ms = fmin(farm_pool_due_ms(worker->pool, now_ms), now_ms + 1000);
  if (needs_hello(now, now_ms)) due_ms = fmin(due_ms, now->hello_ms);
  if (now->has_joined) due_ms = fmin(due_ms, now->beat_ms);
  return due_ms <= now_ms ? 0 : (long)ceil(due_ms - now_ms);
}

static what_next turn(troupe_worker *worker) {
  double now_ms = farm_now_ms();
  what_next next = look_at_leaving(worker);
  if (next == GOES_ON) next = look_at_time(worker, now_ms);
  if (next != GOES_ON) return next;
  say_what_is_due(worker, now_ms);
  session *now = &worker->now;
  zmq_pollitem_t items[] = {
      {.socket = now->inbox, .events = ZMQ_POLLIN},
      {.socket = now->monitor, .events = ZMQ_POLLIN},
      {.fd = worker->wake_read, .events = ZMQ_POLLIN},
  };
  zmq_poll(items, 3, wait_ms(worker, farm_now_ms()));
  char wakes[256];
  if (items[2].revents != 0) while (read(worker->wake_read, wakes, sizeof wakes) == (ssize_t)sizeof wakes) {}
  if (items[1].revents != 0) watch_connection(now);
  if (items[0].revents != 0) return take_all(worker);
  /* Looked at only when all that has come was taken: it may have been this process that did not go on. */
  bool is_silent = now->has_joined && farm_now_ms() - now->heard_ms > 2 * now->liveness_ms;
  return is_silent ? join_anew(worker, "nothing has come from the farm") : GOES_ON;
}

static what_next live(troupe_worker *worker) {
  session *now = &worker->now;
  memset(now, 0, sizeof *now);
  now->opened_ms = farm_now_ms();
  if (!make_incarnation(now->incarnation) || !open_inbox(worker) || !open_sink(worker)) {
    char why[400];
    const char *inbox = worker->options.inbox == NULL ? "an inbox" : worker->options.inbox;
    snprintf(why, sizeof why, "it cannot open %.150s for %.150s: %s", inbox, worker->options.farm, zmq_strerror(errno));
    close_session(now, 0);
    return end_with(worker, TROUPE_BROKEN, why);
  }
  tell(worker, TROUPE_LISTENS, "%s", now->address);
  what_next next = GOES_ON;
  while (next == GOES_ON) next = turn(worker);
  /* One whose tasks are stuck leaves everything as it is. */
  bool is_stuck = next == ENDS && worker->end == TROUPE_STUCK;
  if (!is_stuck) farm_pool_abandon(worker->pool);
  close_session(now, is_stuck ? LAST_WORDS_MS : 0);
  if (is_stuck) {
    /* The process ends: this waits until they are out. */
    zmq_ctx_term(worker->context);
    worker->context = NULL;
  }
  return next;
}

/* ---- The worker ---- */

troupe_worker *troupe_worker_new(const troupe_options *options) {
  troupe_worker *worker = troupe_allocate(sizeof *worker);
  worker->options = *options;
  int ends[2];
  if (pipe(ends) != 0) abort();
  for (int one = 0; one < 2; one++) {
    fcntl(ends[one], F_SETFL, O_NONBLOCK);
    fcntl(ends[one], F_SETFD, FD_CLOEXEC);
  }
  worker->wake_read = ends[0];
  worker->wake_write = ends[1];
  worker->context = zmq_ctx_new();
  worker->parts = troupe_allocate((MAX_MESSAGE_PARTS + 1) * sizeof *worker->parts);
  for (uint32_t one = 0; one <= MAX_MESSAGE_PARTS; one++) zmq_msg_init(&worker->parts[one]);
  worker->pool = farm_pool_new(&worker->options, wake, worker);
  return worker;
}

troupe_end troupe_worker_run(troupe_worker *worker) {
  what_next next = JOINS_ANEW;
  while (next == JOINS_ANEW) {
    worker->without_farm_ms = farm_now_ms();
    next = live(worker);
    /* A farm that sends it away at once is not asked again at once. */
    double pause_ms = worker->now.opened_ms + HELLO_MS - farm_now_ms();
    struct pollfd leaves = {.fd = worker->wake_read, .events = POLLIN};
    if (next == JOINS_ANEW && pause_ms > 0) poll(&leaves, 1, (int)ceil(pause_ms));
  }
  bool waits = atomic_load(&worker->leaving) < 2;
  if (worker->end != TROUPE_STUCK && !farm_pool_settle(worker->pool, waits)) worker->end = TROUPE_STUCK;
  return worker->end;
}

void troupe_worker_leave(troupe_worker *worker) {
  atomic_fetch_add(&worker->leaving, 1);
  wake(worker);
}

const char *troupe_worker_why(const troupe_worker *worker) { return worker->why; }

void troupe_worker_free(troupe_worker *worker) {
  farm_pool_free(worker->pool);
  for (uint32_t one = 0; one <= MAX_MESSAGE_PARTS; one++) zmq_msg_close(&worker->parts[one]);
  free(worker->parts);
  zmq_ctx_term(worker->context);
  close(worker->wake_read);
  close(worker->wake_write);
  free(worker);
}
