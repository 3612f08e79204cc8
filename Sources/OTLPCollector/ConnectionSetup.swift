import NIOCore
import NIOHTTP1
import NIOHTTP2

extension CollectorLoop {
  /// Gives a new connection its handlers, or closes it where too many are open.
  func admit(_ channel: any Channel) throws {
    guard let connection = openConnection(channel) else { return channel.close(promise: nil) }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandlers([
      IdleStateHandler(readTimeout: TimeAmount(configuration.idleLimit)),
      LingeringClose(limit: TimeAmount(configuration.lingerLimit)),
      // Who does not read our answers may not go on asking.
      BackPressureHandler(),
      ReadClock(connection),
    ])
    if let tls { try pipeline.addHandler(TLSHandler(tls)) }
    try pipeline.addHandler(
      ProtocolSniffer { isHTTP2 in
        if isHTTP2 {
          try self.serveHTTP2(on: channel, connection)
        } else {
          try self.serveHTTP1(on: channel, connection)
        }
      })
  }

  private func serveHTTP1(on channel: any Channel, _ connection: Connection) throws {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 << 10
    limits.maxHeaderListSize = 64 << 10
    limits.maxHeaderFieldCount = 100
    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
    try channel.pipeline.syncOperations.addHandlers([
      HTTPResponseEncoder(),
      // The parser keeps back only an unfinished piece of the header, and what follows a request to upgrade.
      ByteToMessageHandler(decoder, maximumBufferSize: 512 << 10),
      HTTPServerPipelineHandler(),
      ExportHandler(loop: self, connection: connection, isStream: false),
    ])
  }

  private func serveHTTP2(on channel: any Channel, _ connection: Connection) throws {
    let shared = NIOLoopBound((loop: self, connection: connection), eventLoop: channel.eventLoop)
    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
      mode: .server, connectionConfiguration: http2Limits, streamConfiguration: streamLimits
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        let (loop, connection) = shared.value
        try stream.pipeline.syncOperations.addHandler(GRPCHandler(loop: loop, connection: connection))
      }
    }
    try channel.pipeline.syncOperations.addHandler(HTTP2ConnectionHandler(loop: self, connection: connection))
  }

  /// HTTP/2's default window of 64 KiB costs twice the CPU: an exporter's batch is larger.
  private static let window = 1 << 20

  /// What NIO does not bound by itself, and what it bounds for others than exporters: an empty DATA frame too many, a
  /// chain of CONTINUATION frames and streams that are opened and reset keep its own limits.
  private var http2Limits: NIOHTTP2Handler.ConnectionConfiguration {
    var limits = NIOHTTP2Handler.ConnectionConfiguration()
    limits.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: configuration.streamLimit),
      HTTP2Setting(parameter: .maxHeaderListSize, value: 64 << 10),
      HTTP2Setting(parameter: .initialWindowSize, value: Self.window),
      // A batch in one frame instead of nine saves a tenth of the CPU, where the exporter makes use of it.
      HTTP2Setting(parameter: .maxFrameSize, value: 256 << 10),
    ]
    limits.targetWindowSize = Self.window
    // gRPC for Go measures the window that it needs by a PING for nearly every answer, so honest exporters send
    // thousands of them; each costs us some microseconds.
    limits.controlFrameRateLimit.maximumCount = 50_000
    limits.controlFrameRateLimit.windowLength = .seconds(10)
    limits.maximumBufferedControlFrames = 1000
    return limits
  }

  private var streamLimits: NIOHTTP2Handler.StreamConfiguration {
    var limits = NIOHTTP2Handler.StreamConfiguration()
    limits.targetWindowSize = Self.window
    return limits
  }
}
