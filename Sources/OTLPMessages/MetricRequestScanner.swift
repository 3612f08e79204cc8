/// Reads an ExportMetricsServiceRequest and hands over its data points one by one.
///
/// `ExportRequestScanner` says what is tolerated, and `MetricLimit` what is too much; exemplars, quantiles,
/// descriptions and metadata are skipped unread. Points of several members of a metric's oneof count as its last
/// member's only.
package enum MetricRequestScanner {
  /// Hands every data point of `body` to `sink`; an empty protobuf body is a valid request without any.
  package static func scan<Sink: MetricSink & ~Copyable>(
    _ body: RawSpan, as encoding: OTLPEncoding, into sink: inout Sink
  ) throws(ScanError) {
    switch encoding {
    case .protobuf:
      try ExportRequestScanner.scan(body, into: &sink) { message, body, sink throws(ScanError) in
        try scanMetric(message, body, into: &sink)
      }
    case .json:
      try ExportRequestScanner.scanJSON(body, .metrics, into: &sink) { reader, text, sink throws(ScanError) in
        try scanMetric(&reader, text, into: &sink)
      }
    }
  }

  /// The last run of one member of the oneof: what of it is in the body merges into one message.
  private struct Member {
    var kind: MetricKind
    /// Where the first of its fields stands.
    var start: Int
    var temporality: UInt8 = 0
    var isMonotonic = false
  }

  /// Goes over the metric twice, because its name, and the temporality, may follow its points.
  private static func scanMetric<Sink: MetricSink & ~Copyable>(
    _ message: WireCursor, _ body: RawSpan, into sink: inout Sink
  ) throws(ScanError) {
    var head = MetricHead()
    let member = try scanHead(message, body, into: &head)
    guard let member else { return }
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      guard let kind = MetricKind(tag: tag) else {
        try fields.skip(tag, body)
        continue
      }
      let data = try fields.field(body)
      let isCounted = kind == member.kind && data.position >= member.start
      try scanPoints(data, body, of: kind, isCounted ? head : nil, into: &sink)
    }
  }

  /// - Parameter head: what the points belong to; nil where they have been overruled, and are read only for faults.
  private static func scanPoints<Sink: MetricSink & ~Copyable>(
    _ data: WireCursor, _ body: RawSpan, of kind: MetricKind, _ head: MetricHead?, into sink: inout Sink
  ) throws(ScanError) {
    var fields = data
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case MetricDataTag.point:
        let draft = try MetricDraft(kind, fields.field(body), body)
        if let head { sink.append(draft.point(of: kind, head)) }
      default: try fields.skip(tag, body)
      }
    }
  }

  private static func scanHead(
    _ message: WireCursor, _ body: RawSpan, into head: inout MetricHead
  ) throws(ScanError) -> Member? {
    var name = WireCursor(uncheckedFrom: 0, to: 0)
    var unit = name
    var member: Member?
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case MetricTag.name: name = try fields.field(body)
      case MetricTag.unit: unit = try fields.field(body)
      default:
        guard let kind = MetricKind(tag: tag) else {
          try fields.skip(tag, body)
          continue
        }
        let data = try fields.field(body)
        var current = member.flatMap { $0.kind == kind ? $0 : nil } ?? Member(kind: kind, start: data.position)
        try scanTemporality(data, body, into: &current)
        member = current
      }
    }
    head.name = try name.text(body)
    head.unit = try unit.text(body)
    head.temporality = member.flatMap { .init(rawValue: $0.temporality) } ?? .unspecified
    head.isMonotonic = member?.isMonotonic ?? false
    return member
  }

  private static func scanTemporality(
    _ message: WireCursor, _ body: RawSpan, into member: inout Member
  ) throws(ScanError) {
    var fields = message
    while fields.hasMore {
      let tag = try fields.tag(body)
      switch tag {
      case MetricDataTag.temporality: member.temporality = try fields.enumeration(body, upTo: 2)
      case MetricDataTag.isMonotonic: member.isMonotonic = try fields.varint(body) != 0
      default: try fields.skip(tag, body)
      }
    }
  }
}

extension MetricKind {
  /// The member whose field begins with this tag.
  fileprivate init?(tag: UInt64) {
    guard tag & 7 == 2 else { return nil }
    self.init(rawValue: tag >> 3)
  }
}
