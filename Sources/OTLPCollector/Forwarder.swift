import NIOCore
import NIOHTTP1
import NIOPosix

/// Passes bodies on to another endpoint of OTLP over HTTP/1.1, one after the other on one connection, on the
/// collector's own thread. Nobody waits for it: what the other side does not take is counted and dropped.
final class Forwarder {
  private enum State {
    case closed
    case connecting
    case idle(any Channel)
    case waiting(any Channel, Scheduled<Void>)
    /// The other side was not there; it is not asked again before the pause is over.
    case pausing
  }

  /// What our requests hold in their Via field (RFC 9110 §7.6.3), by which we know them when they come back.
  let name = "spanstorm-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
  private let destination: ForwardDestination
  private let eventLoop: any EventLoop
  private let ledger: CountLedger
  private var queue: ForwardQueue
  private var state = State.closed

  /// Within which the other side must answer.
  private static let answerLimit = TimeAmount.seconds(10)
  private static let pause = TimeAmount.seconds(1)

  /// - Parameter queueLimit: bytes of bodies that may wait.
  init(
    _ destination: ForwardDestination, eventLoop: any EventLoop, ledger: CountLedger, queueLimit: Int
  ) {
    self.destination = destination
    self.eventLoop = eventLoop
    self.ledger = ledger
    queue = ForwardQueue(limit: queueLimit)
  }

  /// Sends a body as soon as those before it have been answered.
  func forward(_ request: ExportRequestHead, _ received: ByteBuffer) {
    var body = received
    // The storage is that of the connection's largest body; a small one is worth a copy.
    if body.readableBytes < body.storageCapacity / 2 { body = ByteBuffer(bytes: received.readableBytesView) }
    guard queue.append(ForwardQueue.Item(request: request, body: body)) else {
      return ledger.recordForwardFailure("too many bodies wait for \(address)")
    }
    proceed()
  }

  /// Completes once nothing waits any more; what then still does, after a time, is given up.
  func drain(within limit: TimeAmount) -> EventLoopFuture<Void> {
    let promise = eventLoop.makePromise(of: Void.self)
    look(until: .now() + limit, promise)
    return promise.futureResult
  }

  private func look(until deadline: NIODeadline, _ promise: EventLoopPromise<Void>) {
    if isIdle { return promise.succeed() }
    if NIODeadline.now() >= deadline {
      ledger.recordForwardFailure("the collector ended before \(address) had taken all", bodies: max(queue.count, 1))
      queue.removeAll()
      return promise.succeed()
    }
    eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) { self.look(until: deadline, promise) }
  }

  private var isIdle: Bool {
    switch state {
    case .connecting, .waiting: false
    case .closed, .idle, .pausing: queue.count == 0
    }
  }

  /// As a Host field has it, IPv6 addresses in brackets.
  private var address: String {
    let host = destination.host.contains(":") ? "[\(destination.host)]" : destination.host
    return "\(host):\(destination.port)"
  }

  private func proceed() {
    switch state {
    case .connecting, .waiting, .pausing: return
    case .closed: if queue.count > 0 { connect() }
    case .idle(let channel): if let item = queue.popFirst() { send(item, on: channel) }
    }
  }

  private func connect() {
    state = .connecting
    let shared = NIOLoopBound(self, eventLoop: eventLoop)
    ClientBootstrap(group: eventLoop)
      .connectTimeout(Self.answerLimit)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(ForwardHandler(shared.value))
        }
      }
      .connect(host: destination.host, port: destination.port)
      .assumeIsolated().whenComplete { self.connected($0) }
  }

  private func connected(_ result: Result<any Channel, any Error>) {
    switch result {
    case .success(let channel) where channel.isActive:
      state = .idle(channel)
      proceed()
    case .success: pause("it closes every connection")
    case .failure(let error): pause("\((error as? NIOConnectionError)?.connectionErrors.first?.error ?? error)")
    }
  }

  /// Gives up all that waits, and asks again only after a while.
  private func pause(_ reason: String) {
    ledger.recordForwardFailure("\(address) cannot be reached: \(reason)", bodies: queue.count)
    queue.removeAll()
    state = .pausing
    eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
      self.state = .closed
      self.proceed()
    }
  }

  private func send(_ item: ForwardQueue.Item, on channel: any Channel) {
    let deadline = eventLoop.assumeIsolated().scheduleTask(in: Self.answerLimit) {
      self.fail("\(self.address) does not answer")
    }
    state = .waiting(channel, deadline)
    channel.write(HTTPClientRequestPart.head(head(of: item)), promise: nil)
    channel.write(HTTPClientRequestPart.body(.byteBuffer(item.body)), promise: nil)
    channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
  }

  private func head(of item: ForwardQueue.Item) -> HTTPRequestHead {
    var headers: HTTPHeaders = [
      "host": address, "content-type": item.request.encoding.contentType,
      "content-length": String(item.body.readableBytes),
      "via": (item.request.via + ["1.1 \(name)"]).joined(separator: ", "),
    ]
    if let coding = item.request.coding.name { headers.add(name: "content-encoding", value: coding) }
    return HTTPRequestHead(
      version: .http1_1, method: .POST, uri: destination.pathPrefix + item.request.signal.path, headers: headers)
  }
}

extension Forwarder {
  /// The other side has answered, to the end.
  func answered(_ head: HTTPResponseHead) {
    guard case .waiting(let channel, let deadline) = state else { return }
    deadline.cancel()
    if (200..<300).contains(head.status.code) {
      ledger.recordForwarded()
    } else {
      ledger.recordForwardFailure("\(address) answered \(head.status.code) \(head.status.reasonPhrase)")
    }
    guard head.isKeepAlive else {
      state = .closed
      channel.close(promise: nil)
      return proceed()
    }
    state = .idle(channel)
    proceed()
  }

  /// The connection has ended, by whom ever.
  func closed(_ channel: any Channel) {
    switch state {
    case .idle(let current) where current === channel: state = .closed
    case .waiting(let current, _) where current === channel: fail("\(address) closed the connection")
    case .closed, .connecting, .idle, .waiting, .pausing: break
    }
  }

  private func fail(_ reason: String) {
    guard case .waiting(let channel, let deadline) = state else { return }
    deadline.cancel()
    ledger.recordForwardFailure(reason)
    state = .closed
    channel.close(promise: nil)
    proceed()
  }
}

/// Reads the answers of the endpoint that bodies are passed on to; what they hold is not kept.
private final class ForwardHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart

  private let forwarder: Forwarder
  private var head: HTTPResponseHead?

  init(_ forwarder: Forwarder) { self.forwarder = forwarder }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    // 100 Continue and the like come before the answer.
    case .head(let head): if head.status.code >= 200 { self.head = head }
    case .body: break
    case .end:
      guard let head else { return }
      self.head = nil
      forwarder.answered(head)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    forwarder.closed(context.channel)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
