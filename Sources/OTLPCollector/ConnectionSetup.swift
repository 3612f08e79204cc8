import NIOCore
import NIOHTTP1

extension CollectorLoop {
  /// Gives a new connection its handlers, or closes it where too many are open.
  func admit(_ channel: any Channel) throws {
    guard openConnection(channel) else { return channel.close(promise: nil) }
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = 16 << 10
    limits.maxHeaderListSize = 64 << 10
    limits.maxHeaderFieldCount = 100
    let decoder = HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)
    try channel.pipeline.syncOperations.addHandlers([
      IdleStateHandler(readTimeout: TimeAmount(configuration.idleLimit)),
      LingeringClose(limit: TimeAmount(configuration.lingerLimit)),
      HTTPResponseEncoder(),
      // The parser keeps back only an unfinished piece of the header, and what follows a request to upgrade.
      ByteToMessageHandler(decoder, maximumBufferSize: 512 << 10),
      HTTPServerPipelineHandler(),
      ExportHandler(loop: self),
    ])
  }
}
