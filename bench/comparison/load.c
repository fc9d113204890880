/* The load generator of the comparison: sends requests that lie ready in a file over connections that are kept.
 *
 * usage: load <port> <ca.pem, or - for HTTP> <file> <connections> <seconds> <rate> <once>
 *
 * A record of the file is two lengths (32 bits, as this machine writes them), then what the answer has to hold, then
 * the request, HTTP head and all. Every connection is a thread that blocks. rate: requests a second of all connections
 * together, each due at its own moment, its time counted from then; 0: as fast as answers come. once: no record is
 * sent twice, and the run ends when there is none left.
 *
 * It connects, says "ready", waits for a line, runs, and prints one line of JSON.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { RIGHT, WRONG, FAILED, KINDS };

struct record {
    const char *needle, *request;
    uint32_t needle_size, request_size;
};

struct caller {
    pthread_t thread;
    int number, socket;
    SSL *ssl;
    char *buffer;
    size_t held, room;
    unsigned counts[KINDS], reconnects, timed, timed_room;
    uint32_t *times; /* microseconds */
    char wrong[400];
};

static struct record *records;
static unsigned record_count, connections;
static atomic_uint next_record;
static int port, once;
static double seconds, rate;
static SSL_CTX *tls;
static pthread_barrier_t connected, started;
static double start;

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return (double)moment.tv_sec + (double)moment.tv_nsec / 1e9;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static void *allocate(void *old, size_t size) {
    void *made = realloc(old, size);
    if (!made)
        die("no memory");
    return made;
}

static void read_records(const char *path) {
    struct stat facts;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &facts))
        die("cannot read the requests");
    const char *at = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
    if (at == MAP_FAILED)
        die("cannot map the requests");
    const char *end = at + facts.st_size;
    unsigned room = 0;
    while (at < end) {
        struct record one;
        memcpy(&one.needle_size, at, 4);
        memcpy(&one.request_size, at + 4, 4);
        one.needle = at + 8;
        one.request = one.needle + one.needle_size;
        at = one.request + one.request_size;
        if (record_count == room)
            records = allocate(records, (room = room * 2 + 1024) * sizeof *records);
        records[record_count++] = one;
    }
    if (!record_count)
        die("there are no requests");
}

/* -- one connection ----------------------------------------------------------------------------------------------- */

static void hang_up(struct caller *me) {
    if (me->ssl)
        SSL_free(me->ssl);
    if (me->socket >= 0)
        close(me->socket);
    me->ssl = NULL;
    me->socket = -1;
    me->held = 0;
}

static int dial(struct caller *me) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval patience = {.tv_sec = 120};
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    me->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (me->socket < 0 || connect(me->socket, (struct sockaddr *)&address, sizeof address))
        return -1;
    setsockopt(me->socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(me->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!tls)
        return 0;
    me->ssl = SSL_new(tls);
    if (!me->ssl || SSL_set_fd(me->ssl, me->socket) != 1 || SSL_set1_host(me->ssl, "localhost") != 1)
        return -1;
    SSL_set_tlsext_host_name(me->ssl, "localhost");
    return SSL_connect(me->ssl) == 1 ? 0 : -1;
}

static int send_all(struct caller *me, const char *data, size_t size) {
    while (size) {
        ssize_t sent = me->ssl ? SSL_write(me->ssl, data, (int)size) : send(me->socket, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return -1;
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

static int receive(struct caller *me) {
    if (me->held + 65536 > me->room)
        me->buffer = allocate(me->buffer, me->room = me->room * 2 + 131072);
    size_t space = me->room - me->held - 1;
    ssize_t got = me->ssl ? SSL_read(me->ssl, me->buffer + me->held, (int)space)
                          : recv(me->socket, me->buffer + me->held, space, 0);
    if (got <= 0)
        return -1;
    me->held += (size_t)got;
    me->buffer[me->held] = 0;
    return 0;
}

/* Returns where the chunks end that begin at `at`, 0 while they are not all there, -1 for nonsense. */
static ssize_t end_of_chunks(const struct caller *me, size_t at) {
    for (;;) {
        const char *line = memmem(me->buffer + at, me->held - at, "\r\n", 2);
        if (!line)
            return 0;
        char *rest;
        size_t size = strtoul(me->buffer + at, &rest, 16);
        if (rest == me->buffer + at)
            return -1;
        at = (size_t)(line - me->buffer) + 2 + size + 2;
        if (at > me->held)
            return 0;
        if (!size)
            return (ssize_t)at;
    }
}

/* Reads one answer; returns its status, or -1. `end` is where it ends. */
static int read_answer(struct caller *me, size_t *end, int *closes) {
    char *gap = NULL;
    while (!gap) {
        if (receive(me))
            return -1;
        gap = memmem(me->buffer, me->held, "\r\n\r\n", 4);
    }
    *gap = 0;
    size_t body = (size_t)(gap - me->buffer) + 4;
    const char *length = strcasestr(me->buffer, "\r\ncontent-length:");
    int chunked = strcasestr(me->buffer, "\r\ntransfer-encoding: chunked") != NULL;
    *closes = strcasestr(me->buffer, "\r\nconnection: close") != NULL;
    int status = strlen(me->buffer) > 12 ? atoi(me->buffer + 9) : -1;
    size_t whole = length ? body + strtoul(length + 17, NULL, 10) : 0;
    while (chunked || whole) {
        ssize_t done = chunked ? end_of_chunks(me, body) : me->held >= whole ? (ssize_t)whole : 0;
        if (done > 0) {
            *end = (size_t)done;
            return status;
        }
        if (done < 0 || receive(me))
            return -1;
    }
    return -1;
}

/* -- one caller --------------------------------------------------------------------------------------------------- */

static int exchange(struct caller *me, const struct record *one) {
    size_t end;
    int closes;
    if (me->socket < 0) {
        me->reconnects++;
        if (dial(me)) {
            hang_up(me);
            usleep(10000); /* a server that is gone is not asked again at once */
            return FAILED;
        }
    }
    me->held = 0;
    int status = send_all(me, one->request, one->request_size) ? -1 : read_answer(me, &end, &closes);
    if (status < 0) {
        hang_up(me);
        return FAILED;
    }
    int right = status == 200 && memmem(me->buffer, end, one->needle, one->needle_size);
    if (!right && !*me->wrong) {
        size_t body = strlen(me->buffer) + 4;
        snprintf(me->wrong, sizeof me->wrong, "%d: %.380s", status, body < end ? me->buffer + body : "");
    }
    if (closes)
        hang_up(me);
    return right ? RIGHT : WRONG;
}

static void keep_time(struct caller *me, double took) {
    if (me->timed == me->timed_room)
        me->times = allocate(me->times, (me->timed_room = me->timed_room * 2 + 4096) * sizeof *me->times);
    me->times[me->timed++] = (uint32_t)(took * 1e6);
}

static void sleep_until(double moment) {
    struct timespec when = {.tv_sec = (time_t)moment};
    when.tv_nsec = (long)((moment - (double)when.tv_sec) * 1e9);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, NULL))
        ;
}

static void *call(void *given) {
    struct caller *me = given;
    if (dial(me))
        die("cannot connect");
    pthread_barrier_wait(&connected);
    pthread_barrier_wait(&started);
    double interval = rate > 0 ? connections / rate : 0, due = start + interval * me->number / connections;
    for (;;) {
        if (rate > 0)
            sleep_until(due);
        double begin = now();
        if (begin > start + seconds)
            break;
        unsigned number = atomic_fetch_add(&next_record, 1);
        if (once && number >= record_count)
            break;
        int kind = exchange(me, &records[number % record_count]);
        me->counts[kind]++;
        if (kind == RIGHT)
            keep_time(me, now() - (rate > 0 ? due : begin));
        due += interval;
    }
    return NULL;
}

/* -- all of them -------------------------------------------------------------------------------------------------- */

static int by_size(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return a < b ? -1 : a > b;
}

static void print_text(const char *text) {
    putchar('"');
    for (; *text; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ' || (unsigned char)*text > 126)
            printf("\\u%04x", (unsigned char)*text);
        else
            putchar(*text);
    putchar('"');
}

static void report(struct caller *callers, double took, double cpu) {
    unsigned counts[KINDS] = {0}, reconnects = 0, timed = 0;
    const char *wrong = "";
    uint32_t *times = NULL;
    for (unsigned i = 0; i < connections; i++) {
        struct caller *one = &callers[i];
        for (int kind = 0; kind < KINDS; kind++)
            counts[kind] += one->counts[kind];
        reconnects += one->reconnects;
        if (!*wrong)
            wrong = one->wrong;
        if (one->timed) {
            times = allocate(times, (timed + one->timed) * sizeof *times);
            memcpy(times + timed, one->times, one->timed * sizeof *times);
            timed += one->timed;
        }
    }
    qsort(times, timed, sizeof *times, by_size);
#define AT(part) (timed ? times[(unsigned)((timed - 1) * (part))] : 0)
    printf("{\"right\": %u, \"wrong\": %u, \"failed\": %u, \"reconnects\": %u, \"seconds\": %.6f, \"load_cpu\": %.6f, ",
           counts[RIGHT], counts[WRONG], counts[FAILED], reconnects, took, cpu);
    printf("\"microseconds\": {\"p50\": %u, \"p90\": %u, \"p99\": %u, \"max\": %u}, \"detail\": ", AT(0.5), AT(0.9),
           AT(0.99), AT(1.0));
    print_text(wrong);
    puts("}");
}

static double own_cpu(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int argc, char **argv) {
    if (argc != 8)
        die("usage: load <port> <ca.pem or -> <file> <connections> <seconds> <rate> <once>");
    signal(SIGPIPE, SIG_IGN);
    port = atoi(argv[1]);
    read_records(argv[3]);
    connections = (unsigned)atoi(argv[4]);
    seconds = atof(argv[5]);
    rate = atof(argv[6]);
    once = atoi(argv[7]);
    if (strcmp(argv[2], "-")) {
        tls = SSL_CTX_new(TLS_client_method());
        if (!tls || SSL_CTX_load_verify_locations(tls, argv[2], NULL) != 1)
            die("cannot read the authority");
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    }
    struct caller *callers = calloc(connections, sizeof *callers);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 256 * 1024);
    pthread_barrier_init(&connected, NULL, connections + 1);
    pthread_barrier_init(&started, NULL, connections + 1);
    for (unsigned i = 0; i < connections; i++) {
        callers[i].number = (int)i;
        callers[i].socket = -1;
        if (pthread_create(&callers[i].thread, &small, call, &callers[i]))
            die("cannot start a thread");
    }
    pthread_barrier_wait(&connected);
    puts("ready");
    fflush(stdout);
    getchar();
    double cpu = own_cpu();
    start = now();
    pthread_barrier_wait(&started);
    for (unsigned i = 0; i < connections; i++)
        pthread_join(callers[i].thread, NULL);
    report(callers, now() - start, own_cpu() - cpu);
    return 0;
}
