import Glibc
import OTLPMessages
package import Reactor
import Synchronization
import Timing
import TraceContext
import WebSocketProtocol

/// Our own system under test: a traced chat with rooms, typing indicators and background tasks, on one thread.
///
/// Correct as the *fixed* variant of the reference system, with named faults in a share of messages, or wrong throughout
/// as the reference article wrote it.
package final class ReferenceServer {
  static let messageLimit = 1 << 20
  static let backlogLimit = 8 << 20
  private static let tick: Int64 = 20_000_000

  package let port: UInt16
  private let listener: Listener
  private var poller: Poller
  let isAsWritten: Bool
  let acceptsCompression: Bool
  let subprotocols: [String]
  let compressionPool = CompressionPool()
  private let exporter: SpanExporter?
  private let tls: TLSContext?
  private let isStopping: @Sendable () -> Bool
  private let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)

  var tracer: Tracer
  var clients: [Client?] = []
  var freeSlots: [Int] = []
  private var generation: UInt32 = 0
  var rooms: [ChatRoom] = []
  var roomNumbers: [String: Int] = [:]
  /// By when they are due.
  var tasks = FIFO<BackgroundTask>()
  var injector: FaultInjector
  /// Known only where faults are injected, as is what clients said last.
  var lastMessage: LastMessage?
  var heldCopies: [HeldCopies] = []

  /// Listens at once.
  ///
  /// - Parameters:
  ///   - faults: each acts on its share of the messages.
  ///   - isAsWritten: behaves as the reference article's server, where no faults are injected.
  ///   - acceptsCompression: agrees to permessage-deflate where a client offers it.
  ///   - subprotocols: the ones that are spoken; the first that a client offers of them is chosen.
  ///   - exporter: takes the spans; nil drops them.
  ///   - tls: a context in a server's role; nil for plain connections.
  ///   - isStopping: asked a few dozen times a second.
  package init(
    address: SocketAddress, faults: [FaultOrder] = [], isAsWritten: Bool = false, acceptsCompression: Bool = false,
    subprotocols: [String] = [],
    exporter: SpanExporter? = nil, tls: TLSContext? = nil,
    isStopping: @escaping @Sendable () -> Bool
  ) throws(SystemFault) {
    listener = try Listener(address)
    port = listener.port
    poller = try Poller()
    try poller.add(listener.descriptor, token: .max)
    self.isAsWritten = isAsWritten
    self.acceptsCompression = acceptsCompression
    self.subprotocols = subprotocols
    self.exporter = exporter
    self.tls = tls
    self.isStopping = isStopping
    var words = RandomWords()
    tracer = Tracer(seed: words.wide())
    injector = FaultInjector(faults, seed: words.wide())
  }

  deinit { receiveBuffer.deallocate() }

  /// Messages that each ordered fault acted on; asked once the server has ended.
  package var injectedFaults: [(fault: Fault, messages: Int)] { injector.counts }

  /// Serves until it is asked to stop; then closes every session and flushes the exporter.
  package func run() {
    while !isStopping() {
      let now = Instant.now
      var wake = now.advanced(byNanoseconds: Self.tick)
      if let task = tasks.first, task.due < wake { wake = task.due }
      if let due = heldCopies.map(\.due).min(), due < wake { wake = due }
      let count = poller.wait(until: wake)
      for index in 0..<count { handle(poller.event(index)) }
      // Connections that found no descriptor left are tried again each time.
      accept()
      runTasks(.now)
      releaseCopies(.now)
      export()
    }
    releaseAllCopies()
    for slot in clients.indices where clients[slot] != nil {
      transmit(FrameEncoding.close(.goingAway, maskKey: nil), on: slot)
      disconnect(slot, code: .goingAway)
    }
    runTasks(Instant(nanoseconds: .max))
    exporter?.add(tracer.takeEnded(), tracer.counts)
    exporter?.flushAndStop()
  }

  private func export() {
    guard tracer.hasEnded else { return }
    exporter?.add(tracer.takeEnded(), tracer.counts)
  }

  private func handle(_ event: Poller.Event) {
    if event.token == .max { return accept() }
    let slot = Int(UInt32(truncatingIfNeeded: event.token))
    guard let client = clients.indices.contains(slot) ? clients[slot] : nil,
      client.generation == UInt32(truncatingIfNeeded: event.token >> 32)
    else { return }
    if event.isWritable, case .failed = client.stream.flush() { return disconnect(slot, code: .abnormal) }
    if event.isReadable { receive(on: slot, client, untilEnd: event.isEnding) }
  }

  private func accept() {
    while let descriptor = listener.accept() {
      generation &+= 1
      let slot = freeSlots.popLast() ?? clients.count
      let client = Client(descriptor: descriptor, generation: generation, messageLimit: Self.messageLimit)
      if slot == clients.count { clients.append(client) } else { clients[slot] = client }
      do throws(SystemFault) {
        if let tls, case .failed(let reason) = client.stream.secure(with: tls) {
          throw SystemFault(call: "TLS", errno: reason)
        }
        try poller.add(descriptor, token: UInt64(generation) << 32 | UInt64(slot))
      } catch {
        disconnect(slot, code: .abnormal)
      }
    }
  }

  private func receive(on slot: Int, _ client: Client, untilEnd: Bool) {
    while client.stream.descriptor >= 0 {
      switch client.stream.receive(sharing: receiveBuffer) {
      case .bytes(let bytes, let isShort):
        let offset = consume(bytes, on: slot, client)
        if client.stream.descriptor >= 0 { client.stream.keep(bytes, from: offset) }
        if isShort, !untilEnd { return }
      case .wouldBlock: return
      case .secured: break
      case .ended, .failed, .broken: disconnect(slot, code: .abnormal)
      }
    }
  }

  /// Returns how many bytes are done with.
  private func consume(_ bytes: UnsafeMutableRawBufferPointer, on slot: Int, _ client: Client) -> Int {
    var offset = 0
    if client.room == nil {
      switch ServerHandshake.read(UnsafeRawBufferPointer(bytes)) {
      case .incomplete: return 0
      case .refused(let status): refuse(slot, status)
      case .upgrade(let upgrade, let headLength):
        guard let name = ChatRoom.name(inPath: upgrade.path) else {
          refuse(slot, 404)
          return 0
        }
        offset = headLength
        join(slot, client, room: name, upgrade)
      }
    }
    do throws(ProtocolError) {
      while client.stream.descriptor >= 0, let event = try client.decoder.next(bytes, from: &offset) {
        handle(event, bytes, on: slot, client)
      }
    } catch {
      transmit(FrameEncoding.close(error.closeCode, maskKey: nil), on: slot)
      disconnect(slot, code: error.closeCode)
    }
    return offset
  }

  private func handle(
    _ event: MessageDecoder.Event, _ bytes: UnsafeMutableRawBufferPointer, on slot: Int, _ client: Client
  ) {
    switch event {
    case .message(let kind, let range):
      received(kind, UnsafeRawBufferPointer(rebasing: bytes[range]), on: slot, client)
    case .assembled(let kind):
      let message = client.decoder.takeAssembled()
      message.withUnsafeBytes { received(kind, $0, on: slot, client) }
    case .ping(let range):
      transmit(FrameEncoding.frame(.pong, UnsafeRawBufferPointer(rebasing: bytes[range]), maskKey: nil), on: slot)
    case .pong: break
    case .close(let code, _):
      transmit(FrameEncoding.close(code == .noStatus ? .normal : code, maskKey: nil), on: slot)
      disconnect(slot, code: code)
    }
  }

  private func received(_ kind: MessageKind, _ message: UnsafeRawBufferPointer, on slot: Int, _ client: Client) {
    endWait(client)
    switch kind {
    case .text:
      message.withMemoryRebound(to: UInt8.self) {
        if isAsWritten { handleAsWritten($0.span, on: slot) } else { handle($0.span, on: slot) }
      }
    case .binary: break
    }
    beginWait(client)
  }
}
