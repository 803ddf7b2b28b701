/*
 * Load for a TFTP server: so many clients at once, each a process of its own, fetch a file so many times.
 *
 *   cc -O2 -o tftpload tftpload.c
 *   tftpload <address> <port> <file> <block> <window> <clients> <times>
 *
 * Prints one line of JSON: transfers that are whole and those that are not, pauses in which a client waited in vain,
 * megabytes a second over all, and the time of the slowest transfer. Keeps no data. After RFC 1350, 2347, 2348, 7440.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RRQ = 1, DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };
enum { WAIT_MS = 1000, WAITS_MAX = 8 };

/* Of one client, in memory that it shares with its parent. */
struct result {
  unsigned long bytes, whole, broken, waits;
  double slowest_s;
};

struct transfer {
  int fd;
  struct sockaddr_in peer; /* after the first answer the port of the transfer */
  int has_peer;
  int block, window;       /* as granted */
  unsigned char last[600]; /* what is sent again when nothing comes */
  int last_bytes;
};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static void send_last(struct transfer *t) {
  sendto(t->fd, t->last, t->last_bytes, 0, (struct sockaddr *)&t->peer, sizeof t->peer);
}

static void acknowledge(struct transfer *t, unsigned block) {
  unsigned char ack[4] = {0, ACK, block >> 8, block};
  memcpy(t->last, ack, t->last_bytes = sizeof ack);
  send_last(t);
}

static void request(struct transfer *t, const char *file, int block, int window) {
  char *end = (char *)t->last;
  *end++ = 0;
  *end++ = RRQ;
  end += sprintf(end, "%.300s", file) + 1;
  end += sprintf(end, "octet") + 1;
  if (block != 512) end += sprintf(end, "blksize") + 1, end += sprintf(end, "%d", block) + 1;
  if (window != 1) end += sprintf(end, "windowsize") + 1, end += sprintf(end, "%d", window) + 1;
  t->last_bytes = end - (char *)t->last;
  send_last(t);
}

static void read_options(struct transfer *t, char *at, char *end) {
  end[-1] = 0;
  while (at < end) {
    char *name = at, *value = name + strlen(name) + 1;
    if (value >= end) return;
    if (!strcasecmp(name, "blksize")) t->block = atoi(value);
    if (!strcasecmp(name, "windowsize")) t->window = atoi(value);
    at = value + strlen(value) + 1;
  }
}

/* Whether the whole file came. */
static int fetch(struct transfer *t, struct result *result) {
  static unsigned char packet[65536];
  unsigned expected = 1; /* block, 16 bits */
  int in_window = 0, waits = 0, told_of_gap = 0;
  for (;;) {
    struct pollfd ready = {t->fd, POLLIN, 0};
    if (poll(&ready, 1, WAIT_MS) <= 0) {
      result->waits++;
      if (++waits > WAITS_MAX) return 0;
      send_last(t);
      in_window = 0;
      continue;
    }
    struct sockaddr_in from;
    socklen_t from_bytes = sizeof from;
    int bytes = recvfrom(t->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_bytes);
    if (bytes < 4 || (t->has_peer && from.sin_port != t->peer.sin_port)) continue;
    t->peer = from;
    t->has_peer = 1;
    if (packet[1] == ERROR) return 0;
    if (packet[1] == OACK && expected == 1) {
      read_options(t, (char *)packet + 2, (char *)packet + bytes);
      acknowledge(t, 0);
    }
    if (packet[1] != DATA) continue;
    unsigned block = packet[2] << 8 | packet[3];
    if (block != expected) {
      /* In a window: once, that there is a gap. In lock-step: nothing. */
      if (t->window > 1 && !told_of_gap) acknowledge(t, (expected - 1) & 0xffff);
      told_of_gap = 1;
      in_window = 0;
      continue;
    }
    int is_last = bytes - 4 < t->block;
    result->bytes += bytes - 4;
    expected = (expected + 1) & 0xffff;
    waits = told_of_gap = 0;
    if (is_last || ++in_window >= t->window) {
      acknowledge(t, block);
      in_window = 0;
    }
    if (is_last) return 1;
  }
}

static void run_client(char **v, int block, int window, int times, struct result *result) {
  for (int i = 0; i < times; i++) {
    struct transfer t = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .block = 512, .window = 1};
    t.peer.sin_family = AF_INET;
    t.peer.sin_port = htons(atoi(v[2]));
    inet_pton(AF_INET, v[1], &t.peer.sin_addr);
    int buffer_bytes = 4 << 20;
    setsockopt(t.fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof buffer_bytes);
    double started = now();
    request(&t, v[3], block, window);
    fetch(&t, result) ? result->whole++ : result->broken++;
    double seconds = now() - started;
    if (seconds > result->slowest_s) result->slowest_s = seconds;
    close(t.fd);
  }
}

int main(int c, char **v) {
  if (c != 8) return fprintf(stderr, "tftpload <address> <port> <file> <block> <window> <clients> <times>\n"), 2;
  int block = atoi(v[4]), window = atoi(v[5]), clients = atoi(v[6]), times = atoi(v[7]);
  int shared = MAP_SHARED | MAP_ANONYMOUS;
  struct result *results = mmap(NULL, sizeof *results * clients, PROT_READ | PROT_WRITE, shared, -1, 0);
  double started = now();
  for (int i = 0; i < clients; i++)
    if (fork() == 0) run_client(v, block, window, times, &results[i]), _exit(0);
  while (wait(NULL) > 0) continue;
  double seconds = now() - started;
  struct result all = {0};
  for (int i = 0; i < clients; i++) {
    all.bytes += results[i].bytes;
    all.whole += results[i].whole;
    all.broken += results[i].broken;
    all.waits += results[i].waits;
    if (results[i].slowest_s > all.slowest_s) all.slowest_s = results[i].slowest_s;
  }
  printf("{\"whole\":%lu,\"broken\":%lu,\"waits\":%lu,\"megabytesPerSecond\":%.1f,\"slowestSeconds\":%.3f}\n", all.whole,
         all.broken, all.waits, all.bytes / seconds / 1e6, all.slowest_s);
  return 0;
}
