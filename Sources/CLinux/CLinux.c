#define _GNU_SOURCE 1
#include "CLinux.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int64_t linux_monotonic_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

uint64_t linux_wall_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

int linux_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_nanoseconds) {
  struct timespec t = {timeout_nanoseconds / 1000000000, timeout_nanoseconds % 1000000000};
#ifdef SYS_epoll_pwait2
  static _Thread_local int missing = 0;
  if (!missing) {
    long n = syscall(SYS_epoll_pwait2, epoll, events, capacity, timeout_nanoseconds < 0 ? NULL : &t, NULL, 8);
    if (n >= 0 || errno != ENOSYS) return (int)n;
    missing = 1;
  }
#endif
  int64_t milliseconds = (timeout_nanoseconds + 999999) / 1000000;
  return epoll_wait(epoll, events, capacity,
                    timeout_nanoseconds < 0 ? -1 : milliseconds > 1000000 ? 1000000 : (int)milliseconds);
}

int linux_epoll_add(int epoll, int fd, uint64_t token) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = token};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void set_no_delay(int fd) {
  int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

int linux_connect(const struct sockaddr *address, uint32_t length, const struct sockaddr *source,
                  uint32_t source_length) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  set_no_delay(fd);
  struct linger reset = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  int is_bound = 1;
  if (source) {
    /* The port is chosen at connect, so that one source address can use it for several targets. */
    int one = 1;
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    is_bound = bind(fd, source, source_length) == 0;
  }
  if (is_bound && (connect(fd, address, length) == 0 || errno == EINPROGRESS)) return fd;
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

int linux_listen(const struct sockaddr *address, uint32_t length, int backlog) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(fd, address, length) == 0 && listen(fd, backlog) == 0) return fd;
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

int linux_accept(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) set_no_delay(fd);
  return fd;
}

int linux_local_port(int fd) {
  struct sockaddr_storage address;
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) < 0) return -1;
  if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
  errno = EAFNOSUPPORT;
  return -1;
}

int linux_socket_error(int fd) {
  int reason = 0;
  socklen_t length = sizeof reason;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &length) < 0 ? errno : reason;
}

int64_t linux_resident_bytes(int pid) {
  char path[64];
  if (pid == 0)
    snprintf(path, sizeof path, "/proc/self/statm");
  else
    snprintf(path, sizeof path, "/proc/%d/statm", pid);
  FILE *file = fopen(path, "re");
  if (!file) return -1;
  long long size, resident;
  int read = fscanf(file, "%lld %lld", &size, &resident);
  fclose(file);
  return read == 2 ? resident * sysconf(_SC_PAGESIZE) : -1;
}

uint64_t linux_raise_open_files(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

int linux_processor_count(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

int linux_nth_processor(int index) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) == 0) return 0;
  index %= CPU_COUNT(&set);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
    if (CPU_ISSET(cpu, &set) && index-- == 0) return cpu;
  return 0;
}

int64_t linux_clock_resolution(void) {
  struct timespec t;
  return clock_getres(CLOCK_MONOTONIC, &t) == 0 ? (int64_t)t.tv_sec * 1000000000 + t.tv_nsec : 0;
}

int linux_pin_thread(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (cpu < 0 || cpu >= CPU_SETSIZE) {
    errno = EINVAL;
    return -1;
  }
  CPU_SET(cpu, &set);
  return sched_setaffinity(0, sizeof set, &set);
}

void linux_thread_cpu(int64_t *user_nanoseconds, int64_t *system_nanoseconds) {
  struct rusage usage;
  getrusage(RUSAGE_THREAD, &usage);
  *user_nanoseconds = usage.ru_utime.tv_sec * 1000000000LL + usage.ru_utime.tv_usec * 1000LL;
  *system_nanoseconds = usage.ru_stime.tv_sec * 1000000000LL + usage.ru_stime.tv_usec * 1000LL;
}

void linux_set_timer_slack(unsigned long nanoseconds) { prctl(PR_SET_TIMERSLACK, nanoseconds); }

void linux_end_with_parent(int signal) { prctl(PR_SET_PDEATHSIG, signal); }

void linux_error_text(int error, char *buffer, size_t capacity) {
  const char *text = strerror_r(error, buffer, capacity);
  if (text != buffer) snprintf(buffer, capacity, "%s", text);
}

void linux_random(void *buffer, size_t count) {
  /* Blocks only before the kernel's pool is ready; a signal may cut it short. */
  for (size_t filled = 0; filled < count;) {
    ssize_t got = getrandom((char *)buffer + filled, count - filled, 0);
    if (got > 0) filled += (size_t)got;
  }
}

int linux_connect_blocking(const struct sockaddr *address, uint32_t length, int seconds) {
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  set_no_delay(fd);
  struct timeval limit = {seconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(fd, address, length) == 0) return fd;
  int reason = errno;
  close(fd);
  errno = reason;
  return -1;
}

int linux_is_local_shortage(int error) {
  return error == EADDRNOTAVAIL || error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}
