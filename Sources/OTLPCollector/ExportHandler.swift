import NIOCore
import NIOHTTP1
import Timing

/// One exporter's connection: collects a body at a time and answers it.
///
/// NIO's pipeline handler in front of it hands in the next request only after the answer to the one before.
final class ExportHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case idle
    /// The body grows; `keepAlive` is what the client wants afterwards.
    case receiving(ExportRequestHead, keepAlive: Bool)
    /// The request is refused and its body dropped; the answer follows its end.
    case discarding(Refusal, isHead: Bool, keepAlive: Bool)
    /// The answer waits for its time.
    case delaying(Scheduled<Void>, arrival: Instant)
    /// The last answer is sent; nothing more is read.
    case ended
  }

  private let loop: CollectorLoop
  private var state = State.idle
  private var body = ByteBuffer()
  /// Bytes of the body so far, kept or dropped.
  private var bodyBytes = 0
  /// Bytes that are booked with the loop.
  private var reservedBytes = 0
  private var isAnswering = false

  /// Reserved at most on the mere word of a header.
  private static let reservationLimit = 1 << 20
  /// Kept for the connection's next body, with room for the 512 spans of a common batch.
  private static let keptCapacity = 256 << 10

  init(loop: CollectorLoop) { self.loop = loop }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .head(let head): received(head, context)
    case .body(var part): received(&part, context)
    case .end: receivedEnd(context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    switch (state, error) {
    // The client went away in the middle of a request: it has not been refused.
    case (_, HTTPParserError.invalidEOFState): context.close(promise: nil)
    case (.idle, let error as HTTPParserError), (.receiving, let error as HTTPParserError),
      (.discarding, let error as HTTPParserError):
      refuse(error == .headerOverflow ? .headerTooLarge : .malformedHTTP, context)
    case (.delaying, is HTTPParserError), (.ended, is HTTPParserError): break
    case (_, is ByteToMessageDecoderError):
      if case .ended = state { return }
      loop.ledger.recordRefusal(bodyBytes: bodyBytes)
      context.close(promise: nil)
    default: context.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      if case .delaying = state { return }
      context.close(promise: nil)
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if case .delaying(let task, let arrival) = state {
      task.cancel()
      loop.ledger.recordAnswer(arrival: arrival, answered: .now)
    }
    releaseBody()
    state = .ended
    context.fireChannelInactive()
  }

  private func received(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard case .idle = state else { return }
    bodyBytes = 0
    let expectsContinue = head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    // NIO's parser stops after a request that asks for another protocol.
    let keepAlive = head.isKeepAlive && !head.headers.contains(name: "upgrade") && head.method != .CONNECT
    do throws(Refusal) {
      let request = try ExportRequestHead(head, bodyLimit: loop.configuration.bodyLimit)
      if request.signal == .traces, let length = request.contentLength {
        body.reserveCapacity(min(length, Self.reservationLimit))
      }
      state = .receiving(request, keepAlive: keepAlive)
      if expectsContinue { sendContinue(context) }
    } catch {
      state = .discarding(error, isHead: head.method == .HEAD, keepAlive: keepAlive)
      // A client that waits for our word may or may not send the body after a refusal (RFC 9110 §10.1.1).
      if error.endsConnection || expectsContinue { refuse(error, context) }
    }
  }

  private func received(_ part: inout ByteBuffer, _ context: ChannelHandlerContext) {
    switch state {
    case .idle, .delaying, .ended: return
    case .receiving(let request, _):
      bodyBytes += part.readableBytes
      guard bodyBytes <= loop.configuration.bodyLimit else { return refuseTooLarge(context) }
      guard request.signal == .traces else { return }
      guard loop.reserve(part.readableBytes) else { return refuse(.tooManyBodies, context) }
      reservedBytes += part.readableBytes
      body.writeBuffer(&part)
    case .discarding:
      bodyBytes += part.readableBytes
      if bodyBytes > loop.configuration.bodyLimit { refuseTooLarge(context) }
    }
  }

  private func receivedEnd(_ context: ChannelHandlerContext) {
    let arrival = Instant.now
    switch state {
    case .idle, .delaying, .ended: return
    case .discarding(let refusal, let isHead, let keepAlive):
      loop.ledger.recordRefusal(bodyBytes: bodyBytes)
      var answer = Answer(refusal)
      if isHead { answer.body = [] }
      send(answer, arrival, endsConnection: refusal.endsConnection || !keepAlive, context)
    case .receiving(let request, let keepAlive):
      switch request.signal {
      case .traces: takeTraces(request, arrival, keepAlive: keepAlive, context)
      case .other(let isJSON):
        loop.ledger.recordOtherSignal(bodyBytes: bodyBytes)
        send(isJSON ? .successJSON : .success, arrival, endsConnection: !keepAlive, context)
      }
    }
  }

  private func takeTraces(
    _ request: ExportRequestHead, _ arrival: Instant, keepAlive: Bool, _ context: ChannelHandlerContext
  ) {
    let answer: Answer
    var endsConnection = !keepAlive
    do throws(Refusal) {
      let receipt = try loop.take(body.readableBytesSpan, request.coding, receivedAt: arrival)
      loop.ledger.recordTraces(bodyBytes: bodyBytes, receipt)
      answer = .success
    } catch {
      loop.ledger.recordRefusal(bodyBytes: bodyBytes)
      answer = Answer(error)
      endsConnection = endsConnection || error.endsConnection
    }
    releaseBody()

    let delay = loop.configuration.answerDelay
    guard delay > .zero else { return send(answer, arrival, endsConnection: endsConnection, context) }
    let task = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
      self.send(answer, arrival, endsConnection: endsConnection, context)
    }
    state = .delaying(task, arrival: arrival)
  }

  private func releaseBody() {
    loop.release(reservedBytes)
    reservedBytes = 0
    if body.capacity > Self.keptCapacity { body = ByteBuffer() } else { body.clear() }
  }

  private func refuseTooLarge(_ context: ChannelHandlerContext) {
    refuse(.tooLarge(limit: loop.configuration.bodyLimit), context)
  }

  /// Refuses a request before its end, or something that is none; the connection ends.
  private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
    loop.ledger.recordRefusal(bodyBytes: bodyBytes)
    send(Answer(refusal), .now, endsConnection: true, context)
  }

  private func sendContinue(_ context: ChannelHandlerContext) {
    let head = HTTPResponseHead(version: .http1_1, status: .continue)
    context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
  }

  /// - Parameter arrival: when the request had arrived.
  private func send(_ answer: Answer, _ arrival: Instant, endsConnection: Bool, _ context: ChannelHandlerContext) {
    // Writing the end of an answer hands in the next request that waits. A thousand pipelined ones would nest a
    // thousand deep, so a nested answer takes its own turn of the loop.
    guard !isAnswering else {
      let task = context.eventLoop.assumeIsolated().scheduleTask(in: .zero) {
        self.send(answer, arrival, endsConnection: endsConnection, context)
      }
      state = .delaying(task, arrival: arrival)
      return
    }
    isAnswering = true
    defer { isAnswering = false }
    loop.ledger.recordAnswer(arrival: arrival, answered: .now)
    releaseBody()
    state = endsConnection ? .ended : .idle
    context.write(Self.wrapOutboundOut(.head(answer.head(endsConnection: endsConnection))), promise: nil)
    if !answer.body.isEmpty {
      let bytes = context.channel.allocator.buffer(bytes: answer.body)
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
    }
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    if endsConnection { context.close(mode: .output, promise: nil) }
  }
}

extension TimeAmount {
  init(_ duration: Duration) { self = .nanoseconds(duration.clampedNanoseconds) }
}
