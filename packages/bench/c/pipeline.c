/*
 * PUSH to PULL in C, message by message, between two processes over tcp: what libzmq itself does.
 *
 * Each line of stdin is a number of messages of 64 bytes to send; each is answered with the seconds that it took until
 * the last had been received.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

enum { BYTES = 64 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void must(int ok, const char *what) {
  if (ok) return;
  perror(what);
  exit(1);
}

/* Tells its address, then the end of each count. */
static void receive(int counts, int tell) {
  void *context = zmq_ctx_new();
  void *pull = zmq_socket(context, ZMQ_PULL);
  must(zmq_bind(pull, "tcp://127.0.0.1:*") == 0, "bind");
  char address[256] = {0};
  size_t length = sizeof address;
  must(zmq_getsockopt(pull, ZMQ_LAST_ENDPOINT, address, &length) == 0, "endpoint");
  must(write(tell, address, sizeof address) == sizeof address, "write");
  long count;
  while (read(counts, &count, sizeof count) == sizeof count) {
    char message[BYTES];
    for (long n = 0; n < count; n++) must(zmq_recv(pull, message, BYTES, 0) == BYTES, "receive");
    must(write(tell, "x", 1) == 1, "write");
  }
  exit(0);
}

int main(void) {
  int counts[2], tell[2];
  must(pipe(counts) == 0 && pipe(tell) == 0, "pipe");
  pid_t child = fork();
  must(child >= 0, "fork");
  if (child == 0) {
    close(counts[1]);
    receive(counts[0], tell[1]);
  }
  close(counts[0]);
  char address[256];
  must(read(tell[0], address, sizeof address) == sizeof address, "read");
  void *context = zmq_ctx_new();
  void *push = zmq_socket(context, ZMQ_PUSH);
  must(zmq_connect(push, address) == 0, "connect");
  char message[BYTES];
  memset(message, 'x', BYTES);
  long count;
  while (scanf("%ld", &count) == 1) {
    double began = now();
    must(write(counts[1], &count, sizeof count) == sizeof count, "write");
    for (long n = 0; n < count; n++) must(zmq_send(push, message, BYTES, 0) == BYTES, "send");
    char done;
    must(read(tell[0], &done, 1) == 1, "read");
    printf("%.6f\n", now() - began);
    fflush(stdout);
  }
  return 0;
}
