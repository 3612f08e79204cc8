import CLinux
import Glibc
package import Timing

/// One thread's view of its sockets: an edge-triggered epoll with nanosecond time-outs.
///
/// Edge-triggered: after an event the driver reads until a short read, and writes until the kernel takes no more.
package struct Poller: ~Copyable {
  /// What happened to one socket.
  package struct Event: Sendable {
    /// What the socket was registered with.
    package var token: UInt64
    package var isReadable: Bool
    package var isWritable: Bool
    /// The peer has closed, or the socket failed: read until that shows, a short read is not the end.
    package var isEnding: Bool
  }

  private let epoll: Int32
  private let events: UnsafeMutablePointer<epoll_event>
  private static let capacity = 512

  package init() throws(SystemFault) {
    epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard epoll >= 0 else { throw SystemFault(call: "epoll_create1", errno: errno) }
    events = .allocate(capacity: Self.capacity)
  }

  deinit {
    close(epoll)
    events.deallocate()
  }

  /// Watches a socket in both directions until it is closed.
  package borrowing func add(_ descriptor: Int32, token: UInt64) throws(SystemFault) {
    guard linux_epoll_add(epoll, descriptor, token) == 0 else {
      throw SystemFault(call: "epoll_ctl", errno: errno)
    }
  }

  /// Waits for events until `deadline` at the latest and returns how many there are.
  package mutating func wait(until deadline: Instant) -> Int {
    let remaining = deadline - Instant.now
    let count = linux_epoll_wait(epoll, events, Int32(Self.capacity), max(remaining, 0))
    return max(Int(count), 0)
  }

  /// An event of the last wait; `index` is below what it returned.
  package func event(_ index: Int) -> Event {
    let event = events[index]
    let bits = event.events
    let isEnding = bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue | EPOLLRDHUP.rawValue) != 0
    return Event(
      token: event.data.u64, isReadable: isEnding || bits & EPOLLIN.rawValue != 0,
      isWritable: isEnding || bits & EPOLLOUT.rawValue != 0, isEnding: isEnding)
  }
}

/// A system call that failed.
package struct SystemFault: Error, Hashable, Sendable, CustomStringConvertible {
  package var call: String
  package var errno: Int32

  package init(call: String, errno: Int32) {
    self.call = call
    self.errno = errno
  }

  package var description: String { "\(call): \(SystemError.text(ofErrno: errno))" }
}
