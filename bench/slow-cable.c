/*
 * slow-cable.c - a cable between two network namespaces that is long and loses packets, Linux only. For kernels without netem.
 *
 * Build:  gcc -O2 -Wall -Wextra -o slow-cable slow-cable.c
 * Usage:  ./slow-cable NAME PID DELAY_MS LOSS_PERCENT
 *
 * Makes a TUN device NAME here and one named eth1 in the network namespace of process PID, and carries packets between them:
 * those that go there take DELAY_MS longer and are lost by chance, those that come back are carried at once. Prints an empty line
 * when both are there, and runs until its standard input ends. Needs root. Addresses are the caller's business.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MTU_BYTES 2048
#define ON_THE_WAY 4096 /* packets at most; what comes on top is lost */

static struct packet {
	int64_t due_ms;
	int length;
	uint8_t bytes[MTU_BYTES];
} ring[ON_THE_WAY];

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int open_tun(const char *name)
{
	struct ifreq request = { 0 };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	if (fd < 0) die("/dev/net/tun");
	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &request)) die("TUNSETIFF");
	return fd;
}

int main(int argc, char **argv)
{
	if (argc != 5) return 2;
	int64_t delay = atoi(argv[3]);
	double loss = atof(argv[4]) / 100;
	int here = open_tun(argv[1]);
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/ns/net", atoi(argv[2]));
	int other = open(path, O_RDONLY);
	if (other < 0 || setns(other, CLONE_NEWNET)) die("setns");
	int there = open_tun("eth1");
	puts("");
	fflush(stdout);

	unsigned head = 0, tail = 0;
	uint8_t bytes[MTU_BYTES];
	/* The same losses in every run. */
	srand48(1);
	for (;;) {
		struct pollfd ready[] = { { here, POLLIN, 0 }, { there, POLLIN, 0 }, { 0, POLLIN, 0 } };
		int64_t wait = head == tail ? 1000 : ring[head % ON_THE_WAY].due_ms - now_ms();
		if (poll(ready, 3, wait < 0 ? 0 : (int)wait) < 0) die("poll");
		if (ready[2].revents && read(0, bytes, sizeof bytes) <= 0) return 0;
		for (int length; (length = (int)read(here, bytes, sizeof bytes)) > 0;) {
			if (drand48() < loss || tail - head == ON_THE_WAY) continue;
			struct packet *packet = &ring[tail++ % ON_THE_WAY];
			packet->due_ms = now_ms() + delay;
			packet->length = length;
			memcpy(packet->bytes, bytes, (size_t)length);
		}
		for (int length; (length = (int)read(there, bytes, sizeof bytes)) > 0;)
			if (write(here, bytes, (size_t)length) < 0) continue;
		for (int64_t now = now_ms(); head != tail && ring[head % ON_THE_WAY].due_ms <= now; head++) {
			struct packet *packet = &ring[head % ON_THE_WAY];
			if (write(there, packet->bytes, (size_t)packet->length) < 0) continue;
		}
	}
}
