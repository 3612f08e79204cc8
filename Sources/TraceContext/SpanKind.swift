/// OTLP's SpanKind: what part a span plays between processes.
package enum SpanKind: UInt8, CaseIterable, Hashable, Sendable, BitwiseCopyable {
  case unspecified = 0
  case `internal` = 1
  case server = 2
  case client = 3
  case producer = 4
  case consumer = 5
}

extension SpanKind: CustomStringConvertible {
  /// The word of scenarios and reports.
  package var description: String {
    switch self {
    case .unspecified: "unspecified"
    case .internal: "internal"
    case .server: "server"
    case .client: "client"
    case .producer: "producer"
    case .consumer: "consumer"
    }
  }
}
