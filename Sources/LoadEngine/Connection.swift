import Reactor
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
