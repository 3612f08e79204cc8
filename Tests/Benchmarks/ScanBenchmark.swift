import ArgumentParser
import Foundation
import OTLPMessages
import Observations
import TraceContext

/// What the collector pays to read a span.
struct ScanBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan",
    abstract: "Time that the OTLP scanners take for a span, of bodies of 512 as an SDK sends them.")

  @Option(help: "Bodies that each measurement scans.") var rounds = 400
  @Option(help: "Measurements, whose median is printed.") var measurements = 9
  @Option(help: "Only 'protobuf' or 'JSON'.") var only: String?
  @Flag(help: "Counts user instructions by valgrind instead: the slope between two numbers of rounds.")
  var instructions = false
  @Flag(help: "Spans have six attributes and a link, and two of the attributes and the link are read.")
  var watch = false
  @Flag(help: "Spans have six attributes and a link, which nobody reads.") var rich = false

  func run() throws {
    guard !instructions else { return try countInstructions() }
    print(column("", width: 12) + column("ns/span") + column("bytes/span", width: 12))
    for (name, encoding, body) in [("protobuf", .protobuf, try protobuf()), ("JSON", .json, json())]
      as [(String, OTLPEncoding, [UInt8])] where only == nil || only == name
    {
      var times: [Double] = []
      for _ in 0..<max(measurements, 1) { times.append(try nanosecondsPerSpan(body, encoding)) }
      print(
        column(name, width: 12, isLeft: true) + column(times.median, 1)
          + column(Double(body.count) / Double(Self.spanCount), 0, width: 12))
    }
  }

  private func countInstructions() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("spanstorm-benchmarks-\(getpid())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let callgrind = try Callgrind(in: folder)
    for name in ["protobuf", "JSON"] where only == nil || only == name {
      func count(_ rounds: Int) throws -> Double {
        let flags = (watch ? ["--watch"] : []) + (rich ? ["--rich"] : [])
        return try callgrind.count(
          ["scan", "--only", name, "--measurements", "1", "--rounds", String(rounds)] + flags
        ).instructions
      }
      let perSpan = (try count(30) - count(10)) / Double(20 * Self.spanCount)
      print(column(name, width: 12, isLeft: true) + column(perSpan, 0) + " instructions/span")
    }
  }

  private static let spanCount = 512

  private func nanosecondsPerSpan(_ body: [UInt8], _ encoding: OTLPEncoding) throws -> Double {
    var sink = KeptSpans()
    let parts = WatchedParts(attributes: SpanBodies.watch.attributes, links: SpanBodies.watch.links)
    let clock = ContinuousClock()
    let start = clock.now
    for _ in 0..<rounds {
      sink.begin()
      if watch {
        try TraceRequestScanner.scan(body.span.bytes, as: encoding, watching: parts, into: &sink)
      } else {
        try TraceRequestScanner.scan(body.span.bytes, as: encoding, into: &sink)
      }
    }
    let time = clock.now - start
    guard sink.count == Self.spanCount, sink.nameBytes > 0, sink.parts == (watch ? 3 * Self.spanCount : 0) else {
      throw BenchmarkFault(description: "\(sink.count) spans were found, and \(sink.parts) parts")
    }
    return time / .nanoseconds(1) / Double(rounds * Self.spanCount)
  }

  /// A span as the Python SDK's WebSocket instrumentation makes them.
  private func span(_ number: Int) -> ExportedSpan {
    let isRich = watch || rich
    return ExportedSpan(
      traceID: TraceID(high: 0x5350_414e_5354_4f52, low: UInt64(number / 4 + 1)),
      spanID: SpanID(UInt64(number) + 1 << 48),
      parentID: SpanID(number % 4 == 0 ? 0 : UInt64(number) + 1 << 48 - 1),
      name: ["websocket.receive", "chat.process_message", "chat.broadcast_message", "websocket.send"][number % 4],
      kind: [.server, .internal, .internal, .producer][number % 4],
      start: 1_700_000_000_000_000_000 + UInt64(number) * 1_000_003,
      end: 1_700_000_000_000_250_017 + UInt64(number) * 1_000_003,
      attributes: [
        Attribute("messaging.system", .string("websocket")), Attribute("chat.room", .string("room-\(number % 100)")),
        Attribute("messaging.message.body.size", .int(Int64(number * 37))), Attribute("chat.is_member", .bool(true)),
      ] + (isRich ? SpanBodies.moreAttributes(number) : []), link: isRich ? SpanBodies.link(number) : nil,
      flags: number % 4 == 0 ? 0x301 : 0x101)
  }

  private func protobuf() throws -> [UInt8] {
    var encoder = ExportRequestEncoder(
      resource: [Attribute("telemetry.sdk.language", .string("python")), Attribute("service.name", .string("chat"))],
      scopeName: "chat.consumers", scopeVersion: "0.66b2")
    for number in 0..<Self.spanCount { encoder.append(span(number)) }
    return encoder.takeBody()
  }

  private func json() -> [UInt8] {
    let spans = (0..<Self.spanCount).map { json(span($0)) }.joined(separator: ",")
    return Array(
      (#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"chat"}}]},"#
        + #""scopeSpans":[{"scope":{"name":"chat.consumers","version":"0.66b2"},"spans":[\#(spans)]}]}]}"#).utf8)
  }

  private func json(_ span: ExportedSpan) -> String {
    let parent = span.parentID.isZero ? "" : #""parentSpanId":"\#(span.parentID)","#
    return #"{"traceId":"\#(span.traceID)","spanId":"\#(span.spanID)",\#(parent)"name":"\#(span.name)","#
      + #""kind":\#(span.kind.rawValue),"startTimeUnixNano":"\#(span.start)","endTimeUnixNano":"\#(span.end)","#
      + #"\#(SpanBodies.jsonParts(span)),"status":{},"flags":\#(span.flags)}"#
  }
}

/// Keeps spans as a collector does, so that nothing of a scan is left out for want of a reader.
private struct KeptSpans: SpanPartSink {
  private var spans: [ScannedSpan] = []
  private(set) var nameBytes = 0
  /// Values, links and events that were found in the last round.
  private(set) var parts = 0
  private var serviceBytes = 0
  private var partBytes = 0

  var count: Int { spans.count }

  mutating func begin() {
    spans.removeAll(keepingCapacity: true)
    parts = 0
  }

  mutating func beginResource(serviceName: RawSpan, serviceInstance: RawSpan) {
    serviceBytes += serviceName.byteCount + serviceInstance.byteCount
  }

  mutating func beginScope(name: RawSpan, version: RawSpan) { serviceBytes += name.byteCount + version.byteCount }

  mutating func append(_ span: ScannedSpan, name: RawSpan) {
    spans.append(span)
    nameBytes += name.byteCount
  }

  mutating func appendAttribute(at place: Int, _ type: AttributeType, text: RawSpan) {
    parts += 1
    partBytes += text.byteCount
  }

  mutating func appendLink(traceID: TraceID, spanID: SpanID) {
    parts += 1
    partBytes += spanID.isZero ? 0 : 24
  }

  mutating func appendEvent(name: RawSpan) {
    parts += 1
    partBytes += name.byteCount
  }
}
