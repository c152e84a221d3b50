/*
 * mjpeg-loadgen.c - load client for MJPEG over HTTP (multipart/x-mixed-replace), Linux only.
 *
 * Opens any number of connections to one URL, reads the parts by their Content-Length, counts pictures and bytes per
 * client inside a measuring window, and prints one line of JSON. Meanwhile it watches the server's CPU time and memory.
 * It can add slow or stalled readers, to see whether they hurt the others or the server's memory.
 *
 * Build:  gcc -O2 -Wall -Wextra -o mjpeg-loadgen mjpeg-loadgen.c
 * Usage:  ./mjpeg-loadgen -u http://127.0.0.1:8080/stream.mjpg [options]
 *   -c N      clients (default 1)
 *   -t SEC    measuring window (default 8)
 *   -w SEC    warm-up after connecting, not counted (default 1.5)
 *   -p PID    server process to watch: its CPU clock, and its resident memory every 100 ms
 *   -s K      K extra slow readers, which are not in the clients' figures
 *   -r B/S    rate of each slow reader in bytes per second (default 0: sends the request and never reads)
 *   -V        verify: copy each body and check that it begins with SOI and ends with EOI. Without it the kernel throws
 *             bodies away unseen (MSG_TRUNC), so that the client costs little CPU next to the server
 *
 * Looks at its sockets once a millisecond, as a network card that gathers its interrupts does: if every write of the
 * server woke it, most of what is measured would be the waking. Times are exact to that millisecond.
 *
 * Connects to 127.0.0.0/8 only; stops by itself after warm-up and window.
 *
 * JSON: clients, connected, alive (still open at the end), secs, frames_total, fps_min, fps_p10, fps_median, fps_max
 * (per client), mb_s (1e6 bytes), gap_p50_ms, gap_p99_ms, gap_max_ms (between the ends of two successive pictures of one
 * client), lat_p50_ms, lat_p99_ms (now minus X-Timestamp, where the server sends it), bad_frames (with -V), slow_alive
 * (with -s; a server's close() behind unread data does not show here, a reset does), srv_cpu_s, srv_cpu_s_per_gb (per
 * 1e9 bytes delivered to anybody), srv_rss_peak_mb, srv_rss_end_mb (1e6 bytes), cli_cpu_s.
 * Exit status: 0 if every client got a picture, 1 if not, 2 if it could not be run.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 5000
#define SAMPLE_NS 100000000LL /* between two looks at the server's memory */
#define PAUSE_NS 1000000L     /* between two looks at the sockets */
#define SLOW_TICK_NS 50000000LL
#define DRAIN_BYTES (4 << 20) /* from one client before the next has its turn */

enum state { STATUS_LINE, HTTP_HEADER, PART_HEADER, BODY };

struct client {
	int fd, slow, dead;
	enum state state;
	char line[2048]; /* header line under way */
	unsigned line_length;
	int has_header;
	int64_t content_length; /* -1: not seen */
	uint64_t body_left, body_seen;
	double timestamp; /* X-Timestamp of this part, seconds; 0: none */
	uint8_t first[2], last[2];
	uint64_t frames, bytes, bad; /* inside the window */
	int64_t last_frame_ns;
	double credit; /* bytes a slow reader may take */
};

/* Tenths of a millisecond, up to 6 s. */
#define BUCKETS 60000
struct histogram {
	uint32_t bucket[BUCKETS + 1];
	uint64_t count;
	double max;
};

static struct histogram gaps, latencies;
static int measuring, verify;
static int server_pid;
static clockid_t server_clock;

static int64_t now_ns(clockid_t clock)
{
	struct timespec t = { 0, 0 };
	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void die(const char *message)
{
	fprintf(stderr, "mjpeg-loadgen: %s\n", message);
	exit(2);
}

static void add(struct histogram *h, double ms)
{
	long at = (long)(ms * 10);
	h->bucket[at < 0 ? 0 : at > BUCKETS ? BUCKETS : at]++;
	h->count++;
	if (ms > h->max) h->max = ms;
}

static double quantile(const struct histogram *h, double q)
{
	uint64_t wanted = (uint64_t)(q * (double)h->count), seen = 0;
	for (long i = 0; i <= BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen > wanted) return (double)i / 10 + 0.05;
	}
	return -1;
}

/* ---- parsing ---- */

static void frame_done(struct client *c)
{
	c->state = PART_HEADER;
	if (measuring) {
		int64_t t = now_ns(CLOCK_MONOTONIC);
		c->frames++;
		if (verify && (c->first[0] != 0xFF || c->first[1] != 0xD8 || c->last[0] != 0xFF || c->last[1] != 0xD9)) c->bad++;
		if (!c->slow && c->last_frame_ns) add(&gaps, (double)(t - c->last_frame_ns) / 1e6);
		if (!c->slow && c->timestamp > 0) add(&latencies, (double)now_ns(CLOCK_REALTIME) / 1e6 - c->timestamp * 1e3);
		c->last_frame_ns = t;
	}
	c->has_header = 0;
	c->content_length = -1;
	c->timestamp = 0;
	c->body_seen = 0;
}

static void on_line(struct client *c, const char *line)
{
	if (c->state == STATUS_LINE) {
		if (!strstr(line, " 200")) {
			fprintf(stderr, "mjpeg-loadgen: answer '%s'\n", line);
			c->dead = 1;
		}
		c->state = HTTP_HEADER;
	} else if (c->state == HTTP_HEADER) {
		if (!*line) c->state = PART_HEADER;
	} else if (*line) {
		/* A delimiter has no colon. */
		if (strchr(line, ':')) c->has_header = 1;
		if (!strncasecmp(line, "Content-Length:", 15)) c->content_length = atoll(line + 15);
		if (!strncasecmp(line, "X-Timestamp:", 12)) c->timestamp = atof(line + 12);
	} else if (c->has_header) {
		if (c->content_length <= 0) die("a part without Content-Length");
		c->body_left = (uint64_t)c->content_length;
		c->state = BODY;
	}
}

static void check_body(struct client *c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++, c->body_seen++) {
		if (c->body_seen < 2) c->first[c->body_seen] = p[i];
		c->last[0] = c->last[1];
		c->last[1] = p[i];
	}
}

static void feed(struct client *c, const uint8_t *p, size_t n)
{
	while (n && !c->dead) {
		if (c->state == BODY) {
			size_t step = n < c->body_left ? n : (size_t)c->body_left;
			if (verify) check_body(c, p, step);
			p += step;
			n -= step;
			c->body_left -= step;
			if (!c->body_left) frame_done(c);
			continue;
		}
		char byte = (char)*p++;
		n--;
		if (byte == '\n') {
			if (c->line_length && c->line[c->line_length - 1] == '\r') c->line_length--;
			c->line[c->line_length] = 0;
			c->line_length = 0;
			on_line(c, c->line);
		} else if (c->line_length < sizeof c->line - 1) c->line[c->line_length++] = byte;
	}
}

/* Reads until there is nothing, or `max` bytes. Returns how many. */
static uint64_t drain(struct client *c, uint64_t max)
{
	uint64_t total = 0;
	uint8_t buffer[65536];
	while (!c->dead && total < max) {
		uint64_t room = max - total;
		ssize_t n;
		if (!verify && c->state == BODY) {
			n = recv(c->fd, NULL, c->body_left < room ? c->body_left : room, MSG_TRUNC | MSG_DONTWAIT);
			if (n > 0 && !(c->body_left -= (uint64_t)n)) frame_done(c);
		} else {
			/* Little, so that the body is left for the kernel to throw away. */
			uint64_t wanted = verify ? sizeof buffer : 256;
			n = recv(c->fd, buffer, wanted < room ? wanted : room, MSG_DONTWAIT);
			if (n > 0) feed(c, buffer, (size_t)n);
		}
		if (n < 0 && errno == EINTR) continue;
		if (n == 0 || (n < 0 && errno != EAGAIN)) c->dead = 1;
		if (n <= 0) break;
		total += (uint64_t)n;
	}
	if (measuring) c->bytes += total;
	return total;
}

/* ---- watching the server ---- */

static double server_cpu(void) { return server_pid ? (double)now_ns(server_clock) / 1e9 : 0; }

static double server_rss(void)
{
	char path[64];
	long size, resident = 0;
	snprintf(path, sizeof path, "/proc/%d/statm", server_pid);
	FILE *file = fopen(path, "r");
	if (!file) return 0;
	if (fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
	fclose(file);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static double own_cpu(void) { return (double)now_ns(CLOCK_PROCESS_CPUTIME_ID) / 1e9; }

/* ---- the run ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static int still_open(const struct client *c)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof info;
	return c->fd >= 0 && !c->dead && !getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &length) && info.tcpi_state == TCP_ESTABLISHED;
}

static void open_client(struct client *c, const struct sockaddr_in *address, const char *request, size_t length)
{
	struct timeval limit = { 3, 0 };
	c->content_length = -1;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0) die("no more sockets");
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	if (connect(c->fd, (const struct sockaddr *)address, sizeof *address) || send(c->fd, request, length, 0) != (ssize_t)length) {
		c->dead = 1;
		close(c->fd);
		c->fd = -1;
		return;
	}
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

int main(int argc, char **argv)
{
	const char *url = NULL;
	int n = 1, slow = 0, option;
	double window = 8, warm_up = 1.5, rate = 0;
	while ((option = getopt(argc, argv, "u:c:t:w:p:s:r:V")) != -1) switch (option) {
		case 'u': url = optarg; break;
		case 'c': n = atoi(optarg); break;
		case 't': window = atof(optarg); break;
		case 'w': warm_up = atof(optarg); break;
		case 'p': server_pid = atoi(optarg); break;
		case 's': slow = atoi(optarg); break;
		case 'r': rate = atof(optarg); break;
		case 'V': verify = 1; break;
		default: return 2;
	}
	char host[64] = "", path[1024] = "";
	int port = 0;
	struct sockaddr_in address = { .sin_family = AF_INET };
	if (!url || n < 1 || slow < 0 || n + slow > MAX_CONNECTIONS || window > 3600) die("bad arguments; see the head of mjpeg-loadgen.c");
	if (sscanf(url, "http://%63[^:/]:%d%1023s", host, &port, path) != 3) die("bad URL");
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || ntohl(address.sin_addr.s_addr) >> 24 != 127) die("loopback addresses only");
	address.sin_port = htons((uint16_t)port);
	if (server_pid && clock_getcpuclockid(server_pid, &server_clock)) die("no such server process");
	signal(SIGPIPE, SIG_IGN);
	struct rlimit files;
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}

	char request[2048];
	int length = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUser-Agent: mjpeg-loadgen\r\n\r\n", path, host, port);
	int all = n + slow, connected = 0, poller = epoll_create1(0);
	struct client *clients = calloc((size_t)all, sizeof *clients);
	if (!clients) die("no memory");
	for (int i = 0; i < all; i++) {
		struct client *c = &clients[i];
		open_client(c, &address, request, (size_t)length);
		c->slow = i >= n;
		if (c->dead || c->slow) continue;
		connected++;
		struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c };
		epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
	}

	int64_t begin = now_ns(CLOCK_MONOTONIC) + (int64_t)(warm_up * 1e9), end = begin + (int64_t)(window * 1e9), sample = 0, tick = 0, t;
	double cpu = 0, own = 0, rss_peak = 0;
	static struct epoll_event events[MAX_CONNECTIONS];
	const struct timespec pause = { 0, PAUSE_NS };
	while ((t = now_ns(CLOCK_MONOTONIC)) < end) {
		if (!measuring && t >= begin) {
			measuring = 1;
			cpu = server_cpu();
			own = own_cpu();
			begin = t;
			end = begin + (int64_t)(window * 1e9);
		}
		if (server_pid && t >= sample) {
			double rss = server_rss();
			if (rss > rss_peak) rss_peak = rss;
			sample = t + SAMPLE_NS;
		}
		if (slow && rate > 0 && t >= tick) {
			double seconds = SLOW_TICK_NS / 1e9 + (tick ? (double)(t - tick) / 1e9 : 0);
			tick = t + SLOW_TICK_NS;
			for (struct client *c = clients + n; c < clients + all; c++) {
				c->credit += rate * seconds;
				/* At most a second's worth saved up. */
				if (c->credit > rate) c->credit = rate;
				if (!c->dead && c->credit >= 1) c->credit -= (double)drain(c, (uint64_t)c->credit);
			}
		}
		nanosleep(&pause, NULL);
		int count = epoll_wait(poller, events, MAX_CONNECTIONS, 0);
		for (int i = 0; i < count; i++) {
			struct client *c = events[i].data.ptr;
			drain(c, DRAIN_BYTES);
			if (!c->dead) continue;
			close(c->fd);
			c->fd = -1;
		}
	}
	double seconds = (double)(now_ns(CLOCK_MONOTONIC) - begin) / 1e9;
	cpu = server_cpu() - cpu;
	own = own_cpu() - own;

	double *fps = calloc((size_t)n, sizeof *fps), bytes = 0;
	if (!fps) die("no memory");
	uint64_t frames = 0, bad = 0;
	int alive = 0, slow_alive = 0, all_served = 1;
	for (int i = 0; i < all; i++) {
		struct client *c = &clients[i];
		bytes += (double)c->bytes;
		bad += c->bad;
		if (c->slow) {
			slow_alive += still_open(c);
			continue;
		}
		fps[i] = (double)c->frames / seconds;
		frames += c->frames;
		alive += still_open(c);
		if (!c->frames) all_served = 0;
	}
	qsort(fps, (size_t)n, sizeof *fps, by_value);
	printf("{\"clients\":%d,\"connected\":%d,\"alive\":%d,\"secs\":%.2f,\"frames_total\":%llu,\"fps_min\":%.2f,\"fps_p10\":%.2f,"
	       "\"fps_median\":%.2f,\"fps_max\":%.2f,\"mb_s\":%.1f,\"gap_p50_ms\":%.1f,\"gap_p99_ms\":%.1f,\"gap_max_ms\":%.1f",
	       n, connected, alive, seconds, (unsigned long long)frames, fps[0], fps[n / 10], fps[n / 2], fps[n - 1], bytes / 1e6 / seconds,
	       quantile(&gaps, .5), quantile(&gaps, .99), gaps.max);
	if (latencies.count) printf(",\"lat_p50_ms\":%.1f,\"lat_p99_ms\":%.1f", quantile(&latencies, .5), quantile(&latencies, .99));
	if (verify) printf(",\"bad_frames\":%llu", (unsigned long long)bad);
	if (slow) printf(",\"slow\":%d,\"slow_alive\":%d", slow, slow_alive);
	if (server_pid)
		printf(",\"srv_cpu_s\":%.4f,\"srv_cpu_s_per_gb\":%.4f,\"srv_rss_peak_mb\":%.1f,\"srv_rss_end_mb\":%.1f", cpu,
		       bytes > 0 ? cpu / (bytes / 1e9) : 0, rss_peak, server_rss());
	printf(",\"cli_cpu_s\":%.4f}\n", own);
	return all_served ? 0 : 1;
}
