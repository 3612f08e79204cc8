#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* What Swift's Glibc lacks or cannot import: epoll, packed structs, variadic calls, macros. Other system headers stay
   out, or their types would be said to come from this module. */
struct sockaddr;

/* CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds. */
int64_t linux_monotonic_nanoseconds(void);
uint64_t linux_wall_nanoseconds(void);

/* epoll_pwait2: nanosecond time-outs; negative waits for ever. Falls back to milliseconds, rounded up, where the
   kernel has no such call. */
int linux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_nanoseconds);

/* Adds fd, edge-triggered for both directions, with the token that its events will carry. 0, or -1 and errno. */
int linux_epoll_add(int epoll, int fd, uint64_t token);

/* A non-blocking TCP socket that is connecting to the address, without Nagle's delay, that is reset when it closes
   (or its port would stay in TIME_WAIT for a minute). source: where it comes from, or NULL for any address of ours.
   The descriptor, or -1 and errno. */
int linux_connect(const struct sockaddr *address, uint32_t length, const struct sockaddr *source,
                  uint32_t source_length);

/* A non-blocking listening TCP socket on the address (port 0: the kernel chooses). The descriptor, or -1 and errno. */
int linux_listen(const struct sockaddr *address, uint32_t length, int backlog);

/* The next waiting connection, non-blocking and without Nagle's delay; -1 and errno. */
int linux_accept(int listener);

/* The port that a socket is bound to, or -1 and errno. */
int linux_local_port(int fd);

/* The error that a connecting socket met, 0 for none. */
int linux_socket_error(int fd);

/* Resident memory of a process in bytes (0: this one), or -1. */
int64_t linux_resident_bytes(int pid);

/* The soft open-file limit, raised to the hard one; the value that is in force then. */
uint64_t linux_raise_open_files(void);

/* Processors that this process may use; and the number of the index-th of them, counted in a circle. */
int linux_processor_count(void);
int linux_nth_processor(int index);

/* The smallest step of CLOCK_MONOTONIC in nanoseconds, 0 where it is unknown. */
int64_t linux_clock_resolution(void);

/* Keeps the calling thread on one processor. 0, or -1 and errno. */
int linux_pin_thread(int cpu);

/* CPU time that the calling thread has taken so far. */
void linux_thread_cpu(int64_t *user_nanoseconds, int64_t *system_nanoseconds);

/* Timer slack of the calling thread; 1 ns is the smallest. */
void linux_set_timer_slack(unsigned long nanoseconds);

/* Asks that this process gets a signal when its parent ends. */
void linux_end_with_parent(int signal);

/* The system's words for an errno, in the caller's buffer. */
void linux_error_text(int error, char *buffer, size_t capacity);

/* Fills the buffer with random bytes from the kernel. */
void linux_random(void *buffer, size_t count);

/* A blocking TCP connection to the address whose connect, sends and receives give up after some seconds. The
   descriptor, or -1 and errno. */
int linux_connect_blocking(const struct sockaddr *address, uint32_t length, int seconds);

/* Whether an errno says that this machine has no more ports, descriptors or memory; 0 or 1. */
int linux_is_local_shortage(int error);
