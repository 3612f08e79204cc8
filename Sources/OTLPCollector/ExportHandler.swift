import NIOCore
import NIOHTTP1
import OTLPMessages
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
    /// The answer waits for its time; without a task it never comes.
    case delaying(Scheduled<Void>?, arrival: Instant)
    /// The last answer is sent; nothing more is read.
    case ended
  }

  private let loop: CollectorLoop
  private let connection: Connection
  /// Whether this is one stream of HTTP/2, which ends by itself.
  private let isStream: Bool
  private var state = State.idle
  private var body = RequestBody()
  /// Of the answers to the request at hand.
  private var encoding = OTLPEncoding.protobuf
  private var isAnswering = false

  init(loop: CollectorLoop, connection: Connection, isStream: Bool) {
    self.loop = loop
    self.connection = connection
    self.isStream = isStream
  }

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
      loop.ledger.recordRefusal(bodyBytes: body.receivedBytes)
      context.close(promise: nil)
    default: context.close(promise: nil)
    }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent {
      if connection.waitingAnswers == 0 { context.close(promise: nil) }
    } else {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    if case .delaying(let task, let arrival) = state {
      loop.ledger.recordAnswer(arrival: arrival, answered: .now)
      if let task {
        task.cancel()
        connection.endWaiting()
      }
    }
    body.release(loop, connection)
    state = .ended
    context.fireChannelInactive()
  }

  private func received(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
    guard case .idle = state else { return }
    encoding = ExportRequestHead.answerEncoding(head)
    let expectsContinue = head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    // NIO's parser stops after a request that asks for another protocol.
    let keepAlive = head.isKeepAlive && !head.headers.contains(name: "upgrade") && head.method != .CONNECT
    do throws(Refusal) {
      let via = try loop.admit(
        authorization: head.headers.first(name: "authorization"), via: head.headers["via"])
      var request = try ExportRequestHead(head, bodyLimit: loop.configuration.bodyLimit)
      request.via = via
      if let length = request.contentLength { body.expect(length) }
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
    case .receiving:
      do throws(Refusal) {
        try body.append(&part, loop, connection, limit: loop.configuration.bodyLimit)
      } catch {
        refuse(error, context)
      }
    case .discarding:
      body.drop(part)
      let limit = loop.configuration.bodyLimit
      if body.receivedBytes > limit { refuse(.tooLarge(limit: limit), context) }
    }
  }

  private func receivedEnd(_ context: ChannelHandlerContext) {
    let arrival = Instant.now
    switch state {
    case .idle, .delaying, .ended: return
    case .discarding(let refusal, let isHead, let keepAlive):
      loop.ledger.recordRefusal(bodyBytes: body.receivedBytes)
      var answer = HTTPAnswer(refusal, encoding)
      if isHead { answer.body = [] }
      send(answer, arrival, endsConnection: refusal.endsConnection || !keepAlive, context)
    case .receiving(let request, let keepAlive):
      let reply = loop.reply(to: request, body, arrival: arrival)
      body.release(loop, connection)
      tell(reply, to: request, arrival, keepAlive: keepAlive, context)
    }
  }

  private func tell(
    _ reply: Reply, to request: ExportRequestHead, _ arrival: Instant, keepAlive: Bool,
    _ context: ChannelHandlerContext
  ) {
    let answer = HTTPAnswer(reply.outcome, to: request)
    var endsConnection = !keepAlive
    if case .refused(let refusal) = reply.outcome { endsConnection = endsConnection || refusal.endsConnection }
    switch reply.manner {
    case .atOnce: send(answer, arrival, endsConnection: endsConnection, context)
    case .after(let delay): send(answer, arrival, after: delay, endsConnection: endsConnection, context)
    case .never: state = .delaying(nil, arrival: arrival)
    case .reset:
      state = .ended
      connection.reset()
    }
  }

  /// Refuses a request before its end, or something that is none; the connection ends.
  private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
    loop.ledger.recordRefusal(bodyBytes: body.receivedBytes)
    send(HTTPAnswer(refusal, encoding), .now, endsConnection: true, context)
  }

  private func sendContinue(_ context: ChannelHandlerContext) {
    let head = HTTPResponseHead(version: .http1_1, status: .continue)
    context.writeAndFlush(Self.wrapOutboundOut(.head(head)), promise: nil)
  }

  private func send(
    _ answer: HTTPAnswer, _ arrival: Instant, after delay: Duration, endsConnection: Bool,
    _ context: ChannelHandlerContext
  ) {
    connection.beginWaiting()
    let task = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
      self.connection.endWaiting()
      self.send(answer, arrival, endsConnection: endsConnection, context)
    }
    state = .delaying(task, arrival: arrival)
  }

  /// - Parameter arrival: when the request had arrived.
  private func send(_ answer: HTTPAnswer, _ arrival: Instant, endsConnection: Bool, _ context: ChannelHandlerContext) {
    // Writing the end of an answer hands in the next request that waits. A thousand pipelined ones would nest a
    // thousand deep, so a nested answer takes its own turn of the loop.
    guard !isAnswering else {
      return send(answer, arrival, after: .zero, endsConnection: endsConnection, context)
    }
    isAnswering = true
    defer { isAnswering = false }
    loop.ledger.recordAnswer(arrival: arrival, answered: .now)
    body.release(loop, connection)
    state = endsConnection ? .ended : .idle
    context.write(Self.wrapOutboundOut(.head(answer.head(endsConnection: endsConnection))), promise: nil)
    if !answer.body.isEmpty {
      let bytes = context.channel.allocator.buffer(bytes: answer.body)
      context.write(Self.wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
    }
    context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    if endsConnection, !isStream { context.close(mode: .output, promise: nil) }
  }
}

extension TimeAmount {
  init(_ duration: Duration) { self = .nanoseconds(duration.clampedNanoseconds) }
}
