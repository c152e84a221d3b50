/*
 * mjpeg-limit.c - what the kernel alone allows: one thread, epoll, the same multipart bytes to any number of loopback
 * clients with one send() per picture and client. The yardstick of the fan-out benchmark; Linux only.
 *
 * Build:  gcc -O2 -Wall -Wextra -o mjpeg-limit mjpeg-limit.c
 * Usage:  ./mjpeg-limit PORT DIR FPS      DIR: a folder of .jpg files, shown in a loop
 *
 * A client whose last picture is not fully written skips the new one, as in the server that is measured.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define MAX_PARTS 1024
#define MAX_CLIENTS 8192
#define BACKLOG 4096

static const char DELIMITER[] = "\r\n--frame\r\n";
static const char HEAD[] = "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n"
			   "Cache-Control: no-store\r\n\r\n--frame\r\n";

/* A picture with its part header and the next delimiter. */
static struct part {
	char *data;
	size_t size;
} parts[MAX_PARTS];
static int nparts;

static struct client {
	int fd;
	int ready;   /* the request has come */
	int part;    /* the one under way, -1: none */
	size_t sent; /* bytes of it */
	int index;   /* in clients[] */
} *clients[MAX_CLIENTS];
static int nclients;

static int poller, listener, timer;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void load_part(const char *dir, const char *name)
{
	char path[4096], header[128];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *file = fopen(path, "rb");
	if (!file) die(path);
	fseek(file, 0, SEEK_END);
	size_t size = (size_t)ftell(file);
	rewind(file);
	size_t head = (size_t)snprintf(header, sizeof header, "Content-Type: image/jpeg\r\nContent-Length: %zu\r\n\r\n", size);
	struct part *part = &parts[nparts++];
	part->size = head + size + sizeof DELIMITER - 1;
	part->data = malloc(part->size);
	if (!part->data) die("malloc");
	memcpy(part->data, header, head);
	if (fread(part->data + head, 1, size, file) != size) die(path);
	memcpy(part->data + head + size, DELIMITER, sizeof DELIMITER - 1);
	fclose(file);
}

static void load_parts(const char *dir)
{
	char *names[MAX_PARTS];
	int count = 0;
	struct dirent *entry;
	DIR *handle = opendir(dir);
	if (!handle) die(dir);
	while (count < MAX_PARTS && (entry = readdir(handle)))
		if (strstr(entry->d_name, ".jpg")) names[count++] = strdup(entry->d_name);
	closedir(handle);
	qsort(names, (size_t)count, sizeof *names, by_name);
	for (int i = 0; i < count; i++) load_part(dir, names[i]);
	if (!nparts) {
		fprintf(stderr, "no .jpg in %s\n", dir);
		exit(1);
	}
}

static void watch(int fd, uint32_t events, void *data)
{
	struct epoll_event event = { .events = events, .data.ptr = data };
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
}

static void drop(struct client *client)
{
	struct client *last = clients[--nclients];
	clients[client->index] = last;
	last->index = client->index;
	close(client->fd);
	free(client);
}

/* Sends what is left of the part under way; -1 if the client is gone. */
static int push(struct client *client)
{
	const struct part *part = &parts[client->part];
	while (client->sent < part->size) {
		ssize_t n = send(client->fd, part->data + client->sent, part->size - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0) return errno == EAGAIN ? 0 : -1;
		client->sent += (size_t)n;
	}
	client->part = -1;
	return 0;
}

static void accept_all(void)
{
	int fd, on = 1;
	while (nclients < MAX_CLIENTS && (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
		struct client *client = calloc(1, sizeof *client);
		if (!client) die("calloc");
		client->fd = fd;
		client->part = -1;
		client->index = nclients;
		clients[nclients++] = client;
		watch(fd, EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP, client);
	}
}

static void show_next(void)
{
	static uint64_t shown;
	uint64_t due;
	if (read(timer, &due, sizeof due) != sizeof due) return;
	shown += due;
	for (int i = 0; i < nclients; i++) {
		struct client *client = clients[i];
		if (!client->ready || client->part >= 0) continue;
		client->part = (int)(shown % (uint64_t)nparts);
		client->sent = 0;
		/* Not dropped here: an event for it may be waiting in the same batch, and its end certainly comes as one. */
		if (push(client)) client->ready = 0;
	}
}

/* Whatever the client sends first counts as its request. -1 if it is gone. */
static int hear(struct client *client)
{
	char buffer[4096];
	ssize_t n;
	while ((n = recv(client->fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0) {
		if (client->ready) continue;
		client->ready = 1;
		if (send(client->fd, HEAD, sizeof HEAD - 1, MSG_NOSIGNAL) < 0) return -1;
	}
	return n == 0 ? -1 : 0;
}

static void serve(struct client *client, uint32_t events)
{
	int gone = (events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0;
	if (!gone && (events & EPOLLIN)) gone = hear(client);
	if (!gone && client->part >= 0) gone = push(client);
	if (gone) drop(client);
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: mjpeg-limit PORT DIR FPS\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	load_parts(argv[2]);

	int on = 1;
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)atoi(argv[1])),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, BACKLOG)) die("listen");

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct timespec interval = { 0, 1000000000L / atoi(argv[3]) };
	struct itimerspec beat = { interval, interval };
	timerfd_settime(timer, 0, &beat, NULL);

	poller = epoll_create1(0);
	watch(listener, EPOLLIN, &listener);
	watch(timer, EPOLLIN, &timer);
	struct epoll_event events[256];
	for (;;) {
		int count = epoll_wait(poller, events, 256, -1);
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == &listener) accept_all();
			else if (events[i].data.ptr == &timer) show_next();
			else serve(events[i].data.ptr, events[i].events);
		}
	}
}
