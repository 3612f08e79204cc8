import Glibc
import OTLPMessages
package import Reactor
import Synchronization
import Timing
import TraceContext
import WebSocketProtocol

/// Our own system under test: a traced chat with rooms, typing indicators and background tasks, on one thread.
///
/// Correct as the *fixed* variant of the reference system, or with named faults.
package final class ReferenceServer {
  static let messageLimit = 1 << 20
  static let backlogLimit = 8 << 20
  private static let tick: Int64 = 20_000_000

  package let port: UInt16
  private let listener: Listener
  private var poller: Poller
  private let faults: Set<Fault>
  private let acceptsCompression: Bool
  private let subprotocols: [String]
  private let compressionPool = CompressionPool()
  private let exporter: SpanExporter?
  private let tls: TLSContext?
  private let isStopping: @Sendable () -> Bool
  private let receiveBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 64)

  var tracer: Tracer
  var clients: [Client?] = []
  private var freeSlots: [Int] = []
  private var generation: UInt32 = 0
  var rooms: [ChatRoom] = []
  private var roomNumbers: [String: Int] = [:]
  /// Background tasks by when they are due; all wait equally long, so they stay in order.
  var tasks = FIFO<(due: Instant, context: SpanContext)>()
  var sends = 0
  /// The last message with a context, and who sent it.
  var lastMessage: (slot: Int, context: Traceparent)?

  /// Listens at once.
  ///
  /// - Parameters:
  ///   - acceptsCompression: agrees to permessage-deflate where a client offers it.
  ///   - subprotocols: the ones that are spoken; the first that a client offers of them is chosen.
  ///   - exporter: takes the spans; nil drops them.
  ///   - tls: a context in a server's role; nil for plain connections.
  ///   - isStopping: asked a few dozen times a second.
  package init(
    address: SocketAddress, faults: Set<Fault> = [], acceptsCompression: Bool = false, subprotocols: [String] = [],
    exporter: SpanExporter? = nil, tls: TLSContext? = nil,
    isStopping: @escaping @Sendable () -> Bool
  ) throws(SystemFault) {
    listener = try Listener(address)
    port = listener.port
    poller = try Poller()
    try poller.add(listener.descriptor, token: .max)
    self.faults = faults
    self.acceptsCompression = acceptsCompression
    self.subprotocols = subprotocols
    self.exporter = exporter
    self.tls = tls
    self.isStopping = isStopping
    var words = RandomWords()
    tracer = Tracer(seed: words.wide())
  }

  deinit { receiveBuffer.deallocate() }

  func fault(_ fault: Fault) -> Bool { !faults.isEmpty && faults.contains(fault) }

  /// Serves until it is asked to stop; then closes every session and flushes the exporter.
  package func run() {
    while !isStopping() {
      let now = Instant.now
      var wake = now.advanced(byNanoseconds: Self.tick)
      if let task = tasks.first, task.due < wake { wake = task.due }
      let count = poller.wait(until: wake)
      for index in 0..<count { handle(poller.event(index)) }
      // Connections that found no descriptor left are tried again each time.
      accept()
      runTasks(.now)
      export()
    }
    for slot in clients.indices where clients[slot] != nil {
      transmit(FrameEncoding.close(.goingAway, maskKey: nil), on: slot)
      disconnect(slot, code: .goingAway)
    }
    runTasks(Instant(nanoseconds: .max))
    export()
    exporter?.flushAndStop()
  }

  private func export() {
    guard !tracer.ended.isEmpty else { return }
    exporter?.add(tracer.takeEnded())
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
    case .text: message.withMemoryRebound(to: UInt8.self) { handle($0.span, on: slot) }
    case .binary: break
    }
    beginWait(client)
  }
}

// MARK: - Sessions

extension ReferenceServer {
  private func join(_ slot: Int, _ client: Client, room name: String, _ upgrade: ServerHandshake.Upgrade) {
    let number: Int
    if let known = roomNumbers[name] {
      number = known
    } else {
      number = rooms.count
      rooms.append(ChatRoom(name: name, path: "/ws/chat/\(name)/"))
      roomNumbers[name] = number
    }
    let received = upgrade.first("traceparent").flatMap { try? Traceparent($0) }
    let parent = received.map {
      SpanContext(traceID: $0.traceID, spanID: $0.parentID, flags: $0.flags.intersection(.defined), isRemote: true)
    }
    let server = tracer.begin(
      rooms[number].serverSpanName, .server, under: parent, attributes: rooms[number].attributes)
    client.serverSpan = server
    tracer.end(tracer.begin(rooms[number].receiveSpanName, under: server.context))
    tracer.end(tracer.begin("chat.join_group", under: server.context, attributes: rooms[number].groupAttributes))
    let connect = tracer.begin("websocket.connect", .server, under: server.context)
    tracer.end(tracer.begin(rooms[number].sendSpanName, under: connect.context))
    tracer.end(connect)
    client.room = number
    rooms[number].members.append(slot)
    let agreement = acceptsCompression ? upgrade.acceptableCompression : nil
    let subprotocol = upgrade.subprotocols.first { subprotocols.contains($0) }
    transmit(ServerHandshake.acceptance(of: upgrade, compression: agreement, subprotocol: subprotocol), on: slot)
    if let agreement { client.decoder.use(Compression(agreement, role: .server, pool: compressionPool)) }
    beginWait(client)
  }

  /// A receive span of the ASGI kind times the wait for the next frame.
  private func beginWait(_ client: Client) {
    guard let room = client.room, let server = client.serverSpan else { return }
    client.wait = tracer.begin(rooms[room].receiveSpanName, under: client.leaked ?? server.context)
  }

  private func endWait(_ client: Client) {
    if let wait = client.wait { tracer.end(wait) }
    client.wait = nil
  }

  private func refuse(_ slot: Int, _ status: UInt16) {
    transmit(ServerHandshake.refusal(status: status), on: slot)
    disconnect(slot, code: .abnormal)
  }

  private func disconnect(_ slot: Int, code: CloseCode) {
    guard let client = clients[slot] else { return }
    clients[slot] = nil
    freeSlots.append(slot)
    client.stream.close()
    guard let room = client.room, let server = client.serverSpan else { return }
    if let place = rooms[room].members.firstIndex(of: slot) { rooms[room].members.remove(at: place) }
    endWait(client)
    let disconnect = tracer.begin(
      "websocket.disconnect", .server, under: server.context,
      attributes: [Attribute("websocket.close_code", .int(Int64(code.rawValue)))])
    tracer.end(tracer.begin("chat.leave_group", under: disconnect.context, attributes: rooms[room].groupAttributes))
    tracer.end(disconnect)
    tracer.end(server)
  }

  func transmit(_ opcode: Opcode, _ text: String, on slot: Int) {
    transmit(FrameEncoding.frame(opcode, Array(text.utf8), maskKey: nil), on: slot)
  }

  /// Sends an echo; where the fault says so, in a frame that no server may send.
  func transmit(_ echo: String, on slot: Int) {
    let maskKey: UInt32? = fault(.protocolError) && sends % 100 == 99 ? 0x1234_5678 : nil
    // Not first compressed and then left out: the client's window would lack it.
    guard let client = clients[slot], client.stream.backlog <= Self.backlogLimit else { return }
    var echo = echo
    echo.withUTF8 { text in
      if let compression = client.decoder.compression {
        transmit(compression.frame(.text, UnsafeRawBufferPointer(text), maskKey: maskKey), on: slot)
      } else {
        transmit(FrameEncoding.frame(.text, UnsafeRawBufferPointer(text), maskKey: maskKey), on: slot)
      }
    }
  }

  /// A client that does not read is left behind once too much waits for it.
  private func transmit(_ bytes: UnsafeRawBufferPointer, on slot: Int) {
    guard let client = clients[slot] else { return }
    if client.stream.backlog > Self.backlogLimit { return }
    // A failed send shows as an event of the socket, which ends the session.
    _ = client.stream.send(bytes)
  }

  private func transmit(_ bytes: [UInt8], on slot: Int) { bytes.withUnsafeBytes { transmit($0, on: slot) } }
}

/// One client's connection.
final class Client {
  var stream: Stream
  var decoder: MessageDecoder
  let generation: UInt32
  /// Nil before the upgrade.
  var room: Int?
  var serverSpan: OpenSpan?
  /// The span of the wait for the next frame.
  var wait: OpenSpan?
  /// A context that a fault attached and never detached.
  var leaked: SpanContext?
  /// The context of the last message.
  var lastSent: Traceparent?

  init(descriptor: Int32, generation: UInt32, messageLimit: Int) {
    stream = Stream(descriptor: descriptor)
    decoder = MessageDecoder(role: .server, limit: messageLimit)
    self.generation = generation
  }
}
