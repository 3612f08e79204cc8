import CZlib
import Foundation
import OTLPMessages
import Observations
import TraceContext

/// How spans are sent to a collector.
enum SpanTransport: String, CaseIterable {
  case protobuf, grpc, gzip, json
}

/// Export requests of 512 distinct spans, 128 traces of 4, as an SDK sends them; one after the other without end.
///
/// A body is made once; then only its IDs are written anew, so that whoever sends is faster than whoever receives.
struct SpanBodies {
  static let spansOfBody = 512
  static let spansOfTrace = 4

  private let identities: IdentityPermutation
  private let transport: SpanTransport
  private var body: [UInt8]
  /// By span: where its trace ID, its span ID and its parent's ID stand.
  private var places: [(trace: Int, span: Int, parent: Int)] = []
  private var nextMessage: UInt32 = 0
  private let bytesOfID: Int

  /// - Parameter isRich: spans have six attributes instead of four, and a link.
  init(_ transport: SpanTransport, seed: UInt64, isRich: Bool = false) {
    identities = IdentityPermutation(seed: seed)
    self.transport = transport
    body = transport == .json ? Self.json(isRich: isRich) : Self.protobuf(isRich: isRich)
    bytesOfID = transport == .json ? 16 : 8
    for number in 0..<Self.spansOfBody {
      let ids = Self.markers(number)
      places.append(
        (
          trace: find(Self.bytes(ids.trace, isHex: transport == .json), from: places.last?.trace ?? 0),
          span: find(Self.bytes(ids.span, isHex: transport == .json), from: places.last?.span ?? 0),
          parent: find(Self.bytes(ids.parent, isHex: transport == .json), from: places.last?.parent ?? 0)
        ))
    }
  }

  /// The next request's body, with the spans of the next 128 messages.
  mutating func next() throws -> [UInt8] {
    for number in 0..<Self.spansOfBody {
      let message = nextMessage + UInt32(number / Self.spansOfTrace)
      let traceID = identities.traceID(of: MessageIdentity(shard: 0, sequence: message))
      let place = number % Self.spansOfTrace
      write(traceID.high, at: places[number].trace)
      write(traceID.low, at: places[number].trace + bytesOfID)
      write(Self.spanID(message, place), at: places[number].span)
      let parent = place == 3 ? identities.spanID(in: traceID).rawValue : Self.spanID(message, Self.parents[place])
      write(parent, at: places[number].parent)
    }
    nextMessage += UInt32(Self.spansOfBody / Self.spansOfTrace)
    return transport == .gzip ? try Self.gzip(body) : body
  }

  /// In the order in which the spans of a trace end: save, send, process, receive. By place: the parent's.
  private static let parents = [2, 2, 3, 3]
  private static let names = ["chat.save", "websocket.send", "chat.process", "websocket.receive"]
  private static let kinds: [SpanKind] = [.internal, .client, .internal, .server]

  private static func spanID(_ message: UInt32, _ place: Int) -> UInt64 {
    (UInt64(message) << 16 | UInt64(place) + 1) &* 0x9e37_79b9_7f4a_7c15
  }

  /// IDs that stand nowhere else.
  private static func markers(_ number: Int) -> (trace: UInt64, span: UInt64, parent: UInt64) {
    let number = UInt64(number)
    return (0xa5a5_a5a5_1111_0000 | number, 0xc3c3_c3c3_2222_0000 | number, 0x9696_9696_3333_0000 | number)
  }

  private static func bytes(_ value: UInt64, isHex: Bool) -> [UInt8] {
    isHex ? Array(HexText.string(value).utf8) : (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
  }

  private func find(_ pattern: [UInt8], from start: Int) -> Int {
    body[start...].indices.first { body[$0...].starts(with: pattern) } ?? 0
  }

  private mutating func write(_ value: UInt64, at offset: Int) {
    let isHex = transport == .json
    body.withUnsafeMutableBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      if isHex {
        HexText.write(value, to: base, at: offset)
      } else {
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt64.self)
      }
    }
  }

  private static func span(_ number: Int, isRich: Bool) -> ExportedSpan {
    let ids = markers(number)
    let place = number % spansOfTrace
    return ExportedSpan(
      traceID: TraceID(high: ids.trace, low: 0), spanID: SpanID(ids.span), parentID: SpanID(ids.parent),
      name: names[place], kind: kinds[place], start: 1_800_000_000_000_000_000 + UInt64(number),
      end: 1_800_000_000_000_100_000 + UInt64(number),
      attributes: [
        Attribute("messaging.system", .string("websocket")), Attribute("chat.room", .string("room-\(number % 100)")),
        Attribute("messaging.message.body.size", .int(Int64(number))), Attribute("chat.is_member", .bool(true)),
      ] + (isRich ? moreAttributes(number) : []), link: isRich ? link(number) : nil,
      flags: place == 3 ? 0x301 : 0x101)
  }

  private static func protobuf(isRich: Bool) -> [UInt8] {
    var encoder = ExportRequestEncoder(
      resource: [
        Attribute("telemetry.sdk.language", .string("python")), Attribute("service.name", .string("chat")),
        Attribute("service.instance.id", .string("1")),
      ], scopeName: "chat.consumers", scopeVersion: "1.0")
    for number in 0..<spansOfBody { encoder.append(span(number, isRich: isRich)) }
    return encoder.takeBody()
  }

  private static func json(isRich: Bool) -> [UInt8] {
    let spans = (0..<spansOfBody).map { number in
      let span = span(number, isRich: isRich)
      return #"{"traceId":"\#(span.traceID)","spanId":"\#(span.spanID)","parentSpanId":"\#(span.parentID)","#
        + #""name":"\#(span.name)","kind":\#(span.kind.rawValue),"startTimeUnixNano":"\#(span.start)","#
        + #""endTimeUnixNano":"\#(span.end)",\#(jsonParts(span)),"#
        + #""status":{},"flags":\#(span.flags)}"#
    }
    return Array(
      (#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"chat"}}]},"#
        + #""scopeSpans":[{"scope":{"name":"chat.consumers"},"spans":[\#(spans.joined(separator: ","))]}]}]}"#).utf8)
  }

  /// Two of the six attributes of a rich span, and its link.
  static let watch = SpanWatch(attributes: ["chat.group", "chat.room"], links: true)

  /// The fifth and sixth attribute of a rich span.
  static func moreAttributes(_ number: Int) -> [Attribute] {
    [
      Attribute("chat.group", .string("chat_room-\(number % 100)")),
      Attribute("messaging.operation.name", .string("publish")),
    ]
  }

  /// The link of a rich span, to one of a hundred connections.
  static func link(_ number: Int) -> ExportedSpan.Link {
    ExportedSpan.Link(
      traceID: TraceID(high: 0x6c69_6e6b_6564, low: UInt64(number % 100 + 1)),
      spanID: SpanID(UInt64(number % 100) + 1 << 40), flags: 0x101)
  }

  /// The attributes and the link of a span, as members.
  static func jsonParts(_ span: ExportedSpan) -> String {
    let attributes = span.attributes.map { attribute in
      let value =
        switch attribute.value {
        case .string(let text): #""stringValue":"\#(text)""#
        case .int(let value): #""intValue":"\#(value)""#
        case .bool(let value): #""boolValue":\#(value)"#
        }
      return #"{"key":"\#(attribute.key)","value":{\#(value)}}"#
    }
    let links = span.link.map {
      #","links":[{"traceId":"\#($0.traceID)","spanId":"\#($0.spanID)","flags":\#($0.flags)}]"#
    }
    return #""attributes":[\#(attributes.joined(separator: ","))]\#(links ?? "")"#
  }

  /// At zlib's usual level, as exporters do.
  private static func gzip(_ body: [UInt8]) throws -> [UInt8] {
    var stream = z_stream()
    guard czlib_deflate_init(&stream, 15 + 16) == Z_OK else { throw BenchmarkFault(description: "no zlib") }
    defer { deflateEnd(&stream) }
    var input = body
    return try input.withUnsafeMutableBufferPointer { input in
      let capacity = Int(deflateBound(&stream, UInt(input.count)))
      return try [UInt8](unsafeUninitializedCapacity: capacity) { output, count in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        guard deflate(&stream, Z_FINISH) == Z_STREAM_END else { throw BenchmarkFault(description: "zlib failed") }
        count = output.count - Int(stream.avail_out)
      }
    }
  }
}
