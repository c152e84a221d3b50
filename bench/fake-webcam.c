/*
 * fake-webcam.c - stands in for a webcam where a benchmark has none, for programs that capture MJPEG by V4L2. Linux only.
 *
 * Build:  gcc -O2 -Wall -Wextra -shared -fPIC -o fake-webcam.so fake-webcam.c -ldl
 * Usage:  FAKE_WEBCAM=DIR LD_PRELOAD=./fake-webcam.so PROGRAM
 *
 * /dev/video0 is then a camera that shows the .jpg files of DIR named f001.jpg, f002.jpg, … over and over, 30 a second. Its
 * descriptor is a timer, so that select() and poll() work on it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define DEVICE "/dev/video0"
#define FPS 30
#define BUFFERS 8
#define BUFFER_BYTES (1 << 20)
#define PICTURES 1000

static int camera = -1, queue[BUFFERS], queued, pictures, shown;
static unsigned width = 1280, height = 720;
static uint8_t *buffers[BUFFERS], *picture[PICTURES];
static size_t length[PICTURES];

static void load_pictures(void)
{
	char path[4096];
	for (pictures = 0; pictures < PICTURES; pictures++) {
		snprintf(path, sizeof path, "%s/f%03d.jpg", getenv("FAKE_WEBCAM"), pictures + 1);
		FILE *file = fopen(path, "r");
		if (!file) return;
		picture[pictures] = malloc(BUFFER_BYTES);
		length[pictures] = fread(picture[pictures], 1, BUFFER_BYTES, file);
		fclose(file);
	}
}

static int open_camera(void)
{
	struct itimerspec every = { { 0, 1000000000 / FPS }, { 0, 1000000000 / FPS } };
	if (!pictures) load_pictures();
	camera = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	timerfd_settime(camera, 0, &every, NULL);
	queued = 0;
	return camera;
}

static int do_open(const char *symbol, const char *path, int flags, int mode)
{
	if (!strcmp(path, DEVICE)) return open_camera();
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, symbol);
	return real(path, flags, mode);
}

#define OPEN(name)                                      \
	int name(const char *path, int flags, ...)          \
	{                                                   \
		va_list more;                                   \
		va_start(more, flags);                          \
		int mode = va_arg(more, int);                   \
		va_end(more);                                   \
		return do_open(#name, path, flags, mode);       \
	}
OPEN(open)
OPEN(open64)

int access(const char *path, int mode)
{
	if (!strcmp(path, DEVICE)) return 0;
	int (*real)(const char *, int) = dlsym(RTLD_NEXT, "access");
	return real(path, mode);
}

static void *do_mmap(const char *symbol, void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	if (fd >= 0 && fd == camera) return buffers[offset / BUFFER_BYTES];
	void *(*real)(void *, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, symbol);
	return real(at, size, protection, flags, fd, offset);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	return do_mmap("mmap", at, size, protection, flags, fd, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
	return do_mmap("mmap64", at, size, protection, flags, fd, offset);
}

static int dequeue(struct v4l2_buffer *buffer)
{
	uint64_t ticks;
	struct timespec now;
	if (!queued || read(camera, &ticks, sizeof ticks) != sizeof ticks) {
		errno = EAGAIN;
		return -1;
	}
	int index = queue[0];
	memmove(queue, queue + 1, (size_t)--queued * sizeof *queue);
	int at = shown++ % pictures;
	memcpy(buffers[index], picture[at], length[at]);
	clock_gettime(CLOCK_MONOTONIC, &now);
	buffer->index = (unsigned)index;
	buffer->bytesused = (unsigned)length[at];
	buffer->length = BUFFER_BYTES;
	buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_MAPPED;
	buffer->timestamp.tv_sec = now.tv_sec;
	buffer->timestamp.tv_usec = now.tv_nsec / 1000;
	buffer->sequence = (unsigned)shown;
	return 0;
}

static int control(unsigned long request, void *argument)
{
	switch (request) {
	case VIDIOC_QUERYCAP: {
		struct v4l2_capability *capability = argument;
		memset(capability, 0, sizeof *capability);
		strcpy((char *)capability->driver, "fake");
		strcpy((char *)capability->card, "Fake webcam");
		capability->capabilities = capability->device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
		return 0;
	}
	case VIDIOC_S_INPUT: return 0;
	case VIDIOC_S_FMT:
	case VIDIOC_TRY_FMT:
	case VIDIOC_G_FMT: {
		struct v4l2_format *format = argument;
		format->fmt.pix.width = width;
		format->fmt.pix.height = height;
		format->fmt.pix.pixelformat = V4L2_PIX_FMT_MJPEG;
		format->fmt.pix.field = V4L2_FIELD_NONE;
		format->fmt.pix.bytesperline = 0;
		format->fmt.pix.sizeimage = BUFFER_BYTES;
		return 0;
	}
	case VIDIOC_G_PARM:
	case VIDIOC_S_PARM: {
		struct v4l2_streamparm *parameters = argument;
		parameters->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
		parameters->parm.capture.timeperframe.numerator = 1;
		parameters->parm.capture.timeperframe.denominator = FPS;
		return 0;
	}
	case VIDIOC_REQBUFS: {
		struct v4l2_requestbuffers *wanted = argument;
		if (wanted->count > BUFFERS) wanted->count = BUFFERS;
		for (unsigned index = 0; index < wanted->count; index++)
			if (!buffers[index]) buffers[index] = malloc(BUFFER_BYTES);
		return 0;
	}
	case VIDIOC_QUERYBUF: {
		struct v4l2_buffer *buffer = argument;
		buffer->length = BUFFER_BYTES;
		buffer->m.offset = buffer->index * BUFFER_BYTES;
		return 0;
	}
	case VIDIOC_QBUF:
		if (queued < BUFFERS) queue[queued++] = (int)((struct v4l2_buffer *)argument)->index;
		return 0;
	case VIDIOC_DQBUF: return dequeue(argument);
	case VIDIOC_STREAMON: return 0;
	case VIDIOC_STREAMOFF: queued = 0; return 0;
	default: errno = EINVAL; return -1;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list more;
	va_start(more, request);
	void *argument = va_arg(more, void *);
	va_end(more);
	if (fd >= 0 && fd == camera) return control(request & 0xffffffff, argument);
	int (*real)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	return real(fd, request, argument);
}
