import NIOCore
import NIOHPACK
import NIOHTTP2
import OTLPMessages
import Timing

/// One stream of HTTP/2: a unary call of gRPC. A stream that is none becomes a request of HTTP.
final class GRPCHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias InboundOut = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  private enum State {
    case idle
    /// The message grows.
    case receiving(ExportRequestHead)
    /// The answer waits for its time; without a task it never comes.
    case delaying(Scheduled<Void>?, arrival: Instant)
    /// The answer is sent; what still comes is dropped.
    case ended
  }

  private let loop: CollectorLoop
  private let connection: Connection
  private var state = State.idle
  private var body = RequestBody()
  private var framing = GRPCFraming()

  init(loop: CollectorLoop, connection: Connection) {
    self.loop = loop
    self.connection = connection
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch Self.unwrapInboundIn(data) {
    case .headers(let head): received(head, context)
    case .data(let part): received(part, context)
    case .priority, .rstStream, .settings, .pushPromise, .ping, .goAway, .windowUpdate, .alternativeService, .origin:
      break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  func channelInactive(context: ChannelHandlerContext) {
    if case .delaying(let task, let arrival) = state { endDelay(task, arrival) }
    body.release(loop, connection)
    state = .ended
    context.fireChannelInactive()
  }

  private func received(_ head: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) {
    guard case .idle = state else {
      // Trailers of the client: nothing in them is for us.
      if head.endStream { receivedEnd(context) }
      return
    }
    let type = ExportRequestHead.mediaType(head.headers.first(name: "content-type") ?? "")
    guard type == "application/grpc" || type == "application/grpc+proto" else { return becomeHTTP(head, context) }
    do throws(Refusal) {
      let via = try loop.admit(
        authorization: head.headers.first(name: "authorization"), via: head.headers["via"])
      var request = try ExportRequestHead(grpc: head.headers)
      request.via = via
      state = .receiving(request)
      if head.endStream { receivedEnd(context) }
    } catch {
      refuse(error, context)
    }
  }

  private func received(_ part: HTTP2Frame.FramePayload.Data, _ context: ChannelHandlerContext) {
    guard case .receiving = state, case .byteBuffer(var bytes) = part.data else { return }
    let limit = loop.configuration.bodyLimit
    do throws(Refusal) {
      try body.append(&bytes, loop, connection, limit: limit + GRPCFraming.prefixLength)
      try framing.receive(&body, limit: limit)
      if part.endStream { receivedEnd(context) }
    } catch {
      refuse(error, context)
    }
  }

  private func receivedEnd(_ context: ChannelHandlerContext) {
    guard case .receiving(var request) = state else { return }
    let arrival = Instant.now
    do throws(Refusal) {
      request.coding = try framing.finish(body, request.coding)
    } catch {
      return refuse(error, context)
    }
    let reply = loop.reply(to: request, body, arrival: arrival)
    body.release(loop, connection)
    switch reply.manner {
    case .atOnce: send(reply.outcome, arrival, context)
    case .after(let delay): send(reply.outcome, arrival, after: delay, context)
    case .never: state = .delaying(nil, arrival: arrival)
    case .reset:
      state = .ended
      connection.reset()
    }
  }

  /// Refuses a call before its end, or one that is none.
  private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
    loop.ledger.recordRefusal(bodyBytes: body.receivedBytes)
    send(.refused(refusal), .now, context)
  }

  private func send(_ outcome: Outcome, _ arrival: Instant, after delay: Duration, _ context: ChannelHandlerContext) {
    connection.beginWaiting()
    let task = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) {
      self.connection.endWaiting()
      self.send(outcome, arrival, context)
    }
    state = .delaying(task, arrival: arrival)
  }

  private func endDelay(_ task: Scheduled<Void>?, _ arrival: Instant) {
    loop.ledger.recordAnswer(arrival: arrival, answered: .now)
    guard let task else { return }
    task.cancel()
    connection.endWaiting()
  }

  private func send(_ outcome: Outcome, _ arrival: Instant, _ context: ChannelHandlerContext) {
    loop.ledger.recordAnswer(arrival: arrival, answered: .now)
    body.release(loop, connection)
    state = .ended
    switch GRPCAnswer(outcome) {
    case .message(let head, let message, let trailers):
      context.write(Self.wrapOutboundOut(.headers(.init(headers: head))), promise: nil)
      context.write(Self.wrapOutboundOut(.data(.init(data: .byteBuffer(message)))), promise: nil)
      context.writeAndFlush(Self.wrapOutboundOut(.headers(.init(headers: trailers, endStream: true))), promise: nil)
    case .trailersOnly(let trailers):
      context.writeAndFlush(Self.wrapOutboundOut(.headers(.init(headers: trailers, endStream: true))), promise: nil)
    }
  }

  /// OTLP over HTTP comes by HTTP/2 as well, from clients that were let choose by ALPN.
  private func becomeHTTP(_ head: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) {
    do {
      try context.pipeline.syncOperations.addHandlers([
        HTTP2FramePayloadToHTTP1ServerCodec(), ExportHandler(loop: loop, connection: connection, isStream: true),
      ])
    } catch {
      return context.close(promise: nil)
    }
    context.fireChannelRead(Self.wrapInboundOut(.headers(head)))
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }
}

extension ExportRequestHead {
  /// - Throws: the first reason not to take the call.
  init(grpc head: HPACKHeaders) throws(Refusal) {
    guard head.first(name: ":method") == "POST" else { throw .wrongMethod }
    guard let path = head.first(name: ":path"), let signal = OTLPSignal(grpcPath: path[...]) else { throw .unknownPath }
    guard let coding = Coding(name: head.first(name: "grpc-encoding")?.lowercased() ?? "") else {
      throw .unknownContentEncoding
    }
    self.init(signal: signal, encoding: .protobuf, coding: coding)
  }
}
