/*
 * rtsp-limit - the least a server can do for RTP in the RTSP connection: JPEGs are cut into packets
 * ONCE, at the start (RFC 2435, packets of 1400 bytes), into one buffer of '$'-framed packets; per
 * client and frame it does ONE send() of that buffer (UDP: one sendmmsg). The yardstick of the RTSP
 * benchmark. Loopback only, one thread, poll(), Linux only.
 * Build: gcc -O2 -Wall -Wextra -o rtsp-limit rtsp-limit.c
 * Usage: rtsp-limit PORT FRAMES_DIR FPS SECONDS      (FRAMES_DIR/f001.jpg..f060.jpg, 4:2:0 baseline)
 *   FPS 0 = no pacing: the next frame starts when every client has the last one (max. throughput).
 *   A client that has not taken the last frame when the next is due misses the next one (seq gap).
 * Minimal RTSP (OPTIONS DESCRIBE SETUP PLAY GET_PARAMETER TEARDOWN), enough for rtsp-loadgen, ffmpeg.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
enum { NF = 60, MAXC = 1024, MTU = 1400, MAXP = 256 };
static struct frame { uint8_t *b; size_t len; int np; size_t at[MAXP]; struct iovec iov[MAXP]; } F[NF];
static struct client { int fd, play, udp; struct sockaddr_in to; char in[4096]; size_t inlen; struct frame *f; size_t off; double since; } C[MAXC];
static int nc, udpfd;
static double mono(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static void die(const char *m) { perror(m); exit(2); }

static void load(struct frame *f, const char *path) {
	static uint8_t d[1 << 20], q[128]; int nq = 0, w = 0, h = 0; FILE *fp = fopen(path, "rb");
	if (!fp) die(path);
	size_t n = fread(d, 1, sizeof d, fp), i = 2; fclose(fp);
	while (i + 4 < n) { /* up to SOS */
		int m = d[i + 1]; size_t l = (size_t)d[i + 2] << 8 | d[i + 3];
		if (i + 2 + l > n) break;
		if (m == 0xdb) for (size_t k = i + 4; k + 65 <= i + 2 + l && nq < 128; k += 65, nq += 64) memcpy(q + nq, d + k + 1, 64);
		if (m == 0xc0) h = d[i + 5] << 8 | d[i + 6], w = d[i + 7] << 8 | d[i + 8];
		i += 2 + l;
		if (m == 0xda) break;
	}
	if (nq == 64) memcpy(q + 64, q, 64); /* one table for both */
	if (n >= 2 && d[n - 2] == 0xff && d[n - 1] == 0xd9) n -= 2;
	f->b = malloc((n / (MTU - 200) + 2) * (MTU + 16));
	uint8_t *p = f->b; size_t off = 0;
	for (size_t tot = n - i; off < tot && f->np < MAXP; f->np++) {
		size_t hd = 12 + 8 + (off ? 0 : 4 + 128), k = MTU - hd < tot - off ? MTU - hd : tot - off, L = hd + k;
		f->at[f->np] = (size_t)(p - f->b); f->iov[f->np] = (struct iovec){p + 4, L};
		*p++ = '$'; *p++ = 0; *p++ = (uint8_t)(L >> 8); *p++ = (uint8_t)L;
		memset(p, 0, 12); p[0] = 0x80; p[1] = (uint8_t)(26 | (off + k == tot ? 0x80 : 0)); memcpy(p + 8, "LIMT", 4); p += 12;
		uint8_t j[8] = {0, (uint8_t)(off >> 16), (uint8_t)(off >> 8), (uint8_t)off, 1, 255, (uint8_t)(w / 8), (uint8_t)(h / 8)};
		memcpy(p, j, 8); p += 8;
		if (!off) { memcpy(p, "\0\0\0\200", 4); memcpy(p + 4, q, 128); p += 132; }
		memcpy(p, d + i + off, k); p += k; off += k;
	}
	f->len = (size_t)(p - f->b);
}
static void stamp(struct frame *f, uint16_t *seq, uint32_t ts) { /* per frame, for all clients */
	for (int i = 0; i < f->np; i++, (*seq)++) {
		uint8_t *p = f->b + f->at[i] + 4;
		p[2] = (uint8_t)(*seq >> 8); p[3] = (uint8_t)*seq; uint32_t t = htonl(ts); memcpy(p + 4, &t, 4);
	}
}
static void drop(struct client *c) { if (c->fd >= 0) close(c->fd); c->fd = -1; c->play = 0; c->f = NULL; }
static void push(struct client *c) {
	ssize_t r = send(c->fd, c->f->b + c->off, c->f->len - c->off, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (r < 0 && errno != EAGAIN && errno != EINTR) { drop(c); return; }
	if (r > 0 && (c->off += (size_t)r) == c->f->len) c->f = NULL;
}
static void push_udp(struct client *c, struct frame *f) {
	static struct mmsghdr m[MAXP];
	for (int i = 0; i < f->np; i++) m[i].msg_hdr = (struct msghdr){.msg_name = &c->to, .msg_namelen = sizeof c->to, .msg_iov = &f->iov[i], .msg_iovlen = 1};
	for (int o = 0, k; o < f->np; o += k) if ((k = sendmmsg(udpfd, m + o, (unsigned)(f->np - o), 0)) <= 0) { drop(c); return; }
}
static void rtsp(struct client *c) {
	ssize_t r = recv(c->fd, c->in + c->inlen, sizeof c->in - 1 - c->inlen, MSG_DONTWAIT);
	if (r < 0 && errno == EAGAIN) return;
	if (r <= 0) { drop(c); return; }
	c->inlen += (size_t)r; c->in[c->inlen] = 0;
	while (c->inlen && c->in[0] == '$' && c->inlen >= 4) { /* RTCP from the client */
		size_t l = 4 + ((size_t)(uint8_t)c->in[2] << 8 | (uint8_t)c->in[3]);
		if (l >= sizeof c->in) { drop(c); return; }
		if (c->inlen < l) return;
		memmove(c->in, c->in + l, c->inlen -= l); c->in[c->inlen] = 0;
	}
	char *e = strstr(c->in, "\r\n\r\n"), out[1024], ex[300] = "", url[200] = "", *p; const char *body = "";
	if (!e) { if (c->inlen >= sizeof c->in - 1) drop(c); return; }
	int cs = (p = strcasestr(c->in, "CSeq:")) ? atoi(p + 5) : 0, port = 0, bye = !strncmp(c->in, "TEARDOWN", 8);
	sscanf(c->in, "%*s %190s", url);
	if (!strncmp(c->in, "OPTIONS", 7)) strcpy(ex, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN\r\n");
	else if (!strncmp(c->in, "DESCRIBE", 8)) {
		body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=limit\r\nt=0 0\r\na=control:*\r\nm=video 0 RTP/AVP 26\r\nc=IN IP4 0.0.0.0\r\na=control:track1\r\n";
		snprintf(ex, sizeof ex, "Content-Type: application/sdp\r\nContent-Base: %s/\r\nContent-Length: %zu\r\n", url, strlen(body));
	} else if (!strncmp(c->in, "SETUP", 5)) {
		c->udp = (p = strstr(c->in, "client_port=")) != NULL;
		if (c->udp) port = atoi(p + 12);
		c->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		if (c->udp) snprintf(ex, sizeof ex, "Session: 1;timeout=60\r\nTransport: RTP/AVP;unicast;client_port=%d-%d\r\n", port, port + 1);
		else strcpy(ex, "Session: 1;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n");
	} else if (strncmp(c->in, "PLAY", 4)) strcpy(ex, "Session: 1\r\n");
	else strcpy(ex, "Session: 1\r\nRange: npt=0-\r\n");
	int n = snprintf(out, sizeof out, "RTSP/1.0 200 OK\r\nCSeq: %d\r\n%s\r\n%s", cs, ex, body), playing = c->play;
	while (c->f && c->fd >= 0) { struct pollfd w = {.fd = c->fd, .events = POLLOUT}; if (poll(&w, 1, 500) < 1) drop(c); else push(c); } /* whole frame first */
	if (c->fd < 0 || send(c->fd, out, (size_t)n, MSG_NOSIGNAL) != n || bye) { drop(c); return; }
	c->play = playing || !strncmp(c->in, "PLAY", 4);
	c->inlen -= (size_t)(e + 4 - c->in); memmove(c->in, e + 4, c->inlen + 1);
}
int main(int argc, char **argv) {
	if (argc < 5) { fprintf(stderr, "usage: rtsp-limit PORT FRAMES_DIR FPS SECONDS\n"); return 2; }
	int fps = atoi(argv[3]), one = 1, big = 4 << 20, ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	for (int i = 0; i < NF; i++) { char p[512]; snprintf(p, sizeof p, "%s/f%03d.jpg", argv[2], i + 1); load(&F[i], p); }
	signal(SIGPIPE, SIG_IGN);
	setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(ls, (struct sockaddr *)&a, sizeof a) || listen(ls, 128)) die("bind");
	udpfd = socket(AF_INET, SOCK_DGRAM, 0); setsockopt(udpfd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big);
	a.sin_port = 0; if (bind(udpfd, (struct sockaddr *)&a, sizeof a)) die("bind udp");
	double t0 = mono(), end = t0 + atof(argv[4]), due = t0, now; uint16_t seq = 0; uint32_t nf = 0;
	printf("READY\n"); fflush(stdout);
	while ((now = mono()) < end) {
		static struct pollfd pf[MAXC + 1]; int busy = 0, play = 0;
		pf[nc] = (struct pollfd){.fd = ls, .events = POLLIN};
		for (int i = 0; i < nc; i++) {
			pf[i] = (struct pollfd){.fd = C[i].fd, .events = (short)(POLLIN | (C[i].f ? POLLOUT : 0))};
			busy += C[i].f != NULL; play += C[i].play;
		}
		int go = fps ? now >= due : play && !busy, wait = fps ? (int)((due - now) * 1000) + 1 : 100;
		if (poll(pf, (nfds_t)nc + 1, go || wait < 0 ? 0 : wait) < 0 && errno != EINTR) die("poll");
		int n0 = nc;
		for (int i = 0; i < n0; i++) {
			if (C[i].fd >= 0 && C[i].f && pf[i].revents & POLLOUT) push(&C[i]);
			if (C[i].fd >= 0 && pf[i].revents & (POLLIN | POLLHUP | POLLERR)) rtsp(&C[i]);
			if (C[i].f && now - C[i].since > 1) drop(&C[i]); /* stalled (its buffer is stamped anew after 2 s) */
		}
		if (pf[n0].revents & POLLIN && nc < MAXC) {
			int fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK);
			if (fd >= 0) { setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &big, sizeof big); setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); C[nc++] = (struct client){.fd = fd}; }
		}
		if (!go) continue;
		struct frame *f = &F[nf % NF];
		stamp(f, &seq, fps ? nf * (90000u / (unsigned)fps) : nf * 3000u); nf++; due = fps ? t0 + (double)nf / fps : now;
		for (int i = 0; i < nc; i++) {
			if (!C[i].play || C[i].f) continue;
			if (C[i].udp) push_udp(&C[i], f);
			else { C[i].f = f; C[i].off = 0; C[i].since = now; push(&C[i]); }
		}
	}
	return 0;
}
