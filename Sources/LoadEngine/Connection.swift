import Reactor
import Timing
import VirtualUsers
import WebSocketProtocol

/// One connection's state, held in one contiguous allocation with all others of its reactor.
struct Connection: ~Copyable {
  var stream = Stream(descriptor: -1)
  var session = Session.none {
    didSet { isOpen = session.isOpen }
  }
  /// Whether the session is open: looked at for each message, where the session itself would be copied.
  private(set) var isOpen = false
  var decoder: MessageDecoder
  /// Its place in the reactor's list of open connections.
  var place = 0
  /// Which of its sockets this is: an event of an earlier one is none of it.
  var generation: UInt32 = 0
  /// Attempts to open it again since it was last open.
  var attempts = 0
  /// Whether it has been open once, or has been given up: until then the load waits for it.
  var isDecided = false
  /// Whether it stands among the connections that are read on.
  var isUnread = false
  /// When the ping was sent that is not answered yet.
  var pinged: Instant?
  /// Whether it stands among the connections that are read later.
  var isReadPlanned = false

  init(messageLimit: Int) { decoder = MessageDecoder(role: .client, limit: messageLimit) }
}

/// The connections of one reactor, by index.
struct ConnectionTable: ~Copyable {
  private let base: UnsafeMutablePointer<Connection>
  let count: Int

  init(count: Int, messageLimit: Int) {
    base = .allocate(capacity: count)
    for index in 0..<count { (base + index).initialize(to: Connection(messageLimit: messageLimit)) }
    self.count = count
  }

  deinit {
    base.deinitialize(count: count)
    base.deallocate()
  }

  /// The connection at an index that `contains`.
  subscript(index: Int) -> Connection {
    _read {
      precondition(contains(index))
      yield base[index]
    }
    nonmutating _modify {
      precondition(contains(index))
      yield &base[index]
    }
  }

  func contains(_ index: Int) -> Bool { index >= 0 && index < count }
}
