import Observations
import WebSocketProtocol

extension Observation.Compressed {
  /// What a reactor's pool has counted; nil where no connection agreed on compression.
  init?(_ pool: CompressionPool) {
    guard pool.connections > 0 else { return nil }
    self.init(
      connections: UInt32(clamping: pool.connections), sentPlainBytes: pool.sent.plainBytes,
      sentWireBytes: pool.sent.wireBytes, receivedPlainBytes: pool.received.plainBytes,
      receivedWireBytes: pool.received.wireBytes)
  }
}
